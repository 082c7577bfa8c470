//! What to do about the difference between a declared CloudFormationStack and what AWS has.
//!
//! A change goes through a change set, a pass for each call: created under a name that says what it asks for, shown when AWS has
//! worked it out, executed. So whoever comes next, a restarted agent too, finds out from AWS how far it came. The state
//! table ([`state`]) says what is done in which state.

mod asked_for;
mod change;
mod differences;
mod drift;
mod execute;
mod known;
mod messages;
mod operations;
mod pass;
mod patience;
mod recover;
mod sameness;
pub mod state;
pub(crate) mod step;
mod template_diff;
mod token;
mod wanted;

use crate::desired::{CloudFormationStack, Resource, StackTemplate};
use crate::observed::{ChangeSet, Observed, Stack, StackObservation};
use crate::plan::ownership;
use crate::plan::{Context, Plan, Verdict};

use differences::{Asked, Differences};
use operations::operations;
use pass::Pass;
use state::{WayOut, way_out};
use wanted::Wanted;

pub use messages::{resource_changes, warnings};
pub use step::{ChangeSetRequest, StackStep, TemplateSource};
pub use token::{Kind, Token, prune_token};

/// What else to read about a stack, once it is known whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// GetTemplate.
    pub template: bool,
    /// GetStackPolicy.
    pub policy: bool,
    /// DescribeStackEvents.
    pub events: bool,
    /// ListChangeSets and DescribeChangeSet.
    pub change_sets: bool,
    /// ListStackResources.
    pub resources: bool,
    /// DescribeStackResourceDrifts.
    pub drifts: bool,
    /// The newest deleted stack of the same name, and its events.
    pub predecessor: bool,
}

/// What to read first, right after DescribeStacks.
pub fn wants_first(declared: &CloudFormationStack, stack: &Observed<Stack>) -> Wants {
    let way = stack.present().map(|stack| way_out(&stack.status));
    Wants {
        template: matches!(way, Some(WayOut::Compare | WayOut::Resume)),
        policy: way == Some(WayOut::Compare) && declared.stack_policy.is_some(),
        predecessor: matches!(stack, Observed::Absent),
        ..Wants::default()
    }
}

/// What to read then.
pub fn wants(
    resource: &Resource,
    declared: &CloudFormationStack,
    observation: &StackObservation,
    context: &Context<'_>,
) -> Wants {
    let none = Wants::default();
    let Some(stack) = observation.stack.present() else { return none };
    match way_out(&stack.status) {
        WayOut::Compare => {
            let Ok(wanted) = Wanted::new(resource, declared, observation, context) else { return none };
            let found = found(&wanted, stack, observation, context);
            let differs = !found.changes.is_empty() || !found.unsure.is_empty();
            let drift = drift::wants(&wanted, stack);
            let acts = differs || drift.looks || (drift.drifted && declared.drift.heal);
            Wants { events: acts, change_sets: acts, drifts: drift.drifted || drift.unknown, ..none }
        }
        WayOut::Wait | WayOut::ContinueRollback => Wants { events: true, ..none },
        WayOut::Recreate => Wants { events: true, resources: true, ..none },
        WayOut::Resume => Wants { events: true, change_sets: true, ..none },
        WayOut::Review => Wants { change_sets: true, ..none },
        WayOut::Person => Wants { events: true, resources: true, ..none },
        WayOut::Gone => none,
    }
}

/// What to do where two writes have not made AWS show what is declared.
pub(super) const NOT_CONVERGING: &str =
    "Declare the value that AWS shows; if somebody else updates the stack, agree on one of the two";

/// How many can be looked at in a second with half of what AWS's request quotas give: CloudFormation publishes no rates.
pub(super) const LOOKS_A_SECOND: f64 = 3.0;

/// What differs, less what is known to be as declared though AWS does not show it.
fn found(wanted: &Wanted<'_>, stack: &Stack, observation: &StackObservation, context: &Context<'_>) -> Differences {
    let live = observation.template.as_deref().unwrap_or_default();
    let mut found = sameness::differences(wanted, stack, live);
    known::settle(wanted, stack, observation, context, &mut found);
    found
}

/// `plan`, with AWS's own word on what its change would do.
pub fn with_change_set(
    mut plan: Plan,
    resource: &Resource,
    declared: &CloudFormationStack,
    observation: &StackObservation,
    context: &Context<'_>,
    change_set: &ChangeSet,
) -> Plan {
    if change_set.status == "FAILED" {
        let reason = change_set.status_reason.clone().unwrap_or_default();
        plan.notes.extend(std::iter::once(&reason).chain(&change_set.causes).map(|said| format!("AWS: {said}")));
        return plan;
    }
    let Ok(wanted) = Wanted::new(resource, declared, observation, context) else { return plan };
    let stack = observation.stack.present().filter(|stack| way_out(&stack.status) == WayOut::Compare);
    let new = Differences { asked: Asked { all: true, ..Asked::default() }, ..Differences::default() };
    let found = stack.map_or(new, |stack| found(&wanted, stack, observation, context));
    let pass = Pass { resource, observation, context, wanted: &wanted, operations: &[] };
    execute::preview(&pass, change_set, &found, &mut plan);
    plan
}

/// Decides what to write for a CloudFormation stack.
pub fn plan(resource: &Resource, declared: &CloudFormationStack, observation: &StackObservation, context: &Context<'_>) -> Plan {
    let stack = match &observation.stack {
        Observed::Unknown(message) => return Plan::new(&resource.id, Verdict::Unknown { message: message.clone() }),
        Observed::Absent => None,
        Observed::Present(stack) => Some(stack),
    };
    let wanted = match Wanted::new(resource, declared, observation, context) {
        Ok(wanted) => wanted,
        Err(verdict) => return Plan::new(&resource.id, verdict),
    };
    let id = stack.map(|stack| stack.id.as_str()).or(observation.predecessor.as_deref());
    let operations = id.map(|id| operations(&observation.events, id)).unwrap_or_default();
    let pass = Pass { resource, observation, context, wanted: &wanted, operations: &operations };
    let mut plan = match stack {
        None => change::create(&pass),
        Some(stack) => decide(&pass, stack),
    };
    if let Some(stack) = stack.filter(|stack| state::has_outputs(&stack.status)) {
        plan.outputs = stack.outputs.clone();
    }
    if matches!(declared.template, StackTemplate::Url(_)) && !plan.is_empty() {
        plan.notes.push("the template stands at a URL: what it says is no part of the commit".to_owned());
    }
    say_what_outputs_hide(&wanted, &mut plan);
    plan
}

/// The commit that last changed the stack, if it was ours to change: it stands in the name of the last executed change set, as
/// a tag of the stack's would reach all of its resources. The commit whose change set AWS has answered with "no changes" since
/// is as good. Of a stack that was rolled back it is the commit that failed.
pub fn written_at(observed: &StackObservation) -> Option<&str> {
    known::written_at(observed)
}

/// See [`compared_with`](crate::plan::compared_with): only of hidden parameters AWS does not say what they are.
pub fn compared_with<'o>(declared: &CloudFormationStack, observed: &'o StackObservation) -> Option<&'o str> {
    let written_at = written_at(observed)?;
    wanted::hides_any(declared, observed).then_some(written_at)
}

/// How the stack goes on while it waits for another resource.
pub fn meanwhile(observed: &StackObservation) -> Option<String> {
    match &observed.stack {
        Observed::Present(stack) => Some(format!("it stays as it is ({})", stack.status)),
        Observed::Absent => Some("not created yet".to_owned()),
        Observed::Unknown(_) => None,
    }
}

fn decide(pass: &Pass<'_>, stack: &Stack) -> Plan {
    let declared = pass.wanted.declared;
    if let Some(parent) = &stack.parent_id {
        let message = format!("{} is nested in {parent}, which would undo what is written here: change it there", pass.name());
        return pass.plan(Verdict::stalled("NestedStack", message));
    }
    let way = way_out(&stack.status);
    if way == WayOut::Review {
        return change::review(pass, stack);
    }
    let owned = match ownership::of(&pass.name(), pass.resource, &stack.tags, pass.context) {
        Ok(owned) => owned,
        Err(verdict) => return pass.plan(verdict),
    };
    match way {
        WayOut::Compare => compare(pass, stack, owned.adopting),
        WayOut::Wait => recover::wait(pass, stack, owned.adopting),
        // What somebody else left broken is not taken apart.
        _ if owned.adopting => {
            let message = format!(
                "{} is {} and was not created by this agent: bring it into a whole state, or delete it, by hand",
                pass.name(),
                stack.status
            );
            pass.plan(Verdict::stalled("NotOurs", message))
        }
        WayOut::Recreate => recover::recreate(pass, stack),
        WayOut::Resume if keeps(declared) => compare(pass, stack, false),
        WayOut::Resume => recover::roll_back(pass, stack),
        WayOut::ContinueRollback => recover::continue_rollback(pass, stack),
        WayOut::Person | WayOut::Gone | WayOut::Review => recover::person(pass, stack),
    }
}

/// Whether the next change may go on from what a failed one left. `onFailure: DO_NOTHING` keeps it too, to be looked at only:
/// "This stack cannot be updated from [CREATE_FAILED] state because it contains [on-failure: DO_NOTHING]. Please use
/// disable-rollback option instead": <https://github.com/code-dot-org/code-dot-org/pull/68524>.
fn keeps(declared: &CloudFormationStack) -> bool {
    declared.disable_rollback
}

/// A whole stack (or one that goes on from where it failed), against what is declared.
fn compare(pass: &Pass<'_>, stack: &Stack, adopting: bool) -> Plan {
    if pass.observation.template.is_none() {
        let message = format!("the template of {} was not read", pass.name());
        return pass.plan(Verdict::Unknown { message });
    }
    let found = found(pass.wanted, stack, pass.observation, pass.context);
    if adopting && !found.resets.is_empty() {
        let message = format!(
            "{} exists, and taking it over would put these parameters back to the template's defaults: {}; declare each with its value or with `{{usePreviousValue: true}}`",
            pass.name(),
            found.resets.join(", ")
        );
        let plan = pass.plan(Verdict::stalled("AdoptionWouldReset", message));
        return Plan { changes: found.changes, ..plan };
    }
    let differs = !found.changes.is_empty() || !found.unsure.is_empty();
    let broken = way_out(&stack.status) == WayOut::Resume;
    if let Some(plan) = (!broken).then(|| recover::protections(pass, stack)).flatten() {
        return plan;
    }
    let mut plan = if differs || broken {
        change::update(pass, stack, Kind::Change, &pass.wanted.digest, found)
    } else {
        drift::look(pass, stack)
    };
    if adopting && !plan.is_empty() {
        plan.notes.insert(0, format!("{} exists and is adopted: its tags will say so, and reach its resources", pass.name()));
    }
    plan
}

/// An output with letters outside of ASCII is shown with `?` instead, and whoever takes it gets that.
/// <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220>
fn say_what_outputs_hide(wanted: &Wanted<'_>, plan: &mut Plan) {
    let mangled = plan.outputs.iter().filter(|(_, value)| value.contains("??") || (value.contains('?') && wanted.is_foreign()));
    let names: Vec<&str> = mangled.map(|(key, _)| key.as_str()).collect();
    if names.is_empty() {
        return;
    }
    let told = format!(
        "AWS shows `?` for letters outside of ASCII, perhaps in the output{} {}: whoever takes it gets the `?`",
        if names.len() == 1 { "" } else { "s" },
        names.join(", ")
    );
    match &mut plan.verdict {
        Verdict::Ready { message } => message.push_str(&format!("; {told}")),
        _ => plan.notes.push(told),
    }
}
