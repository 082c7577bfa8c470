//! Rules about RunTask's document, as an `EcsTask` has it. Unless a rule says otherwise, its page is
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>.

use serde_json::Value;

use super::references::exists;
use super::report::{Report, list, number, shown, structure, structures, text};
use super::{Finding, containers, service, tags, together};
use crate::desired::Document;
use crate::plan::tags as own;

/// "A total of 8192 characters are allowed for overrides. This limit includes the JSON formatting characters of the override
/// structure."
const OVERRIDES: usize = 8192;

/// Checks RunTask's document.
pub(super) fn check(report: &mut Report) {
    ours(report);
    service::references(report);
    service::common(report);
    let document = report.document;
    // "An error will be received if you specify the SERVICE option when running a task."
    if text(document, "propagateTags") == Some("SERVICE") {
        report
            .error("/propagateTags", "`propagateTags` is `SERVICE`, and there is no service; AWS accepts `TASK_DEFINITION` here");
    }
    let Some(overrides) = document.get("overrides") else { return };
    let length = overrides.to_string().chars().count();
    if length > OVERRIDES {
        report.error("/overrides", format!("`overrides` has {length} characters as JSON; AWS accepts at most {OVERRIDES}"));
    }
    // "This parameter is required if any override is specified." API_ContainerOverride.html
    for (index, container) in overridden(document) {
        if text(container, "name").unwrap_or_default().is_empty() {
            let path = format!("/overrides/containerOverrides/{index}");
            let message = format!("{} has no `name`; AWS requires the container's", report.name(&path));
            report.error(path, message);
        }
        containers::environment(
            report,
            container,
            &format!("/overrides/containerOverrides/{index}"),
            "the task definition's `secrets`",
        );
    }
}

/// What Driftless writes itself, so that a run is found again and happens once.
fn ours(report: &mut Report) {
    let document = report.document;
    if document.contains_key("clientToken") {
        report.error(
            "/clientToken",
            "`clientToken` is Driftless's own: it is what keeps a run from happening twice, and a fixed one would keep the next run from happening at all; remove it",
        );
    }
    if document.contains_key("startedBy") {
        report.error(
            "/startedBy",
            "`startedBy` is Driftless's own: it is how a run is found again after a restart; remove it, and mark the task with `tags` or `group`",
        );
    }
    if let Some(count) = number(document, "count").filter(|count| *count != 1) {
        let message =
            format!("`count` is {count}; an EcsTask is one task, which runs once: remove it, or write one EcsTask for each");
        report.error("/count", message);
    }
    if document.contains_key("referenceId") {
        report.warn("/referenceId", "`referenceId` is \"only used by Amazon ECS\", AWS's reference says; remove it");
    }
}

fn overridden(document: &Document) -> Vec<(usize, &Document)> {
    structure(document, "overrides").map(|overrides| structures(overrides, "containerOverrides").collect()).unwrap_or_default()
}

/// See [`super::check_run_task_together`].
pub(super) fn with_definition(definition: &Document, task: &Document) -> Vec<Finding> {
    let mut report = Report::new(task);
    network(&mut report, definition);
    together::launch(&mut report, definition);
    let known: Vec<&str> = structures(definition, "containerDefinitions").filter_map(|(_, one)| text(one, "name")).collect();
    for (index, container) in overridden(task) {
        let path = format!("/overrides/containerOverrides/{index}/name");
        exists(&mut report, text(container, "name"), &path, "container", known.iter().copied());
    }
    let mut found: Vec<Finding> =
        report.errors.into_iter().map(|finding| Finding { pointer: format!("/service{}", finding.pointer), ..finding }).collect();
    // The definition keeps the runs' records besides.
    let mut of_definition = Report::new(definition);
    let own = own::ON_DEFINITION + own::RUNS;
    if list(definition, "tags").len() + own::ON_DEFINITION <= tags::MOST {
        tags::count(&mut of_definition, "a task definition", own);
    }
    let prefixed = |finding: Finding| Finding { pointer: format!("/taskDefinition{}", finding.pointer), ..finding };
    found.extend(of_definition.errors.into_iter().map(prefixed));
    found
}

/// "This parameter is required for task definitions that use the awsvpc network mode to receive their own elastic network
/// interface, and it isn't supported for other network modes."
fn network(report: &mut Report, definition: &Document) {
    let given = structure(report.document, "networkConfiguration").is_some_and(|own| own.contains_key("awsvpcConfiguration"));
    let mode = text(definition, "networkMode");
    if mode == Some("awsvpc") && !given {
        let message = "the task definition has networkMode `awsvpc`, and `task` has no `networkConfiguration.awsvpcConfiguration`; AWS requires it, with subnets";
        report.error("", message);
    }
    if given && matches!(mode, None | Some("bridge" | "host" | "none")) {
        let mode = mode.map_or("no networkMode, which means `bridge`".to_owned(), |mode| format!("networkMode {}", shown(mode)));
        let message =
            format!("`networkConfiguration` is given, and the task definition has {mode}; AWS accepts it with `awsvpc` only");
        report.error("/networkConfiguration", message);
    }
}

/// Whether the document says how many there are to be, which is sent anyway.
pub(super) fn without_count(document: &mut Document) {
    if document.get("count").and_then(Value::as_i64) == Some(1) {
        document.remove("count");
    }
}
