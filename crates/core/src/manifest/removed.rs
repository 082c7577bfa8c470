//! What an older commit declared and a newer one does not: design rule 2's second exception.

use serde_json::Value;

use crate::desired::{Document, ParameterValue, Resource, Spec, TaskDefinition};
use crate::normalise::{Pointer, Subject, elements_at, keyed_elements};

/// Pointers, in the form of `ignore`, to the members that `older` declares and `newer` does not; of a whole structure that
/// is gone, its own pointer. Elements are told apart where the normaliser gives their list a key; any other list is
/// declared as a whole, and nothing within it is "removed". Empty where the two are not about the same service.
///
/// Of a stack: the parameters whose declared value is another one. AWS does not show hidden ones (NoEcho), so that a change of
/// theirs is seen here only. What an older commit took from another resource is not known any more, and counts as unchanged.
pub fn removed(older: &Resource, newer: &Resource) -> Vec<String> {
    if let (Spec::CloudFormationStack(old), Spec::CloudFormationStack(new)) = (&older.spec, &newer.spec) {
        let same = older.target == newer.target && old.stack_name == new.stack_name;
        let open = |value: &ParameterValue| matches!(value, ParameterValue::Value(text) if text.contains("${"));
        let changed = new
            .parameters
            .iter()
            .filter(|(key, value)| same && old.parameters.get(*key).is_none_or(|old| old != *value && !open(old)));
        return changed.map(|(key, _)| key.clone()).collect();
    }
    let (Spec::EcsService(old), Spec::EcsService(new)) = (&older.spec, &newer.spec) else { return Vec::new() };
    let same = older.id == newer.id && older.target == newer.target;
    if !same || old.cluster != new.cluster || old.service_name != new.service_name {
        return Vec::new();
    }
    let mut walk = Walk { subject: Subject::Service, found: Vec::new() };
    walk.members(&old.service, &new.service, "", &Pointer::default());
    if let (TaskDefinition::Document(old), TaskDefinition::Document(new)) = (&old.task_definition, &new.task_definition) {
        walk.subject = Subject::TaskDefinition;
        walk.members(old, new, "", &Pointer::default());
    }
    walk.found
}

struct Walk {
    subject: Subject,
    found: Vec<String>,
}

impl Walk {
    /// `pattern` is the place in the normaliser's table: names, with `*` for a list's elements.
    fn members(&mut self, old: &Document, new: &Document, pattern: &str, pointer: &Pointer) {
        for (member, old) in old {
            let pattern = if pattern.is_empty() { member.clone() } else { format!("{pattern}/{member}") };
            let pointer = pointer.join(member.as_str());
            match (old, new.get(member)) {
                (_, None) => self.found.push(pointer.text(self.subject)),
                (Value::Object(old), Some(Value::Object(new))) => self.members(old, new, &pattern, &pointer),
                (Value::Array(old), Some(Value::Array(new))) => self.elements(old, new, &pattern, &pointer),
                _ => {}
            }
        }
    }

    fn elements(&mut self, old: &[Value], new: &[Value], pattern: &str, pointer: &Pointer) {
        let how = elements_at(self.subject, pattern);
        let (Some(old), Some(new)) = (keyed_elements(old, how), keyed_elements(new, how)) else { return };
        for (key, old) in old {
            let pointer = pointer.join(key.as_str());
            match new.iter().find(|(other, _)| *other == key) {
                None => self.found.push(pointer.text(self.subject)),
                Some((_, new)) => self.members(old, new, &format!("{pattern}/*"), &pointer),
            }
        }
    }
}
