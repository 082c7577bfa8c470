//! The second table: where each member of CreateService is observed, how it is changed, and whether that deploys.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html> says of each member whether it
//! "triggers a new service deployment".

use serde_json::{Map, Value};

use crate::desired::Document;

/// Where an answer shows a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// In the service itself.
    Service,
    /// In the service, under another name.
    As(&'static str),
    /// In the service's PRIMARY deployment.
    Primary,
    /// In the service's current service revision.
    Revision,
    /// Never compared: the request's own business, or the planner's.
    Never,
}

/// How a member is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// UpdateService.
    Update,
    /// UpdateService together with `forceNewDeployment`.
    Forced,
    /// TagResource and UntagResource.
    Tags,
    /// CreateService only.
    Never,
}

/// One member.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) member: &'static str,
    pub(super) seen: Seen,
    pub(super) change: Change,
    /// Whether the change starts a deployment.
    pub(super) deploys: bool,
    /// AWS's answers always hold it (where it applies): one without it comes from a server that does not echo it.
    pub(super) always: bool,
}

const fn row(member: &'static str, seen: Seen, change: Change, deploys: bool, always: bool) -> Row {
    Row { member, seen, change, deploys, always }
}

const ROWS: &[Row] = &[
    row("availabilityZoneRebalancing", Seen::Service, Change::Update, false, true),
    // Between launch type and capacity providers, and among these, with a new deployment only: tasks keep theirs.
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-service-parameters.html
    row("capacityProviderStrategy", Seen::Service, Change::Forced, true, false),
    row("clientToken", Seen::Never, Change::Never, false, false),
    row("cluster", Seen::Never, Change::Never, false, false),
    row("deploymentConfiguration", Seen::Service, Change::Update, false, true),
    // UpdateService takes a controller, by which a service of CodeDeploy goes over to ECS; `unsupported` says which ways are known.
    row("deploymentController", Seen::Service, Change::Update, true, true),
    row("desiredCount", Seen::Service, Change::Update, false, true),
    row("enableECSManagedTags", Seen::Service, Change::Update, false, true),
    row("enableExecuteCommand", Seen::Service, Change::Update, false, true),
    // Only in service revisions; AWS's model of UpdateService has it.
    row("gatewayConnectors", Seen::Revision, Change::Update, true, false),
    row("healthCheckGracePeriodSeconds", Seen::Service, Change::Update, false, true),
    row("launchType", Seen::Service, Change::Never, true, true),
    row("loadBalancers", Seen::Service, Change::Update, true, true),
    row("monitoring", Seen::Revision, Change::Update, true, false),
    row("networkConfiguration", Seen::Service, Change::Update, true, true),
    row("placementConstraints", Seen::Service, Change::Update, false, true),
    row("placementStrategy", Seen::Service, Change::Update, false, true),
    row("platformVersion", Seen::Service, Change::Update, true, true),
    row("propagateTags", Seen::Service, Change::Update, false, true),
    row("role", Seen::As("roleArn"), Change::Never, false, true),
    row("schedulingStrategy", Seen::Service, Change::Never, false, true),
    row("serviceConnectConfiguration", Seen::Primary, Change::Update, true, false),
    row("serviceName", Seen::Never, Change::Never, false, false),
    row("serviceRegistries", Seen::Service, Change::Update, true, true),
    row("tags", Seen::Never, Change::Tags, false, false),
    row("taskDefinition", Seen::Never, Change::Never, false, false),
    row("volumeConfigurations", Seen::Primary, Change::Update, true, false),
    row("vpcLatticeConfigurations", Seen::Primary, Change::Update, true, false),
];

/// The member's row. One that is not in the table is newer than it: sent with UpdateService, and taken to deploy.
pub(super) fn of(member: &str) -> Row {
    let known = ROWS.iter().find(|row| row.member == member);
    known.copied().unwrap_or(row("", Seen::Service, Change::Update, true, false))
}

/// What an answer says, with its members where CreateService has them.
pub(super) fn observed(service: &Map<String, Value>, revisions: &[Value]) -> Document {
    let mut document: Document =
        service.iter().filter(|(name, _)| of(name).seen == Seen::Service).map(|(k, v)| (k.clone(), v.clone())).collect();
    let primary = primary(service);
    let revision = current_revision(service, revisions);
    for row in ROWS {
        let found = match row.seen {
            Seen::As(name) => service.get(name),
            Seen::Primary => primary.and_then(|deployment| deployment.get(row.member)),
            // Should AWS show it in the service some day, that is taken.
            Seen::Revision => service.get(row.member).or_else(|| revision?.get(row.member)),
            Seen::Service | Seen::Never => continue,
        };
        if let Some(found) = found.filter(|found| !found.is_null()) {
            document.insert(row.member.to_owned(), found.clone());
        }
    }
    document
}

/// The PRIMARY deployment.
pub(super) fn primary(service: &Map<String, Value>) -> Option<&Value> {
    let deployments = service.get("deployments")?.as_array()?;
    deployments.iter().find(|deployment| deployment.get("status").is_some_and(|status| status == "PRIMARY"))
}

/// Of the service's current revisions, the newest by `createdAt`.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html>
fn current_revision<'v>(service: &Map<String, Value>, revisions: &'v [Value]) -> Option<&'v Value> {
    let current: Vec<&Value> = service
        .get("currentServiceRevisions")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(|summary| summary.get("arn")).collect())
        .unwrap_or_default();
    let created = |revision: &Value| revision.get("createdAt").and_then(Value::as_f64).unwrap_or_default();
    revisions
        .iter()
        .filter(|revision| current.is_empty() || revision.get("serviceRevisionArn").is_some_and(|arn| current.contains(&arn)))
        .max_by(|one, other| created(one).total_cmp(&created(other)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Operation, input_members};

    #[test]
    fn every_member_of_create_service_has_a_row() {
        for member in input_members(Operation::CreateService) {
            assert_eq!(of(member).member, member);
        }
    }

    #[test]
    fn what_update_service_does_not_take_is_never_sent_with_it() {
        let takes: Vec<&str> = input_members(Operation::UpdateService).collect();
        for row in ROWS.iter().filter(|row| matches!(row.change, Change::Update | Change::Forced)) {
            let newer = row.seen == Seen::Revision;
            assert!(newer || takes.contains(&row.member), "{}", row.member);
        }
    }

    #[test]
    fn the_newest_of_the_current_revisions_counts() {
        use serde_json::json;
        let revision = |arn: &str, at: f64| json!({"serviceRevisionArn": arn, "createdAt": at, "monitoring": arn});
        let all = [revision("a", 1.0), revision("c", 3.0), revision("b", 2.0)];
        let shown = |service: Value| {
            let found = observed(service.as_object().expect("an object"), &all);
            found.get("monitoring").and_then(Value::as_str).map(str::to_owned)
        };
        assert_eq!(shown(json!({})).as_deref(), Some("c"));
        assert_eq!(shown(json!({"currentServiceRevisions": [{"arn": "a"}, {"arn": "b"}]})).as_deref(), Some("b"));
        assert_eq!(shown(json!({"currentServiceRevisions": [{"arn": "other"}]})), None);
        assert_eq!(shown(json!({"monitoring": "own"})).as_deref(), Some("own"));
    }
}
