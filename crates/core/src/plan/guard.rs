//! The last guard against writing for ever: the same change of one resource, written twice without AWS ever showing it, is not
//! written a third time (rule 4).
//!
//! Every kind has its own memory of what it wrote, kept at AWS. This guard knows nothing of kinds, and holds where those are
//! wrong about AWS: for whatever is not equal after two writes, a third one is no cure. It counts by what is wanted and
//! not by what was seen, so that an answer that is another one each time ends here too.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;
use serde_json::Value;

use super::artifact::ArtifactStep;
use super::dispatch::not_converging;
use super::stack::StackStep;
use super::{Change, Plan, Step, Verdict};
use crate::secret::Shown;

/// So often a change is written, until equality was seen.
const WRITES: u32 = 2;
/// For so many seconds after a write an answer may show an older state. Tags, too, are read late: "Amazon ECS API … eventual
/// consistency", <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>.
const CONSISTENT_AFTER: f64 = 60.0;
/// So many members are named.
const NAMED: usize = 5;

/// What was written to one resource at one revision since it was last as declared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Guard {
    /// By what was wanted.
    written: BTreeMap<u64, Written>,
    /// Writes that an agent before this one made at this revision, of which nobody knows what they were.
    before: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Written {
    /// How often.
    times: u32,
    /// The last time, by AWS's clock. None: its effect was seen since.
    unseen_since: Option<f64>,
}

/// What to do with a plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// It may be carried out.
    Go,
    /// Just this was written a moment ago, and the answer may be from before (rule 5): look again first.
    Late,
    /// It is not carried out any more.
    Stop(Verdict),
}

impl Guard {
    /// Of a resource that this very revision has written to before this process knew of it: that counts as one write of
    /// whatever differs now.
    pub fn after_a_restart() -> Self {
        Guard { written: BTreeMap::new(), before: 1 }
    }

    /// What to think of a plan before it is carried out, at `now` of AWS's clock.
    pub fn check(&self, plan: &Plan, now: f64) -> Check {
        if !writes(plan) {
            return Check::Go;
        }
        let written = self.written.get(&fingerprint(plan));
        if written.and_then(|written| written.unseen_since).is_some_and(|at| now - at < CONSISTENT_AFTER) {
            return Check::Late;
        }
        if written.map_or(0, |written| written.times) + self.before < WRITES {
            return Check::Go;
        }
        Check::Stop(Verdict::Stalled { reason: "NotConverging", message: message(plan) })
    }

    /// Takes note of a plan whose steps AWS has taken, all of them, at `now` of its clock. One that was refused, or whose
    /// answer was lost, is none.
    pub fn wrote(&mut self, plan: &Plan, now: f64) {
        if writes(plan) {
            // What stood there is gone: what is made in its place is another thing. The deletions themselves are counted on.
            if plan.steps.iter().any(|step| matches!(step, Step::CloudFormation(StackStep::DeleteStack { .. }))) {
                let deletion = fingerprint(plan);
                self.written.retain(|other, _| *other == deletion);
                self.before = 0;
            }
            let written = self.written.entry(fingerprint(plan)).or_insert(Written { times: 0, unseen_since: None });
            *written = Written { times: written.times + 1, unseen_since: Some(now) };
        }
    }

    /// Takes note of what a look found. Where everything is as declared, the count begins anew; a rollout under way is not that,
    /// as AWS may roll it back.
    pub fn saw(&mut self, plan: &Plan) {
        if !plan.steps.is_empty() || !plan.changes.is_empty() || matches!(plan.verdict, Verdict::Unknown { .. }) {
            return;
        }
        self.written.values_mut().for_each(|written| written.unseen_since = None);
        if matches!(plan.verdict, Verdict::Ready { .. }) {
            *self = Guard::default();
        }
    }
}

/// Whether anything but a look would be asked of AWS.
fn writes(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| !step.looks())
}

/// Of what a plan wants: the members with the values that they shall have, and the calls. Tokens, attempts and times in the
/// calls are not in it.
fn fingerprint(plan: &Plan) -> u64 {
    let mut hasher = DefaultHasher::new();
    for Change { path, new, .. } in &plan.changes {
        (path, new.as_ref().map(value)).hash(&mut hasher);
    }
    for step in plan.steps.iter().filter(|step| !step.looks()) {
        step.action().hash(&mut hasher);
        match step {
            // Of many objects only some are among the changes.
            Step::S3(ArtifactStep::PutObjects { objects, .. }) => objects.iter().for_each(|put| put.key.hash(&mut hasher)),
            Step::S3(ArtifactStep::DeleteObjects { objects, .. }) => {
                objects.iter().for_each(|delete| delete.key.hash(&mut hasher))
            }
            // AWS could not work it out for the moment, and is asked again a few times: CloudFormation's patience counts these.
            Step::CloudFormation(StackStep::CreateChangeSet(request)) if request.tries > 0 => request.tries.hash(&mut hasher),
            // Nothing else says what such a step is for: how far a run came, say.
            _ if plan.changes.is_empty() => lasting(step).hash(&mut hasher),
            _ => {}
        }
    }
    hasher.finish()
}

fn value(shown: &Shown) -> String {
    shown.value().to_string()
}

/// A step's content without what is another one each time: numbers, ids, digests and tokens.
fn lasting(step: &impl Serialize) -> String {
    let text = serde_json::to_value(step).as_ref().map(Value::to_string).unwrap_or_default();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.bytes().any(|byte| byte.is_ascii_digit()));
    words.collect::<Vec<_>>().join(" ")
}

fn message(plan: &Plan) -> String {
    let mut told: Vec<String> = plan.changes.iter().take(NAMED).map(difference).collect();
    let more = plan.changes.len().saturating_sub(NAMED);
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    let calls: Vec<&str> = plan.steps.iter().filter(|step| !step.looks()).map(Step::action).collect();
    let what = if told.is_empty() { calls.join(", ") } else { told.join("; ") };
    format!(
        "{} was written twice, AWS took it both times, and it still is not as declared: {what}; there is no third {}. {}; then \
         change the manifest, or `driftless retry {}`",
        plan.resource,
        calls.join(", "),
        not_converging(plan.resource.kind),
        plan.resource
    )
}

fn difference(Change { path, old, new, .. }: &Change) -> String {
    let text = |shown: &Option<Shown>| shown.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    format!("`{path}` is {} and should be {}", text(old), text(new))
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
