//! What an older commit declared and a newer one does not: design rule 2's second exception.

use serde_json::Value;

use crate::desired::{Document, Resource, Spec, TaskDefinition};
use crate::model::report::escape;

/// Lists whose elements have a name, and the member that holds it. Elements of other lists are told apart by their
/// place, and a list is declared as a whole: nothing within it is "removed".
const KEYED: [(&str, &str); 14] = [
    ("containerDefinitions", "name"),
    ("environment", "name"),
    ("secrets", "name"),
    ("secretOptions", "name"),
    ("volumes", "name"),
    ("mountPoints", "containerPath"),
    ("ulimits", "name"),
    ("systemControls", "namespace"),
    ("extraHosts", "hostname"),
    ("dependsOn", "containerName"),
    ("tags", "key"),
    ("capacityProviderStrategy", "capacityProvider"),
    ("volumeConfigurations", "name"),
    ("services", "portName"),
];

/// Pointers, in the form of `ignore`, to the members that `older` declares and `newer` does not; of a whole structure that
/// is gone, its own pointer. Empty where the two are not about the same service.
pub fn removed(older: &Resource, newer: &Resource) -> Vec<String> {
    let (Spec::EcsService(old), Spec::EcsService(new)) = (&older.spec, &newer.spec);
    let same = older.id == newer.id && older.target == newer.target;
    if !same || old.cluster != new.cluster || old.service_name != new.service_name {
        return Vec::new();
    }
    let mut pointers = Vec::new();
    document(&old.service, &new.service, "/service", &mut pointers);
    if let (TaskDefinition::Document(old), TaskDefinition::Document(new)) = (&old.task_definition, &new.task_definition) {
        document(old, new, "/taskDefinition", &mut pointers);
    }
    pointers
}

fn document(old: &Document, new: &Document, path: &str, pointers: &mut Vec<String>) {
    for (member, old) in old {
        let path = format!("{path}/{}", escape(member));
        match (old, new.get(member)) {
            (_, None) => pointers.push(path),
            (Value::Object(old), Some(Value::Object(new))) => document(old, new, &path, pointers),
            (Value::Array(old), Some(Value::Array(new))) => {
                if let Some((_, key)) = KEYED.iter().find(|(list, _)| list == member) {
                    elements(old, new, key, &path, pointers);
                }
            }
            _ => {}
        }
    }
}

fn elements(old: &[Value], new: &[Value], key: &str, path: &str, pointers: &mut Vec<String>) {
    let (Some(old), Some(new)) = (by_key(old, key), by_key(new, key)) else { return };
    for (name, old) in old {
        let path = format!("{path}/{}", escape(name));
        match new.iter().find(|(other, _)| *other == name) {
            None => pointers.push(path),
            Some((_, new)) => document(old, new, &path, pointers),
        }
    }
}

/// None where a key is missing or stands twice: then the list is an ordered one (rule 3).
fn by_key<'v>(list: &'v [Value], key: &str) -> Option<Vec<(&'v str, &'v Document)>> {
    let mut elements: Vec<(&str, &Document)> = Vec::new();
    for value in list {
        let members = value.as_object()?;
        let name = members.get(key)?.as_str()?;
        if elements.iter().any(|(other, _)| *other == name) {
            return None;
        }
        elements.push((name, members));
    }
    Some(elements)
}
