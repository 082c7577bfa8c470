//! Whether this very attempt has failed before: by our tag, or by what AWS has on record about the deployment that we began.

use super::{Target, failed_tag, message, record, tolerance};
use crate::json::{list, text};
use crate::observed::ServiceObservation;

/// The failure of this very target that is on record, with what a person should read about it: our own tag, or AWS's word
/// on the deployment that we began for this digest.
///
/// Asked while something that starts a deployment differs; where nothing does, [`judge`](super::judge()) knows more.
pub fn remembered(target: &Target, observed: &ServiceObservation) -> Option<String> {
    let service = observed.service.present()?;
    let tagged = failed_tag(service) == Some(target.digest);
    // As long as AWS shows the deployment that was taken back, its failed tasks say why.
    let taken_back = list(service, "deployments")
        .iter()
        .find(|one| one["status"] != "PRIMARY" && text(one, "taskDefinition") == target.task_definition_arn);
    let many = taken_back.and_then(|one| tolerance::exceeded(target, observed, service, one));
    (tagged || record::went_back(target, observed) || record::stands_failed(target, observed))
        .then(|| message::failure_as(many, target, observed, service))
}
