//! A plan as others may see it: what is secret by its type or by its name is out of sight, and what says nothing is left out.

use serde::ser::{Serialize, SerializeStruct as _, Serializer};
use serde_json::{Value, json};

use super::{Change, Plan};
use crate::resource::Kind;
use crate::secret::{HIDDEN, Shown, guarded, masked};

/// What stands for two values that differ and may not be shown.
pub(super) const CHANGED: &str = "(changed)";

impl Plan {
    /// The lines of the diff as they may be shown to anybody.
    pub fn told(&self) -> Vec<Change> {
        let told = self.changes.iter().filter(|change| !self.repeats_its_key(change)).cloned();
        told.map(|change| self.guard(change)).collect()
    }

    fn guard(&self, mut change: Change) -> Change {
        let parts: Vec<String> = change.parts().collect();
        // An artifact's objects are called by their keys, and what stands beside one is its size.
        let names_a_file = self.resource.kind == Kind::S3Artifact && parts.len() < 2;
        let name = parts.last().filter(|_| !names_a_file).map(String::as_str).unwrap_or_default();
        change.old = change.old.map(|old| guarded(name, old));
        change.new = change.new.map(|new| guarded(name, new));
        change
    }

    /// Whether the line says the key of a list's element again, which its own path and its neighbours' have:
    /// `…/environment/A/name: "A"`, beside `…/environment/A/value`.
    fn repeats_its_key(&self, change: &Change) -> bool {
        let Some((element, "name" | "key")) = change.path.rsplit_once('/') else { return false };
        let values = [&change.old, &change.new].into_iter().flatten();
        let key = change.parts().nth_back(1);
        let mut texts = values.map(|shown| shown.clone().into_value());
        texts.all(|value| value.as_str() == key.as_deref())
            && self.changes.iter().any(|other| {
                other.path != change.path && other.path.strip_prefix(element).is_some_and(|rest| rest.starts_with('/'))
            })
    }
}

impl Change {
    /// The path's parts, as they are called.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = String> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        path.split('/').map(|part| part.replace("~1", "/").replace("~0", "~"))
    }
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let safe = |value: Result<Value, serde_json::Error>| value.map(masked).map_err(serde::ser::Error::custom);
        let mut changes = self.told();
        for change in &mut changes {
            if let (Some(Shown::Hidden(_)), Some(Shown::Hidden(_))) = (&change.old, &change.new) {
                let changed = || Some(Shown::Plain(json!(CHANGED)));
                (change.old, change.new) = (changed(), changed());
            }
        }
        let mut plan = serializer.serialize_struct("Plan", 7)?;
        plan.serialize_field("resource", &self.resource)?;
        plan.serialize_field("steps", &safe(serde_json::to_value(&self.steps))?)?;
        plan.serialize_field("changes", &changes)?;
        plan.serialize_field("notes", &self.notes)?;
        plan.serialize_field("verdict", &self.verdict)?;
        plan.serialize_field("outputs", &safe(serde_json::to_value(&self.outputs))?)?;
        plan.serialize_field("after", &self.after)?;
        plan.end()
    }
}

/// What one of two values is called where both are hidden.
pub(super) fn hidden(other: Option<&Shown>) -> &'static str {
    if matches!(other, Some(Shown::Hidden(_))) { CHANGED } else { HIDDEN }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Cause, Verdict};
    use crate::resource::ResourceId;

    fn plan(kind: Kind, changes: &[(&str, Option<Value>, Option<Value>)]) -> Plan {
        let change = |(path, old, new): &(&str, Option<Value>, Option<Value>)| Change {
            path: (*path).to_owned(),
            old: old.clone().map(Shown::Plain),
            new: new.clone().map(Shown::Plain),
            cause: Cause::Declared,
            deploys: false,
        };
        let verdict = Verdict::Ready { message: String::new() };
        Plan { changes: changes.iter().map(change).collect(), ..Plan::new(&ResourceId::new(kind, "web"), verdict) }
    }

    #[test]
    fn secrets_by_name_are_in_no_json_of_a_plan() {
        let s = "s3cret";
        let app = "/taskDefinition/containerDefinitions/app";
        let mut plan = plan(
            Kind::EcsService,
            &[
                (&format!("{app}/logConfiguration/options/splunk-token"), None, Some(json!(s))),
                (&format!("{app}/dockerLabels/token"), Some(json!("s3cret-old")), Some(json!(s))),
                (&format!("{app}/command"), None, Some(json!(["run", "--token=s3cret", "--password", s]))),
                ("/parameters/DbPassword", Some(json!("s3cret-old")), Some(json!(s))),
            ],
        );
        plan.outputs.insert("ApiToken".into(), s.into());
        plan.outputs.insert("Url".into(), format!("https://web:{s}@shop"));
        let document = json!({"serviceConnectConfiguration": {"logConfiguration": {"options": {"splunk-token": s}}}});
        let document = document.as_object().cloned().expect("an object");
        plan.steps.push(crate::plan::EcsStep::UpdateService { document, task_definition: None, memory: None }.into());
        let json = serde_json::to_string(&plan).expect("it serialises");
        assert!(!json.contains(s), "{json}");
        let json = serde_json::to_value(&plan).expect("it serialises");
        assert_eq!(json["changes"][0]["new"], HIDDEN);
        assert_eq!((&json["changes"][1]["old"], &json["changes"][1]["new"]), (&json!(CHANGED), &json!(CHANGED)));
        let revealed = serde_json::to_string(&plan.revealed().changes).expect("it serialises");
        assert!(revealed.contains("s3cret-old") && revealed.contains("--token=s3cret"), "{revealed}");
    }

    #[test]
    fn a_file_that_is_called_like_a_secret_keeps_its_size() {
        let plan = plan(
            Kind::S3Artifact,
            &[
                ("/web~1password.html", None, Some(json!("12 bytes"))),
                ("/web~1a.html/metadata/token", None, Some(json!("s3cret"))),
            ],
        );
        let told: Vec<String> =
            plan.told().iter().map(|change| change.new.as_ref().map(ToString::to_string).unwrap_or_default()).collect();
        assert_eq!(told, [r#""12 bytes""#, HIDDEN]);
    }

    #[test]
    fn an_element_s_key_is_told_once() {
        let plan = plan(
            Kind::EcsService,
            &[
                ("/t/environment/A/name", None, Some(json!("A"))),
                ("/t/environment/A/value", None, Some(json!("x"))),
                ("/t/environment/B/name", None, Some(json!("B"))),
                ("/t/secrets/C/name", Some(json!("D")), Some(json!("C"))),
                ("/t/secrets/C/valueFrom", None, Some(json!("p"))),
            ],
        );
        let told: Vec<String> = plan.told().into_iter().map(|change| change.path).collect();
        assert_eq!(told, ["/t/environment/A/value", "/t/environment/B/name", "/t/secrets/C/name", "/t/secrets/C/valueFrom"]);
    }
}
