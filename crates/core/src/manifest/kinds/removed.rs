//! The members of a service that an older commit declared and a newer one does not.

use serde_json::Value;

use crate::desired::{Document, EcsService, Resource};
use crate::normalise::{Pointer, Subject, elements_at, keyed_elements};

/// See [`removed`](crate::manifest::removed).
pub(super) fn of_service(older: &Resource, old: &EcsService, newer: &Resource, new: &EcsService) -> Vec<String> {
    if older.id != newer.id || old.cluster != new.cluster || old.service_name != new.service_name {
        return Vec::new();
    }
    let mut walk = Walk { subject: Subject::Service, found: Vec::new() };
    walk.members(&old.service.open(), &new.service.open(), "", &Pointer::default());
    if let (Some(old), Some(new)) = (old.task_definition.document(), new.task_definition.document()) {
        walk.subject = Subject::TaskDefinition;
        walk.members(&old, &new, "", &Pointer::default());
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
