//! Whether this very attempt has failed before: by our tag, or by AWS's own record.

use super::{Target, failed_tag, list, message, record, text};
use crate::observed::ServiceObservation;

/// The failure of this very target that is on record, with what a person should read about it: our own tag, or AWS's
/// deployment of it that failed, was rolled back or was stopped. None when it has succeeded since: what runs, wins. But the
/// same task definition also runs after a rollback, where only the service's own members were rolled out.
///
/// Only AWS's newest service deployment counts: after a change in between, the same target is a new attempt.
/// Asked for while the service does not run the target; where it does, [`judge`](super::judge()) knows more.
pub fn remembered(target: &Target, observed: &ServiceObservation) -> Option<String> {
    let service = observed.service.present()?;
    let primary = list(service, "deployments").iter().find(|deployment| deployment["status"] == "PRIMARY");
    let runs_target = primary.is_some_and(|primary| text(primary, "taskDefinition") == target.task_definition_arn);
    if runs_target
        && primary.is_some_and(|primary| primary["rolloutState"] == "COMPLETED")
        && !record::went_back(target, observed)
    {
        return None;
    }
    let tagged = failed_tag(service) == Some(target.digest);
    let ended_badly = record::own_deployment(target, observed).is_some_and(|own| record::failed(text(own, "status")));
    (tagged || ended_badly || !runs_target && record::drains(target, service))
        .then(|| message::failure(target, observed, service))
}
