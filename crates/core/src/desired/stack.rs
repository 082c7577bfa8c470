//! `kind: CloudFormationStack` as declared.

use crate::count::counted;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

/// A CloudFormation stack as declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CloudFormationStack {
    /// `spec.stackName`, else `metadata.name`.
    pub stack_name: String,
    /// What the stack is made of.
    pub template: StackTemplate,
    /// `parametersFile`'s, with `parameters` laid over them.
    pub parameters: BTreeMap<String, ParameterValue>,
    /// None: not declared, and left to AWS.
    pub capabilities: Option<Vec<String>>,
    /// People's tags. None: not declared, and left to AWS.
    pub tags: Option<BTreeMap<String, String>>,
    /// The service role.
    pub role_arn: Option<String>,
    /// SNS topics. None: not declared, and left to AWS.
    pub notification_arns: Option<Vec<String>>,
    /// The policy's document.
    pub stack_policy: Option<Value>,
    /// None: not declared, and left to AWS.
    pub termination_protection: Option<bool>,
    /// What AWS does when the first create fails.
    pub on_failure: Option<OnStackFailure>,
    /// Keeps what succeeded when an operation fails.
    pub disable_rollback: bool,
    /// What becomes of the stack when its manifest leaves the source.
    pub deletion_policy: DeletionPolicy,
    /// Looking for what was changed behind the stack's back.
    pub drift: DriftSettings,
    /// Logical ids of resources that may be replaced or removed although no change of the template or of a parameter asks for
    /// it; of a resource in a nested stack `Nested/Logical`.
    pub allow_replacement: Vec<String>,
    /// Parameters whose value comes from a reference, as in `${vars.NAME}`: an older commit does not tell what it was.
    pub referenced: Vec<String>,
    /// Parameters that AWS does not show, and whose declared value is another one than at the commit that last wrote the
    /// stack. Filled by the caller that can read the older commit.
    pub changed_secrets: Vec<String>,
    /// Whether that commit could be read.
    pub compared_secrets: bool,
}

impl CloudFormationStack {
    /// With nothing declared but what it has to have.
    pub fn new(stack_name: impl Into<String>, template: StackTemplate) -> Self {
        CloudFormationStack {
            stack_name: stack_name.into(),
            template,
            parameters: BTreeMap::new(),
            capabilities: None,
            tags: None,
            role_arn: None,
            notification_arns: None,
            stack_policy: None,
            termination_protection: None,
            on_failure: None,
            disable_rollback: false,
            deletion_policy: DeletionPolicy::default(),
            drift: DriftSettings::default(),
            allow_replacement: Vec::new(),
            referenced: Vec::new(),
            changed_secrets: Vec::new(),
            compared_secrets: false,
        }
    }
}

/// `spec.template`.
#[derive(Clone, PartialEq, Serialize)]
pub enum StackTemplate {
    /// `file` or `inline`.
    Body {
        /// Byte for byte as written.
        #[serde(skip)]
        text: String,
        /// The path in the source; None: inline.
        file: Option<String>,
    },
    /// `url`: an object in S3.
    Url(String),
}

/// Templates are long.
impl std::fmt::Debug for StackTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StackTemplate::Body { text, file } => write!(f, "Body({} of {file:?})", counted(text.len(), "byte")),
            StackTemplate::Url(url) => write!(f, "Url({url})"),
        }
    }
}

/// A parameter's value. It may be secret (which only the template knows), so it neither prints nor serialises.
#[derive(Clone, PartialEq)]
pub enum ParameterValue {
    /// What AWS gets; lists are joined by commas.
    Value(String),
    /// `UsePreviousValue`: whatever the stack has.
    Previous,
}

impl std::fmt::Debug for ParameterValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ParameterValue::Value(_) => "(redacted)",
            ParameterValue::Previous => "Previous",
        })
    }
}

impl Serialize for ParameterValue {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            ParameterValue::Value(_) => "(redacted)",
            ParameterValue::Previous => "(previous)",
        })
    }
}

/// `spec.onFailure`, in AWS's words.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum OnStackFailure {
    /// The stack stays as it is.
    DoNothing,
    /// What was created is deleted again.
    Rollback,
    /// The stack is deleted.
    Delete,
}

impl OnStackFailure {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            OnStackFailure::DoNothing => "DO_NOTHING",
            OnStackFailure::Rollback => "ROLLBACK",
            OnStackFailure::Delete => "DELETE",
        }
    }
}

/// `spec.deletionPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum DeletionPolicy {
    /// The stack stays when its manifest leaves the source.
    #[default]
    Retain,
    /// It is deleted, if pruning is on.
    Delete,
}

/// `spec.drift`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DriftSettings {
    /// Whether drift is looked for.
    pub detect: bool,
    /// How often. AWS reads every resource of the stack for it.
    pub interval: Duration,
    /// Whether what has drifted is put back.
    pub heal: bool,
}

impl Default for DriftSettings {
    fn default() -> Self {
        DriftSettings { detect: false, interval: Duration::from_secs(60 * 60), heal: false }
    }
}

impl CloudFormationStack {
    /// See [`Spec::thing`](super::Spec::thing).
    pub(super) fn thing(&self) -> Option<(String, &'static str)> {
        Some((format!("the stack `{}`", self.stack_name), "remove one, or give it another `stackName`"))
    }

    /// See [`Spec::looked_at_with`](super::Spec::looked_at_with).
    pub(super) fn looked_at_with(&self) -> &str {
        ""
    }

    /// See [`Spec::removed_mut`](super::Spec::removed_mut).
    pub(super) fn removed_mut(&mut self) -> Option<&mut Vec<String>> {
        Some(&mut self.changed_secrets)
    }
}
