//! What can be written to a CloudFormation stack: one step is one call, but for a large template, which goes to S3 first.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::count::counted;
use crate::desired::{OnStackFailure, ParameterValue};
use crate::observed::Fingerprint;

/// One mutating call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum StackStep {
    /// CreateChangeSet; over 51,200 bytes the template is put into the target's bucket first.
    CreateChangeSet(Box<ChangeSetRequest>),
    /// ExecuteChangeSet.
    ExecuteChangeSet {
        /// The stack's id.
        stack: String,
        /// The change set's ARN.
        change_set: String,
        /// ClientRequestToken.
        token: String,
        /// DisableRollback. Not sent where it is false.
        disable_rollback: bool,
        /// The stack comes into being by it.
        creates: bool,
    },
    /// DeleteChangeSet.
    DeleteChangeSet {
        /// The stack's id.
        stack: String,
        /// The change set's ARN.
        change_set: String,
        /// It only looked.
        looked: bool,
    },
    /// DeleteStack. Never with RetainResources.
    DeleteStack {
        /// The stack's id: a new stack of the same name is another one.
        stack: String,
        /// ClientRequestToken.
        token: String,
    },
    /// CancelUpdateStack.
    CancelUpdateStack {
        /// The stack's id.
        stack: String,
        /// ClientRequestToken.
        token: String,
    },
    /// ContinueUpdateRollback. Never with ResourcesToSkip: "the state of the skipped resources will be inconsistent".
    ContinueUpdateRollback {
        /// The stack's id.
        stack: String,
        /// ClientRequestToken.
        token: String,
    },
    /// RollbackStack.
    RollbackStack {
        /// The stack's id.
        stack: String,
        /// ClientRequestToken.
        token: String,
    },
    /// SetStackPolicy.
    SetStackPolicy {
        /// The stack's name.
        stack: String,
        /// StackPolicyBody.
        policy: String,
    },
    /// UpdateTerminationProtection.
    UpdateTerminationProtection {
        /// The stack's name.
        stack: String,
        /// EnableTerminationProtection.
        enabled: bool,
    },
    /// DescribeStackDriftDetectionStatus: how far that is.
    DescribeStackDriftDetectionStatus {
        /// The stack's name.
        stack: String,
        /// StackDriftDetectionId.
        detection: String,
    },
    /// DetectStackDrift. It changes nothing (IAM's access level of it is Read), and starts AWS's look at every resource.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html>
    DetectStackDrift {
        /// The stack's name.
        stack: String,
    },
}

impl StackStep {
    /// AWS's name of the action.
    pub fn action(&self) -> &'static str {
        match self {
            StackStep::CreateChangeSet(_) => "CreateChangeSet",
            StackStep::ExecuteChangeSet { .. } => "ExecuteChangeSet",
            StackStep::DeleteChangeSet { .. } => "DeleteChangeSet",
            StackStep::DeleteStack { .. } => "DeleteStack",
            StackStep::CancelUpdateStack { .. } => "CancelUpdateStack",
            StackStep::ContinueUpdateRollback { .. } => "ContinueUpdateRollback",
            StackStep::RollbackStack { .. } => "RollbackStack",
            StackStep::SetStackPolicy { .. } => "SetStackPolicy",
            StackStep::UpdateTerminationProtection { .. } => "UpdateTerminationProtection",
            StackStep::DetectStackDrift { .. } => "DetectStackDrift",
            StackStep::DescribeStackDriftDetectionStatus { .. } => "DescribeStackDriftDetectionStatus",
        }
    }

    /// Whether the thing comes into being by this step.
    pub fn creates(&self) -> bool {
        match self {
            StackStep::CreateChangeSet(request) => request.creates,
            StackStep::ExecuteChangeSet { creates, .. } => *creates,
            _ => false,
        }
    }

    /// Whether it only asks AWS to look: the thing stays as it is.
    pub fn looks(&self) -> bool {
        match self {
            StackStep::DetectStackDrift { .. } | StackStep::DescribeStackDriftDetectionStatus { .. } => true,
            StackStep::CreateChangeSet(request) => request.looks,
            StackStep::DeleteChangeSet { looked, .. } => *looked,
            _ => false,
        }
    }

    /// Whether an answer of AWS may show the state before this step for a while. All of these carry a name or a token that
    /// AWS takes once only, so that a late answer costs a call and does nothing twice.
    pub fn seen_late(&self) -> bool {
        false
    }
}

/// CreateChangeSet's input.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeSetRequest {
    /// The stack's name: there may be none yet.
    pub stack: String,
    /// ChangeSetName and ClientToken.
    pub name: String,
    /// ChangeSetType: CREATE, else UPDATE.
    pub creates: bool,
    /// What the stack is made of.
    pub template: TemplateSource,
    /// By key.
    pub parameters: BTreeMap<String, ParameterValue>,
    /// Acknowledged.
    pub capabilities: Vec<String>,
    /// People's and ours; all that the stack shall have.
    pub tags: BTreeMap<String, String>,
    /// The service role.
    pub role_arn: Option<String>,
    /// None: as they are.
    pub notification_arns: Option<Vec<String>>,
    /// OnStackFailure: of a first create only.
    pub on_failure: Option<OnStackFailure>,
    /// Of the values among them that AWS hides: only the process that sends them knows what they were.
    #[serde(skip)]
    pub hidden: Fingerprint,
    /// IncludeNestedStacks.
    pub nested: bool,
    /// DeploymentMode REVERT_DRIFT.
    pub revert_drift: bool,
    /// How often AWS could not work it out for the moment: each of these is another question.
    pub tries: u32,
    /// Nothing is to be changed by it as far as is known: it asks what hides behind the template.
    pub looks: bool,
}

/// TemplateBody or TemplateURL.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TemplateSource {
    /// The text.
    Body(#[serde(serialize_with = "length")] String),
    /// An object in S3.
    Url(String),
}

fn length<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&counted(text.len(), "byte"))
}

impl std::fmt::Debug for TemplateSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TemplateSource::Body(text) => write!(f, "Body({})", counted(text.len(), "byte")),
            TemplateSource::Url(url) => write!(f, "Url({url})"),
        }
    }
}
