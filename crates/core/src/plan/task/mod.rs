//! What to do about a declared `EcsTask`: run it once for each new digest, and see how it ended.
//!
//! Nothing of AWS's remembers a run for long: RunTask's client token lives "24 hours" at most and no longer than an hour
//! after its task has ended (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>), and "stopped
//! tasks appear in the returned results for at least one hour"
//! (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html>). So intent, task and outcome are a tag
//! of the task definition revision (`record.rs`), written before RunTask and after the end:
//!
//! | on record | AWS shows | then |
//! |---|---|---|
//! | nothing | | the intent is written, and RunTask is sent |
//! | refused, notstarted | | nothing has run: the same a minute later, and ever later, with another token; Failed in the end |
//! | intended | the task | `started`; or its end, if it has stopped |
//! | intended, less than 50 minutes ago | nothing | the intent again, and RunTask with the same token |
//! | intended, earlier | nothing | Stalled `OutcomeUnknown`: nobody can know whether it ran |
//! | started | the task | waits; StopTask at the timeout; its end, if it has stopped |
//! | started | nothing | Stalled `OutcomeUnknown` |
//! | succeeded | | Ready; never run again |
//! | failed, timedout | | Failed; `driftless retry` runs it again |
//!
//! Nothing on record means that all that may have it was asked (`memory.rs`); where it may have been deleted, nothing is run by
//! itself. Runs of the same resource with another digest that have not ended are waited for, never stopped.

pub mod memory;
mod outcome;
mod pass;
mod record;
mod revision;
mod run;
mod wants;

use serde_json::{Value, json};

use crate::desired::{Document, EcsTask, Resource};
use crate::observed::{Observed, TaskObservation};
use crate::plan::ecs::CONSISTENT_AFTER;
use crate::plan::ecs::task_definition::{arn, is_active};
use crate::plan::{Context, EcsStep, Plan, TaskDefinitionRef, Verdict};
use crate::refusal::Patience;
use outcome::Outcome;
use pass::{Pass, REQUEUE};
use record::{Recorded, Run, State};

pub use pass::digest;
pub use wants::{Look, Wants, wants};

/// For so many seconds after a run was intended, RunTask may be sent again. Its token lives for an hour after the end of a
/// task that ended at once; ten minutes of it are left for records that are read late and calls that wait for their turn.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>
const SAME_TOKEN_FOR: f64 = 50.0 * 60.0;

/// What has not run is tried again for so long before it counts as failed: roles, secrets and images of the same commit need minutes,
/// and so do instances that are to join a cluster.
const ATTEMPTS: Patience = Patience { first: CONSISTENT_AFTER, longest: 600.0, lasts: 30.0 * 60.0 };

/// An attempt that was intended so many seconds before our last RunTask is an older one.
const OLDER_ATTEMPT: f64 = 15.0;

/// What to do where two writes have not made AWS show what is declared.
pub(super) const NOT_CONVERGING: &str = "Look at the task's last runs: what stops them is told there";

/// How many can be looked at in a second with half of what AWS's request quotas give: DescribeTasks and ListTasks, 20 a second together
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>).
pub(super) const LOOKS_A_SECOND: f64 = 10.0;

/// Decides what to write for a run-to-completion task.
pub fn plan(resource: &Resource, declared: &EcsTask, observation: &TaskObservation, context: &Context<'_>) -> Plan {
    let who = record::who(&resource.id, context);
    let pass = Pass { resource, declared, observation, context, digest: digest(declared), who };
    decide(&pass).unwrap_or_else(|verdict| pass.plan(verdict))
}

/// The commit that asked for the declared run, if one did.
pub fn written_at(observed: &TaskObservation) -> Option<&str> {
    observed.written_at.as_deref()
}

/// See [`compared_with`](crate::plan::compared_with): AWS shows all of it.
pub fn compared_with<'o>(_: &EcsTask, _: &'o TaskObservation) -> Option<&'o str> {
    None
}

/// How the task goes on while it waits for another resource: its last run has ended, or goes on.
pub fn meanwhile(_: &TaskObservation) -> Option<String> {
    Some("not run for this commit yet".to_owned())
}

fn decide(pass: &Pass) -> Result<Plan, Verdict> {
    let revisions = match &pass.observation.revisions {
        Observed::Present(revisions) => revisions.as_slice(),
        Observed::Absent => &[],
        Observed::Unknown(why) => return Err(Verdict::Unknown { message: why.clone() }),
    };
    let mut runs = record::of_revisions(revisions, &pass.who);
    foreign(pass, &runs)?;
    let mut plan = pass.plan(Verdict::Ready { message: String::new() });
    if let Some(waiting) = others(pass, revisions, &mut runs, &mut plan)? {
        plan.verdict = waiting;
        return Ok(plan);
    }
    let own = runs.iter().find(|one| one.digest == pass.digest);
    match own {
        None if pass.just_written() => Err(late(pass)),
        None => {
            plan.notes.extend(memory::certain(pass, revisions)?);
            run::first(pass, revisions, &runs, 1, plan)
        }
        Some(own) => match own.run.state {
            State::Succeeded => Ok(kept(pass, revisions, &runs, own, Plan { verdict: succeeded(pass, own), ..plan })),
            State::Refused | State::NotStarted | State::Failed | State::TimedOut if older(pass, own) => Err(late(pass)),
            State::NotStarted | State::Failed | State::TimedOut if pass.context.retry => {
                plan.notes.extend(memory::certain(pass, revisions)?);
                run::first(pass, revisions, &runs, own.run.attempt + 1, plan)
            }
            // Only a copy says so, and the next attempt may have been on record at the revision that is gone.
            State::Refused | State::NotStarted if own.run.of.is_some() => Err(unknown_outcome(pass, own)),
            State::Refused | State::NotStarted => match not_run(pass, own)? {
                Some(verdict) => Ok(Plan { verdict, ..plan }),
                None => {
                    plan.notes.extend(memory::certain(pass, revisions)?);
                    run::first(pass, revisions, &runs, own.run.attempt + 1, plan)
                }
            },
            State::Failed | State::TimedOut => {
                let message = outcome::remembered(&own.run, &own.ran());
                Ok(kept(pass, revisions, &runs, own, Plan { verdict: failed(pass, own.run.state, &message), ..plan }))
            }
            State::Intended | State::Started => unfinished(pass, revisions, &runs, own, plan),
        },
    }
}

/// The same agent name reads another source: its runs are not ours to judge (rule 10).
fn foreign(pass: &Pass, runs: &[Recorded]) -> Result<(), Verdict> {
    let ours = record::source(pass.context);
    match runs.iter().find(|one| !one.run.source.is_empty() && one.run.source != ours) {
        Some(other) if !pass.resource.adopt_force => Err(Verdict::stalled(
            "AgentNameInUse",
            format!(
                "{} has the record of a run of {} by an agent that is also called `{}` and reads another source: give one of the \
                 two another `metadata.name`; if it is this agent and its source has moved, write `adopt: force` beside `spec`'s members",
                other.revision, pass.resource.id, pass.context.agent
            ),
        )),
        _ => Ok(()),
    }
}

/// Runs of another digest that have no end yet: what ended is put on record, and what runs is waited for.
fn others(pass: &Pass, revisions: &[Value], runs: &mut [Recorded], plan: &mut Plan) -> Result<Option<Verdict>, Verdict> {
    let (mut waiting, before) = (None, runs.to_vec());
    for (number, other) in before.iter().enumerate().filter(|(_, one)| one.digest != pass.digest && !one.run.state.is_over()) {
        match pass.task_of(other)? {
            Some(task) if is_stopped(task) => {
                let ended = outcome::judge(&other.run, task, content(revisions, &other.revision));
                runs[number].run = ended.run.clone();
                plan.steps.extend(remember(pass, other, ended.run, revisions, runs).into_iter().map(Into::into));
            }
            Some(task) => {
                plan.steps.extend(at_timeout(pass, other, task, other.run.timeout).map(Into::into));
                let message =
                    format!("the run of an earlier definition, task {}, has not ended yet; this one is run after it", id(task));
                waiting = Some(Verdict::Progressing { reason: "WaitingForRun", message, requeue: REQUEUE });
            }
            None if pass.age(&other.run) < CONSISTENT_AFTER => {
                let message = "the run of an earlier definition was asked for less than a minute ago".to_owned();
                waiting = Some(Verdict::Progressing { reason: "WaitingForRun", message, requeue: REQUEUE });
            }
            None => {}
        }
    }
    Ok(waiting)
}

/// The declared run has been asked for, and its end is not on record.
fn unfinished(pass: &Pass, revisions: &[Value], runs: &[Recorded], own: &Recorded, mut plan: Plan) -> Result<Plan, Verdict> {
    match pass.task_of(own)? {
        Some(task) if is_stopped(task) => {
            let Outcome { run, message } = outcome::judge(&own.run, task, content(revisions, &own.revision));
            plan.verdict = match run.state {
                State::Succeeded => Verdict::Ready { message },
                State::NotStarted => tried_again(pass, &run, &message),
                state => failed(pass, state, &message),
            };
            plan.steps.extend(remember(pass, own, run, revisions, runs).into_iter().map(Into::into));
            Ok(plan)
        }
        Some(task) => Ok(running(pass, revisions, runs, own, task, plan)),
        None if pass.just_written() => Err(late(pass)),
        None if own.run.of.is_none() && own.run.state == State::Intended && pass.age(&own.run) < SAME_TOKEN_FOR => {
            Ok(run::again(pass, revisions, runs, own, plan))
        }
        None if pass.context.retry => {
            plan.notes.extend(memory::certain(pass, revisions)?);
            run::first(pass, revisions, runs, own.run.attempt + 1, plan)
        }
        None => Err(unknown_outcome(pass, own)),
    }
}

fn running(pass: &Pass, revisions: &[Value], runs: &[Recorded], own: &Recorded, task: &Value, mut plan: Plan) -> Plan {
    if own.run.state == State::Intended {
        let run = Run { state: State::Started, task: Some(id(task).to_owned()), ..own.run.clone() };
        plan.steps.extend(remember(pass, own, run, revisions, runs).into_iter().map(Into::into));
    }
    let status = task.get("lastStatus").and_then(Value::as_str).unwrap_or_default();
    let message = format!("task {} of {} is {status}", id(task), short(&own.revision));
    plan.verdict = Verdict::Progressing { reason: "Running", message, requeue: REQUEUE };
    if let Some(step) = at_timeout(pass, own, task, pass.declared.timeout.as_secs()) {
        let timeout = outcome::duration(pass.declared.timeout.as_secs());
        let message = format!("task {} has not ended within {timeout}, and is stopped", id(task));
        plan.verdict = Verdict::Progressing { reason: "Stopping", message, requeue: REQUEUE };
        plan.steps.push(step.into());
    }
    plan
}

/// StopTask, when the task has had its time and nobody has stopped it yet. Time is counted from its creation, so that a task
/// that never comes up ends too.
fn at_timeout(pass: &Pass, recorded: &Recorded, task: &Value, timeout: u64) -> Option<EcsStep> {
    let since = task.get("createdAt").and_then(Value::as_f64).unwrap_or(recorded.run.at as f64);
    let over = timeout > 0 && pass.observation.now - since > timeout as f64;
    if !over || task.get("desiredStatus").is_some_and(|status| status == "STOPPED") {
        return None;
    }
    let mut document = Document::new();
    document.insert("cluster".to_owned(), task.get("clusterArn").cloned().unwrap_or(json!(pass.declared.cluster)));
    document.insert("task".to_owned(), task.get("taskArn").cloned().unwrap_or_default());
    document.insert("reason".to_owned(), json!(format!("{}{}", outcome::TIMED_OUT, outcome::duration(timeout))));
    Some(EcsStep::StopTask { document })
}

/// Puts on record how far a run came: where it was, or, as an INACTIVE revision may not take tags, at the newest ACTIVE one, and
/// there with what else is remembered, as of each revision that has a record (`memory.rs`). The end is told to copies as well.
fn remember(pass: &Pass, recorded: &Recorded, run: Run, revisions: &[Value], runs: &[Recorded]) -> Vec<EcsStep> {
    let active = || revisions.iter().filter(|answer| is_active(answer));
    let at = |document, revision| EcsStep::TagTaskDefinition { document, task_definition: TaskDefinitionRef::Arn(revision) };
    if !recorded.active {
        let Some(revision) = active().find_map(arn).filter(|_| memory::may_move_up(pass, revisions)) else { return vec![] };
        let document = run::on_record(pass, runs, &recorded.digest, &run, &TaskDefinitionRef::Arn(revision.clone()));
        return vec![at(document, revision)];
    }
    let ended = Recorded { run, ..recorded.clone() };
    let copy = record::tag(&record::key(&pass.who, &ended.digest), &ended.copied());
    let copies = active().filter(|answer| ended.run.state.is_over() && record::is_behind(&ended, answer, &pass.who));
    let copies = copies.filter_map(arn).map(|revision| at(copy.clone(), revision));
    std::iter::once(at(ended.tag(&pass.who), ended.revision.clone())).chain(copies).collect()
}

/// A record of an attempt before our last RunTask: an answer from before it.
fn older(pass: &Pass, own: &Recorded) -> bool {
    let began_before = |at: f64| at - own.run.at as f64 > OLDER_ATTEMPT;
    pass.just_written() && pass.context.last_write.is_some_and(began_before)
}

/// Keeps what is known of a run that is over at the newest ACTIVE revision too, where only one that was deregistered has it:
/// "you can only describe INACTIVE task definitions while an active task or service references them", and a migration that has
/// run must not run again because nobody can read that it has.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html>
fn kept(pass: &Pass, revisions: &[Value], runs: &[Recorded], own: &Recorded, mut plan: Plan) -> Plan {
    if !own.active {
        plan.steps.extend(remember(pass, own, own.copied(), revisions, runs).into_iter().map(Into::into));
    }
    plan
}

/// The next attempt has another token. It waits until nobody can read what was on record before this one, and longer with each
/// attempt. None: it is time for the next one.
fn not_run(pass: &Pass, own: &Recorded) -> Result<Option<Verdict>, Verdict> {
    let task = if own.run.state == State::NotStarted { pass.task_of(own)? } else { None };
    let message = match task {
        Some(task) => outcome::judge(&own.run, task, None).message,
        None if own.run.state == State::NotStarted => outcome::remembered(&own.run, &own.ran()),
        None => {
            let why = own.run.why.as_deref().map(|why| format!(" ({})", outcome::spoken(why))).unwrap_or_default();
            format!("AWS did not run {}{why}", pass.resource.id)
        }
    };
    // What AWS refuses to run may be let run by a person who changes nothing here; what did not start in so long will not.
    let given_up = own.run.state == State::NotStarted && is_over(&own.run);
    Ok((given_up || pass.age(&own.run) < wait(&own.run)).then(|| tried_again(pass, &own.run, &message)))
}

/// Seconds from the first of the attempts that ran nothing to the last.
fn tried_for(run: &Run) -> f64 {
    run.at as f64 - run.first.unwrap_or(run.at) as f64
}

/// Seconds from an attempt that ran nothing to the next, if there is one.
fn wait(run: &Run) -> f64 {
    ATTEMPTS.wait(tried_for(run)).unwrap_or(ATTEMPTS.longest)
}

/// Whether it counts as failed.
fn is_over(run: &Run) -> bool {
    ATTEMPTS.wait(tried_for(run)).is_none()
}

/// Where it stands after an attempt that ran nothing.
fn tried_again(pass: &Pass, run: &Run, message: &str) -> Verdict {
    let id = &pass.resource.id;
    if is_over(run) {
        let tried = outcome::duration(tried_for(run) as u64);
        let then = match run.state {
            State::NotStarted => {
                format!("nothing of it has run; it is not tried again until it is changed, or `driftless retry {id}`")
            }
            _ => "nothing of it has run, and the agent tries again from time to time".to_owned(),
        };
        return Verdict::Failed { reason: "TaskNotStarted", message: format!("{message}; it was tried for {tried}, and {then}") };
    }
    let rest = (wait(run) - pass.age(run)).ceil().max(1.0) as u64;
    let reason = if run.state == State::NotStarted { "NotStarted" } else { "NotRun" };
    let message = format!("{message}; nothing of it has run, and it is tried again in {}", outcome::duration(rest));
    Verdict::Progressing { reason, message, requeue: rest }
}

fn late(pass: &Pass) -> Verdict {
    let message = format!("{} was run less than a minute ago, and AWS does not show it yet", pass.resource.id);
    Verdict::Progressing { reason: "Starting", message, requeue: REQUEUE }
}

fn succeeded(pass: &Pass, own: &Recorded) -> Verdict {
    let task = own.run.task.as_deref().map(|id| format!("task {id} of {}", own.ran()));
    let task = task.unwrap_or_else(|| pass.resource.id.to_string());
    Verdict::Ready { message: format!("{task} ran to its end") }
}

fn failed(pass: &Pass, state: State, message: &str) -> Verdict {
    let reason = if state == State::TimedOut { "TaskTimedOut" } else { "TaskFailed" };
    let message = format!("{message}; it is not run again until it is changed, or `driftless retry {}`", pass.resource.id);
    Verdict::Failed { reason, message }
}

fn unknown_outcome(pass: &Pass, own: &Recorded) -> Verdict {
    let (key, ago) = (record::key(&pass.who, &own.digest), outcome::duration(pass.age(&own.run).max(0.0) as u64));
    let what = match &own.run.task {
        Some(id) => format!("task {id} of {}, started {ago} ago, is no longer told of by AWS", own.ran()),
        None => format!("a run of {} was asked for {ago} ago, and AWS tells of no task of it", own.ran()),
    };
    Verdict::stalled(
        "OutcomeUnknown",
        format!(
            "{what}, which it does for an hour after a task has stopped: whether it did its work is not known, and it is not run again \
             by itself. Look at its log and at what it works on; then `driftless retry {}` to run it (again), or, if all is well, tag \
             {} with {key}=succeeded",
            pass.resource.id, own.revision
        ),
    )
}

/// The content of a revision.
fn content<'v>(revisions: &'v [Value], arn: &str) -> Option<&'v Value> {
    let definitions = revisions.iter().filter_map(|answer| answer.get("taskDefinition"));
    definitions.into_iter().find(|definition| definition.get("taskDefinitionArn").is_some_and(|one| one == arn))
}

fn is_stopped(task: &Value) -> bool {
    task.get("lastStatus").is_some_and(|status| status == "STOPPED")
}

fn id(task: &Value) -> &str {
    task.get("taskArn").and_then(Value::as_str).and_then(|arn| arn.rsplit('/').next()).unwrap_or_default()
}

/// `migrate:3` of a revision's ARN.
fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
