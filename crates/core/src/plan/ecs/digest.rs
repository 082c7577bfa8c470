//! Digests: of a resource, so that a failure is remembered for exactly it, and of what no answer shows.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::desired::{EcsService, TaskDefinition};

/// 32 hex digits over everything whose change means "try again": all that is declared. White space, the order of
/// members and the revision it came from do not count; `removed`, which only compares two commits, does not either.
pub fn digest(service: &EcsService) -> String {
    let task_definition = match &service.task_definition {
        TaskDefinition::Document(document) => json!({"document": document}),
        TaskDefinition::Family { family, revision } => json!({"family": family, "revision": revision}),
    };
    let everything = json!({
        "cluster": service.cluster,
        "serviceName": service.service_name,
        "taskDefinition": task_definition,
        "images": service.images,
        "service": service.service,
        "rollout": {
            "timeout": service.rollout.timeout.as_secs(),
            "onFailure": format!("{:?}", service.rollout.on_failure),
        },
        "ignore": service.ignore,
    });
    of(&everything)
}

/// 32 hex digits over a value; members in order of their names.
pub(super) fn of(value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    hex(text.as_bytes())
}

/// The first 32 hex digits of the SHA-256.
pub(super) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            text.push('{');
            for name in names {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(&members[name], text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(list) => {
            text.push('[');
            for value in list {
                canonical(value, text);
                text.push(',');
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}
