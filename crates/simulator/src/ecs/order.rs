//! AWS gives sets back in an order of its own. Here they come back reversed, so that whoever compares them as lists
//! is found out; a list with a repeated key keeps its order, since there the order decides.

use serde_json::Value;

/// The members whose order means nothing, and the member that is their elements' key (none: the element itself).
const SETS: [(&str, Option<&str>); 9] = [
    ("environment", Some("name")),
    ("secrets", Some("name")),
    ("mountPoints", Some("containerPath")),
    ("portMappings", Some("containerPort")),
    ("volumes", Some("name")),
    ("subnets", None),
    ("securityGroups", None),
    ("requiresCompatibilities", None),
    ("tags", Some("key")),
];

/// Reverses every set in a document.
pub(super) fn as_aws(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                as_aws(member);
                let set = SETS.iter().find(|(name, _)| name == key);
                if let (Some((_, by)), Value::Array(list)) = (set, member)
                    && distinct(list, *by)
                {
                    list.reverse();
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(as_aws),
        _ => {}
    }
}

fn distinct(list: &[Value], by: Option<&str>) -> bool {
    let key = |element: &Value| by.map_or_else(|| element.clone(), |key| element[key].clone());
    (1..list.len()).all(|end| list[..end].iter().all(|other| key(other) != key(&list[end])))
}
