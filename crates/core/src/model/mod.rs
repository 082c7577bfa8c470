//! The model of AWS's documents: what of a written document is sent, and what AWS would refuse, told offline.
//!
//! A rule is an error only where AWS's reference states it and the document alone shows it; where the reference and what
//! AWS does differ, or where it depends on the account, it is a warning. Each rule names its page beside it. The
//! types come from `shapes.json`, which `conformance/model/regenerate.py` writes from botocore's service model.

mod arn;
mod clean;
mod code_deployment;
mod containers;
mod deployment;
mod fargate;
mod network;
mod references;
pub(crate) mod report;
mod service;
mod shapes;
mod tags;
mod task;
mod together;
mod types;
mod volumes;

use serde_json::Value;

use crate::desired::Document;
use crate::plan::tags as own;
use clean::{Cleaned, clean};
use report::Report;

pub use fargate::{cpu_units, memory_mib};
pub use shapes::{MemberKind, Operation, input_members, member_kind, read_only_members};

/// A document as it is sent, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    /// Unwrapped, without read-only members, nulls and meaningless empty strings: what is sent.
    pub document: Document,
    /// AWS refuses the document for each of these.
    pub errors: Vec<Finding>,
    /// Worth a look; refuses nothing.
    pub warnings: Vec<Finding>,
}

/// One thing a person should know about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// RFC 6901, into the document as it was written, before unwrapping. Where something is missing, the object that
    /// should have it.
    pub pointer: String,
    /// What is wrong with which member, and what AWS accepts.
    pub message: String,
}

/// Cleans and checks RegisterTaskDefinition's document, wrapped or not. An `images` override must be in it already:
/// a container without an image is an error.
pub fn check_task_definition(written: &Value) -> Checked {
    check(clean(written, Operation::RegisterTaskDefinition), |report| {
        types::check(report, Operation::RegisterTaskDefinition);
        arn::check(report);
        containers::check(report);
        references::check(report);
        network::check(report);
        volumes::check(report);
        tags::check(report, "a task definition", own::ON_DEFINITION);
        fargate::sizes(report);
        if fargate::wanted(report.document) {
            fargate::check(report);
        }
    })
}

/// Cleans and checks CreateService's document, wrapped or not. `cluster`, `serviceName`, `taskDefinition` and
/// `desiredCount` may stand in it, and need not: the manifest supplies them.
pub fn check_service(written: &Value) -> Checked {
    let mut cleaned = clean(written, Operation::CreateService);
    not_for_daemons(&mut cleaned);
    no_command(&mut cleaned);
    check(cleaned, |report| {
        types::check(report, Operation::CreateService);
        arn::check(report);
        service::check(report);
        deployment::check(report);
        tags::check(report, "a service", own::ON_SERVICE);
    })
}

/// Cleans and checks CreateDeployment's document, wrapped or not. Whether there has to be a `revision` is the manifest's to
/// say: an artifact may be one.
pub fn check_deployment(written: &Value) -> Checked {
    check(clean(written, Operation::CreateDeployment), |report| {
        types::check(report, Operation::CreateDeployment);
        code_deployment::check(report);
    })
}

/// Cleans and checks RunTask's document. `cluster` and `taskDefinition` may stand in it, and need not: the manifest
/// supplies them. A `count` of 1 is left out: it is sent anyway.
pub fn check_run_task(written: &Value) -> Checked {
    let mut checked = check(clean(written, Operation::RunTask), |report| {
        types::check(report, Operation::RunTask);
        arn::check(report);
        task::check(report);
        tags::check(report, "a task", own::ON_TASK);
    });
    task::without_count(&mut checked.document);
    checked
}

/// What only RunTask's document and its task definition together show. As [`check_together`], whose pointers it has: those
/// after `/service` lead into RunTask's document.
pub fn check_run_task_together(task_definition: Option<&Document>, task: &Document) -> Vec<Finding> {
    task_definition.map(|task_definition| task::with_definition(task_definition, task)).unwrap_or_default()
}

/// What only the two documents together show. Both are as [`check_task_definition`] and [`check_service`] return them;
/// pointers lead into them after `/service` or `/taskDefinition`. Without a task definition (an existing family that is
/// not known here) there is nothing to compare.
pub fn check_together(task_definition: Option<&Document>, service: &Document) -> Vec<Finding> {
    task_definition.map(|task_definition| together::check(task_definition, service)).unwrap_or_default()
}

/// `document` as an answer of AWS has it, without what AWS returns and the operation does not take, and without nulls:
/// what could be sent again.
pub fn without_read_only(document: &Document, operation: Operation) -> Document {
    clean(&Value::Object(document.clone()), operation).document
}

fn check(cleaned: Cleaned, rules: impl FnOnce(&mut Report)) -> Checked {
    let (mut errors, mut warnings) = (cleaned.errors.clone(), cleaned.warnings.clone());
    // What is no object has no members to be wrong.
    if errors.is_empty() {
        let mut report = Report::new(&cleaned.document);
        rules(&mut report);
        let written = |finding: Finding| Finding { pointer: cleaned.as_written(&finding.pointer), ..finding };
        errors.extend(report.errors.into_iter().map(written));
        // What is refused needs no guess besides.
        warnings.retain(|warning| !errors.iter().any(|error| error.pointer == warning.pointer));
        warnings.extend(report.warnings.into_iter().map(written));
    }
    Checked { document: cleaned.document, errors, warnings }
}

/// "The daemon scheduling strategy does not support a desired count", and what DescribeServices returns for a daemon has
/// one: it is not sent. <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>
fn not_for_daemons(cleaned: &mut Cleaned) {
    let daemon = cleaned.document.get("schedulingStrategy").is_some_and(|strategy| strategy == "DAEMON");
    if daemon && cleaned.document.remove("desiredCount").is_some() {
        let message = "`desiredCount` is not sent: a `DAEMON` service runs one task on each instance";
        cleaned.warnings.push(Finding { pointer: cleaned.as_written("/desiredCount"), message: message.to_owned() });
    }
}

/// UpdateService's `forceNewDeployment` is something to be done once, and no state that a document could declare:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>. Sent with every difference, it would
/// replace tasks for a change of their number.
fn no_command(cleaned: &mut Cleaned) {
    let member = "forceNewDeployment";
    if cleaned.document.remove(member).is_some() {
        let pointer = cleaned.as_written(&format!("/{member}"));
        cleaned.warnings.retain(|warning| warning.pointer != pointer);
        let message = format!(
            "`{member}` is not sent: it is something to do once, and no state. To start the tasks anew, change something of the task \
             definition (an environment variable with a date will do; of an image, name the digest or a new tag), or run `aws ecs \
             update-service --force-new-deployment` by hand, which the agent leaves alone; remove it here"
        );
        cleaned.warnings.push(Finding { pointer, message });
    }
}
