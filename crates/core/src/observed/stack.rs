//! What AWS says about a CloudFormation stack, in its own words. Times are seconds since the epoch.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Observed;

/// All that one pass reads about a CloudFormation stack. What was not read is empty.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StackObservation {
    /// DescribeStacks. A stack that is DELETE_COMPLETE is Absent.
    pub stack: Observed<Stack>,
    /// The object at the declared `template.url`.
    #[serde(skip)]
    pub template_at_url: Option<String>,
    /// GetTemplate, `Original`.
    #[serde(skip)]
    pub template: Option<String>,
    /// GetStackPolicy; Some(""): there is none. Read only where one is declared.
    pub policy: Option<String>,
    /// DescribeStackEvents, newest first. Of a stack that is Absent, its newest deleted predecessor's.
    pub events: Vec<StackEvent>,
    /// The id of that predecessor.
    pub predecessor: Option<String>,
    /// ListChangeSets, and of those that are ours DescribeChangeSet.
    pub change_sets: Vec<ChangeSet>,
    /// ListStackResources.
    pub resources: Vec<StackResource>,
    /// DescribeStackResourceDrifts: what is MODIFIED or DELETED.
    pub drifts: Vec<ResourceDrift>,
    /// Change sets that only looked, as this process saw them before it removed them. The newest of the stack.
    pub looked: Option<ChangeSet>,
    /// What this process has sent in hidden parameters, by the name of the change set.
    #[serde(skip)]
    pub sent: BTreeMap<String, Fingerprint>,
    /// The drift detection that this process has last begun.
    pub detection: Option<DriftDetection>,
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

/// A digest over hidden values, which stays in the process.
#[derive(Clone, PartialEq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// With that digest.
    pub fn new(digest: String) -> Fingerprint {
        Fingerprint(digest)
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(redacted)")
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackDriftDetectionStatus.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftDetection {
    /// StackDriftDetectionId.
    pub id: String,
    /// When it was begun, on AWS's clock.
    pub at: f64,
    /// `DETECTION_IN_PROGRESS`, `DETECTION_COMPLETE`, `DETECTION_FAILED`.
    pub status: String,
    /// Why it failed.
    pub reason: Option<String>,
}

impl DriftDetection {
    /// Whether AWS is still at it.
    pub fn runs(&self) -> bool {
        self.status == "DETECTION_IN_PROGRESS"
    }
}

impl StackObservation {
    /// Nothing but the stack.
    pub fn new(stack: Observed<Stack>, now: f64) -> Self {
        StackObservation {
            stack,
            template_at_url: None,
            template: None,
            policy: None,
            events: Vec::new(),
            predecessor: None,
            change_sets: Vec::new(),
            resources: Vec::new(),
            drifts: Vec::new(),
            looked: None,
            sent: BTreeMap::new(),
            detection: None,
            now,
        }
    }
}

/// The name in a change set's ARN: `arn:…:changeSet/NAME/UUID`.
pub(crate) fn change_set_name(arn: &str) -> &str {
    arn.split_once(":changeSet/").map_or(arn, |(_, rest)| rest.split('/').next().unwrap_or(rest))
}

/// A stack. <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stack {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `UPDATE_COMPLETE`.
    pub status: String,
    /// Why, if AWS says.
    pub status_reason: Option<String>,
    /// Of the change set that was last executed.
    pub change_set_id: Option<String>,
    /// As they were given; a NoEcho one is `****`.
    pub parameters: BTreeMap<String, String>,
    /// Without AWS's own.
    pub tags: BTreeMap<String, String>,
    /// By key.
    pub outputs: BTreeMap<String, String>,
    /// Acknowledged.
    pub capabilities: Vec<String>,
    /// The service role.
    pub role_arn: Option<String>,
    /// SNS topics.
    pub notification_arns: Vec<String>,
    /// Whether DeleteStack is refused.
    pub termination_protection: bool,
    /// Of a nested stack: its parent's id.
    pub parent_id: Option<String>,
    /// When it was created.
    pub created_at: f64,
    /// When an update last began.
    pub updated_at: Option<f64>,
    /// When its deletion last began; one that failed has left it.
    pub deleted_at: Option<f64>,
    /// `NOT_CHECKED`, `IN_SYNC`, `DRIFTED`, `UNKNOWN`.
    pub drift_status: Option<String>,
    /// When drift was last looked for.
    pub drift_checked_at: Option<f64>,
}

impl Stack {
    /// When it was last written.
    pub fn written(&self) -> f64 {
        self.updated_at.unwrap_or(self.created_at)
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackEvent {
    /// When.
    pub at: f64,
    /// Within the template; of the stack itself its name.
    pub logical_id: String,
    /// Of the stack itself its id.
    pub physical_id: String,
    /// `AWS::SNS::Topic`.
    pub resource_type: String,
    /// `CREATE_FAILED`.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
    /// Of the operation that it belongs to.
    pub token: Option<String>,
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeSet {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `CREATE_COMPLETE`, `FAILED`.
    pub status: String,
    /// Why it failed.
    pub status_reason: Option<String>,
    /// `AVAILABLE`, `OBSOLETE`.
    pub execution_status: String,
    /// When it was created.
    pub created_at: Option<f64>,
    /// Whose it is: the tags that the stack gets. Empty where it was not described.
    pub tags: BTreeMap<String, String>,
    /// Resource by resource. Empty where it was not described.
    pub changes: Vec<ResourceChange>,
    /// DescribeEvents of one that FAILED: what AWS found before anything was made.
    pub causes: Vec<String>,
}

impl ChangeSet {
    /// "The submitted information didn't contain changes. Submit different information to create a change set.", and what it
    /// says where the template has macros: "No updates are to be performed.". Such a change set is FAILED; one that changes
    /// outputs only is not, and has no resource changes.
    pub fn changes_nothing(&self) -> bool {
        let reason = self.status_reason.as_deref().unwrap_or_default();
        self.status == "FAILED"
            && (reason.contains("didn't contain changes") || reason.contains("No updates are to be performed"))
    }

    /// Whether it was worked out against the stack as it is now: what was asked before somebody wrote the stack says nothing.
    pub fn is_since(&self, stack: &Stack) -> bool {
        self.created_at.is_none_or(|at| at >= stack.written())
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceChange {
    /// `Add`, `Modify`, `Remove`, `Import`, `Dynamic`, `SyncWithActual`.
    pub action: String,
    /// Within the template.
    pub logical_id: String,
    /// What it is in AWS, once it is.
    pub physical_id: Option<String>,
    /// `AWS::RDS::DBInstance`.
    pub resource_type: String,
    /// `True`, `False`, `Conditional`.
    pub replacement: Option<String>,
    /// `Delete`, `Retain`, `Snapshot`, `ReplaceAndDelete`, …: what becomes of the physical resource.
    pub policy_action: Option<String>,
    /// `Properties`, `Tags`, `Metadata` …
    pub scope: Vec<String>,
    /// The properties that change.
    pub properties: Vec<String>,
    /// Why, one for each reason.
    pub details: Vec<ChangeDetail>,
    /// Of a nested stack whose change set was looked into: its own.
    pub nested: Option<Vec<ResourceChange>>,
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeDetail {
    /// ChangeSource: `DirectModification`, `ParameterReference`, `ResourceReference`, `ResourceAttribute`, `Automatic`.
    pub source: String,
    /// CausingEntity: a parameter's name, `Logical` or `Logical.Attribute`.
    pub entity: Option<String>,
    /// `Properties`, `Tags`, `Metadata` …
    pub attribute: String,
    /// The property.
    pub name: Option<String>,
    /// `/Properties/TopicName`.
    pub path: Option<String>,
    /// RequiresRecreation: `Never`, `Conditionally`, `Always`.
    pub recreates: String,
    /// The value that it has.
    #[serde(skip)]
    pub before: Option<String>,
    /// The value that it gets.
    #[serde(skip)]
    pub after: Option<String>,
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceSummary.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackResource {
    /// Within the template.
    pub logical_id: String,
    /// What it is in AWS.
    pub physical_id: Option<String>,
    /// `AWS::S3::Bucket`.
    pub resource_type: String,
    /// `DELETE_SKIPPED`.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceDrift.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceDrift {
    /// Within the template.
    pub logical_id: String,
    /// `AWS::S3::Bucket`.
    pub resource_type: String,
    /// `MODIFIED`, `DELETED`; `UNKNOWN`: AWS could not read it.
    pub status: String,
    /// Why AWS could not tell.
    pub reason: Option<String>,
    /// Property by property; none where the whole resource is gone.
    pub differences: Vec<PropertyDrift>,
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_PropertyDifference.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PropertyDrift {
    /// `/BucketEncryption`.
    pub path: String,
    /// As the template says.
    pub expected: Option<String>,
    /// As it is.
    pub actual: Option<String>,
}
