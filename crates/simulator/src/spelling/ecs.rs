//! Where in ECS's answers a service's or a task definition's own words stand.

use serde_json::{Map, Value};

use super::invented::Invention;
use super::known;

/// Spells the services, revisions and task definitions of an answer.
pub(super) fn spell(invention: Option<Invention>, action: &str, answer: &mut Value) {
    if action == "ListServiceDeployments"
        && let (Some(invention), Some(Value::Array(entries))) = (invention, answer.get_mut("serviceDeployments"))
    {
        entries.retain(|entry| !forgotten(invention, entry));
    }
    let Value::Object(answer) = answer else { return };
    for (key, value) in answer.iter_mut() {
        match (key.as_str(), value) {
            ("service", service) => spell_service(invention, service),
            ("services", Value::Array(list)) => list.iter_mut().for_each(|service| spell_service(invention, service)),
            ("serviceRevisions" | "serviceDeployments", Value::Array(list)) => {
                for holder in list {
                    let name = last(&holder["serviceArn"]);
                    spell_members(invention, &name, holder);
                }
            }
            ("taskDefinition", Value::Object(definition)) => {
                let name = definition.get("family").and_then(Value::as_str).unwrap_or_default().to_string();
                known::task_definition(definition);
                if let Some(invention) = invention {
                    invention.spell("RegisterTaskDefinition", &name, definition);
                }
            }
            _ => {}
        }
    }
}

fn spell_service(invention: Option<Invention>, service: &mut Value) {
    let name = last(&service["serviceArn"]);
    spell_members(invention, &name, service);
    for deployment in service.get_mut("deployments").and_then(Value::as_array_mut).into_iter().flatten() {
        spell_members(invention, &name, deployment);
    }
}

/// Whatever shows the members of CreateService: the service, a deployment, a revision.
fn spell_members(invention: Option<Invention>, name: &str, holder: &mut Value) {
    let Value::Object(holder) = holder else { return };
    let mut own: Map<String, Value> = std::mem::take(holder);
    known::service(&mut own);
    if let Some(invention) = invention {
        invention.spell("CreateService", name, &mut own);
    }
    *holder = own;
}

/// An aged list: a failed deployment is no longer in it. How long AWS keeps them is on no page.
fn forgotten(invention: Invention, entry: &Value) -> bool {
    let failed = !matches!(entry["status"].as_str(), Some("SUCCESSFUL" | "IN_PROGRESS" | "PENDING"));
    failed && invention.draws(&last(&entry["serviceArn"]), "aged", 2)
}

/// What stands last in an ARN.
fn last(arn: &Value) -> String {
    arn.as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default().to_string()
}
