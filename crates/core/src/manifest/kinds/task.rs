//! Reads `kind: EcsTask`.

use super::service::{Places, cluster, place, task_definition};
use super::task_definition::{self as task, Images};
use crate::desired::{Document, EcsTask, Resource};
use crate::manifest::documents::aws::{self as documents, Written};
use crate::manifest::documents::fields::{Fields, Scope};
use crate::manifest::documents::manifest::Name;
use crate::manifest::documents::reading::Reading;
use crate::model::{check_run_task, check_run_task_together};

/// The members of `spec`.
pub(super) const SPEC: &[&str] = &["target", "dependsOn", "cluster", "taskDefinition", "task", "timeout", "adopt"];

/// Reads `spec`. None when something is missing without which there is nothing; all problems are told in any case.
pub(super) fn read(scope: &mut Scope<'_>, reading: &mut Reading<'_>, spec: &Fields<'_>, _name: &Name<'_>) -> Option<EcsTask> {
    let definition = spec.get("taskDefinition").map(|node| task::read(scope, reading, node));
    let (mut document, written) = run_task_document(scope, reading, spec);
    let otherwise = spec.member("task").map_or(spec.node.at, |member| member.at);
    let registered = definition.as_ref().and_then(|task| task.definition.as_ref()?.document());
    let definition_written = definition.as_ref().and_then(|definition| definition.written.as_ref());
    let together = check_run_task_together(registered.as_ref(), &document);
    documents::tell_together(scope, together, written.as_ref(), definition_written, otherwise);

    let place = |member: &str| place(scope.file, written.as_ref(), member, otherwise);
    let places = Places { cluster: place("cluster"), task: place("taskDefinition") };
    let cluster = cluster(scope, spec, &mut document, &places);
    let (images, read) = match definition {
        Some(definition) => (definition.images, definition.definition),
        None => (Images::default(), None),
    };
    let declared = spec.get("taskDefinition").is_some();
    let task_definition = task_definition(scope, spec, &mut document, read, declared, &places);
    let timeout = scope.duration(spec, "timeout").unwrap_or(EcsTask::TIMEOUT);
    Some(EcsTask {
        cluster,
        task_definition: task_definition?,
        images: images.into_iter().map(|(name, (image, _))| (name, image)).collect(),
        task: document.into(),
        timeout,
    })
}

/// RunTask's document; empty when there is none: the task definition may say all that is needed.
fn run_task_document(scope: &mut Scope<'_>, reading: &mut Reading<'_>, spec: &Fields<'_>) -> (Document, Option<Written>) {
    let Some(fields) = scope.inner(spec, "task", "spec.task", &["file", "inline", "interpolate"]) else {
        return (Document::new(), None);
    };
    match (fields.member("file"), fields.member("inline")) {
        (Some(_), Some(inline)) => {
            scope.error(inline.at, "`spec.task` has both `file` and `inline`; keep one of them");
            return (Document::new(), None);
        }
        (None, None) => {
            scope.error(fields.node.at, "`spec.task` has no document; `file: NAME` or `inline: {…}` is expected");
            return (Document::new(), None);
        }
        _ => {}
    }
    let Some(written) = documents::load(scope, reading, &fields) else { return (Document::new(), None) };
    (documents::check(scope, &written, check_run_task), Some(written))
}

/// Nothing that a commit stops declaring has to be known.
pub(super) fn removed(_: &Resource, _: &EcsTask, _: &Resource, _: &EcsTask) -> Vec<String> {
    Vec::new()
}
