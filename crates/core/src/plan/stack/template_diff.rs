//! A declared template beside the one that AWS shows, member by member.

use std::collections::BTreeSet;

use serde_json::Value;

use super::differences::{Asked, Differences, change};
use super::wanted::Wanted;
use crate::model::report::escape;
use crate::plan::Change;
use crate::template::{self, Likeness, Template};

/// Sections whose change is no change of a resource.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>
const HARMLESS: [&str; 4] = ["AWSTemplateFormatVersion", "Description", "Metadata", "Outputs"];

/// What differs, to its last member: `/template/Resources/Logs/Properties/RetentionInDays`.
pub(super) fn look(wanted: &Wanted<'_>, live: &str, found: &mut Differences) {
    if wanted.template.is_unread() {
        found.unsure.push("the template, a document of Systems Manager".to_owned());
        found.asked.all = true;
        return;
    }
    found.asked.by_condition = wanted.template.conditional();
    let likeness = template::likeness(&wanted.template, live);
    if likeness == Likeness::Same {
        return;
    }
    let mut changes = Vec::new();
    match Template::read(live, template::is_json(live, None)) {
        Ok(live) => {
            entries("/template", &live.exact(), &wanted.template.exact(), &mut changes);
            asked(&live, &wanted.template, &changes, &mut found.asked);
        }
        Err(_) => {
            let (old, new) = ("what AWS has, which is no template that can be read here", "the declared template");
            changes.push(change("/template".to_owned(), Some(old.into()), Some(new.into())));
            found.asked.all = true;
        }
    }
    match likeness {
        Likeness::Different => found.changes.extend(changes),
        _ => {
            found.unsure.push(match changes.first() {
                Some(first) => format!("the template (AWS shows `?` for letters outside of ASCII, as at {})", first.path),
                None => "the template (AWS shows `?` for letters outside of ASCII)".to_owned(),
            });
        }
    }
}

fn entries(path: &str, live: &Value, wanted: &Value, changes: &mut Vec<Change>) {
    if live == wanted {
        return;
    }
    let (Value::Object(old), Value::Object(new)) = (live, wanted) else {
        changes.push(change(path.to_owned(), Some(live.clone()), Some(wanted.clone())));
        return;
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let path = format!("{path}/{}", escape(name));
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => entries(&path, old, new, changes),
            (old, new) => changes.push(change(path, old.cloned(), new.cloned())),
        }
    }
}

/// Which resources the changes concern: with a macro, any of them may.
fn asked(live: &Template, wanted: &Template, changes: &[Change], asked: &mut Asked) {
    if changes.is_empty() || live.has_macros() || wanted.has_macros() {
        asked.all = true;
        return;
    }
    for change in changes {
        let mut parts = change.path.split('/').skip(2);
        match (parts.next(), parts.next()) {
            (Some("Resources"), Some(logical)) => drop(asked.resources.insert(logical.to_owned())),
            (Some("Parameters"), Some(key)) => drop(asked.parameters.insert(key.to_owned())),
            (Some(section), _) if HARMLESS.contains(&section) => {}
            _ => asked.all = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is asked for by the difference between two templates; the lines of the diff.
    fn told(live: &str, wanted: &str) -> (Vec<String>, Asked) {
        let read = |text: &str| Template::read(text, false).expect("a template");
        let (mut changes, mut asked) = (Vec::new(), Asked::default());
        entries("/template", &read(live).exact(), &read(wanted).exact(), &mut changes);
        super::asked(&read(live), &read(wanted), &changes, &mut asked);
        (changes.into_iter().map(|change| change.path).collect(), asked)
    }

    #[test]
    fn a_difference_asks_for_the_resources_and_parameters_that_it_concerns() {
        let resources = |properties: &str| format!("Resources: {{A: {{Type: T, Properties: {{{properties}}}}}}}\n");
        let with = |more: &str| format!("{more}\n{}", resources("P: 1"));
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let rows = [
            (resources("P: 1"), resources("P: 2"), "/template/Resources/A/Properties/P", set(&["A"]), set(&[]), false),
            (resources("P: 1"), resources("Q: 1"), "/template/Resources/A/Properties/P", set(&["A"]), set(&[]), false),
            (
                with("Parameters: {S: {Default: a}}"),
                with("Parameters: {S: {Default: b}}"),
                "/template/Parameters/S/Default",
                set(&[]),
                set(&["S"]),
                false,
            ),
            (with("Description: a"), with("Description: b"), "/template/Description", set(&[]), set(&[]), false),
            (with("Outputs: {a: {Value: b}}"), with(""), "/template/Outputs", set(&[]), set(&[]), false),
            (with("Conditions: {a: b}"), with("Conditions: {a: c}"), "/template/Conditions/a", set(&[]), set(&[]), true),
            // With a macro, on either side, any resource may be meant.
            (with("Transform: M"), with("Transform: M\nDescription: a"), "/template/Description", set(&[]), set(&[]), true),
            (with("Transform: M"), with(""), "/template/Transform", set(&[]), set(&[]), true),
            (with(""), with("Transform: M"), "/template/Transform", set(&[]), set(&[]), true),
            (resources("P: 1"), resources("P: 1"), "", set(&[]), set(&[]), true),
        ];
        for (live, wanted, path, resources, parameters, all) in rows {
            let (paths, asked) = told(&live, &wanted);
            assert_eq!(paths.first().map(String::as_str).unwrap_or_default(), path);
            assert_eq!((asked.resources, asked.parameters, asked.all), (resources, parameters, all), "{live} {wanted}");
        }
        let mut changes = Vec::new();
        entries("/t", &json!({"a~/b": 1, "c": 2}), &json!({"a~/b": 2, "d": 3}), &mut changes);
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["/t/a~0~1b", "/t/c", "/t/d"]);
    }
}
