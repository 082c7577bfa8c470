//! The digest of a service, so that a failure is remembered for exactly it.

use serde_json::json;

use crate::desired::{EcsService, FailAfter, TaskDefinition};
use crate::plan::digest::of;

/// 32 hex digits over everything whose change means "try again": all that is declared. White space, the order of
/// members and the revision it came from do not count; `removed`, which only compares two commits, does not either.
pub fn digest(service: &EcsService) -> String {
    let task_definition = match &service.task_definition {
        TaskDefinition::Document(document) => json!({"document": document}),
        TaskDefinition::Family { family, revision } => json!({"family": family, "revision": revision}),
    };
    let mut rollout = json!({
        "timeout": service.rollout.timeout.as_secs(),
        "onFailure": format!("{:?}", service.rollout.on_failure),
    });
    if service.rollout.fail_after != FailAfter::Auto {
        rollout["failAfter"] = json!(format!("{:?}", service.rollout.fail_after));
    }
    let everything = json!({
        "cluster": service.cluster,
        "serviceName": service.service_name,
        "taskDefinition": task_definition,
        "images": service.images,
        "service": service.service,
        "rollout": rollout,
        "ignore": service.ignore,
    });
    of(&everything)
}
