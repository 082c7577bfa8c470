//! The last guard against writing for ever: a resource at one digest is written twice without AWS ever showing it, and not a
//! third time (rule 4).
//!
//! Every kind has its own memory of what it wrote, kept at AWS. This guard knows little of kinds, and holds where those are
//! wrong about AWS: for whatever is not equal after two writes, a third one is no cure. It counts calls, and neither what was seen
//! nor which members were to change: an answer that is another one each time, in other places, ends here too.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;
use serde_json::Value;

use super::artifact::ArtifactStep;
use super::dispatch::not_converging;
use super::stack::{Kind as TokenKind, StackStep, Token};
use super::{Change, EcsStep, Plan, Step, Verdict};
use crate::desired::{Resource, Spec};
use crate::resource::Kind;
use crate::secret::Shown;

/// So often a call is made, until equality was seen.
const WRITES: u32 = 2;
/// For so many seconds after a write an answer may show an older state. Tags, too, are read late: "Amazon ECS API … eventual
/// consistency", <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>.
const CONSISTENT_AFTER: f64 = 60.0;
/// So many members are named.
const NAMED: usize = 5;

/// Of what is declared: writes of one digest are counted together, at whatever revision. A service's manifest holds all of it; what
/// others are made of stands in other files, too, and is told apart by the revision.
pub fn digest(resource: &Resource, revision: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    match &resource.spec {
        Spec::EcsService(declared) => crate::plan::ecs::digest(declared).hash(&mut hasher),
        _ => revision.hash(&mut hasher),
    }
    hasher.finish()
}

/// What was written to one resource at one digest since it was last as declared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Guard {
    /// By call ([`calls`]).
    written: BTreeMap<u64, Written>,
    /// The last plan that was carried out, by what it wanted, and when, by AWS's clock. None: its effect was seen since.
    unseen: Option<(u64, f64)>,
    /// Writes that an agent before this one made at this revision, of which nobody knows what they were.
    before: u32,
    /// It was seen as declared, and nothing was written since.
    equal: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Written {
    /// How often.
    times: u32,
    /// It began nothing that AWS could take back: seen as declared, it is done.
    quiet: bool,
    /// It put back what drifted: done once a later look for drift finds none.
    heals: bool,
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
        Guard { before: 1, ..Guard::default() }
    }

    /// Whether the resource was seen as declared, and nothing was written since: what differs then is somebody else's doing.
    pub fn is_equal(&self) -> bool {
        self.equal
    }

    /// What to think of a plan before it is carried out, at `now` of AWS's clock.
    pub fn check(&self, plan: &Plan, now: f64) -> Check {
        if !writes(plan) {
            return Check::Go;
        }
        let wanted = fingerprint(plan);
        if self.unseen.is_some_and(|(unseen, at)| unseen == wanted && now - at < CONSISTENT_AFTER) {
            return Check::Late;
        }
        let times = |call: &u64| self.written.get(call).map_or(0, |written| written.times);
        if calls(plan).iter().all(|call| times(call) + self.before < WRITES) {
            return Check::Go;
        }
        Check::Stop(Verdict::Stalled { reason: "NotConverging", message: message(plan) })
    }

    /// Takes note of a plan whose steps AWS has taken, all of them, at `now` of its clock. One that was refused, or whose
    /// answer was lost, is none.
    pub fn wrote(&mut self, plan: &Plan, now: f64) {
        if !writes(plan) {
            return;
        }
        let made = calls(plan);
        // What stood there is gone: what is made in its place is another thing. The deletions themselves are counted on.
        if plan.steps.iter().any(|step| matches!(step, Step::CloudFormation(StackStep::DeleteStack { .. }))) {
            self.written.retain(|other, _| made.contains(other));
            self.before = 0;
        }
        for call in made {
            let written = self.written.entry(call).or_default();
            *written = Written { times: written.times + 1, quiet: quiet(plan), heals: heals(plan) };
        }
        self.unseen = Some((fingerprint(plan), now));
        self.equal = false;
    }

    /// Takes note of what a look found. Where everything is as declared, the count begins anew. A rollout under way is not that,
    /// as AWS may roll it back; but then what began no rollout is.
    pub fn saw(&mut self, plan: &Plan) {
        let settled = !matches!(plan.verdict, Verdict::Unknown { .. } | Verdict::Stalled { .. });
        if !plan.steps.is_empty() || !settled || plan.changes.iter().any(|change| !change.deploys) {
            return;
        }
        self.written.retain(|_, written| !written.quiet);
        if !plan.changes.is_empty() {
            return;
        }
        (self.unseen, self.equal) = (None, !plan.unchecked);
        if matches!(plan.verdict, Verdict::Ready { .. }) {
            self.before = 0;
            self.written.retain(|_, written| written.heals && plan.unchecked);
        }
    }
}

/// Whether anything but a look would be asked of AWS.
fn writes(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| !step.looks())
}

/// Whether nothing is begun by it that AWS works on for longer.
fn quiet(plan: &Plan) -> bool {
    let told = !plan.changes.is_empty() || plan.steps.iter().all(Step::keeps_books);
    plan.resource.kind == Kind::EcsService && told && plan.changes.iter().all(|change| !change.deploys)
}

/// Whether it puts back what has drifted behind a stack's back.
fn heals(plan: &Plan) -> bool {
    let of = |name: &str| Token::parse(name).is_some_and(|token| token.kind == TokenKind::Heal);
    plan.steps.iter().any(|step| match step {
        Step::CloudFormation(StackStep::CreateChangeSet(request)) => of(&request.name),
        Step::CloudFormation(StackStep::ExecuteChangeSet { token, .. }) => of(token),
        _ => false,
    })
}

/// The calls of a plan that are counted: by their action, and by what is written to where that is more than one thing. What is
/// made of several calls, or tried a few times by a patience that a kind has of its own, is as many things.
fn calls(plan: &Plan) -> BTreeSet<u64> {
    let of = |step: &Step, what: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        (step.action(), quiet(plan)).hash(&mut hasher);
        what(&mut hasher);
        hasher.finish()
    };
    let mut all = BTreeSet::new();
    for step in plan.steps.iter().filter(|step| !step.looks()) {
        let kind = |name: &str| Token::parse(name).map(|token| format!("{:?}", token.kind));
        match step {
            Step::S3(ArtifactStep::PutObjects { objects, .. }) => {
                all.extend(objects.iter().map(|put| of(step, &|hasher| put.key.hash(hasher))));
            }
            Step::S3(ArtifactStep::DeleteObjects { objects, .. }) => {
                all.extend(objects.iter().map(|delete| of(step, &|hasher| delete.key.hash(hasher))));
            }
            // AWS could not work it out for the moment, and is asked again a few times: CloudFormation's patience counts these.
            Step::CloudFormation(StackStep::CreateChangeSet(request)) => {
                all.insert(of(step, &|hasher| (kind(&request.name), request.tries).hash(hasher)));
            }
            Step::CloudFormation(StackStep::ExecuteChangeSet { token, .. }) => {
                all.insert(of(step, &|hasher| kind(token).hash(hasher)));
            }
            // A run that did not start is tried for half an hour: its own patience counts the attempts.
            Step::Ecs(EcsStep::RunTask { document, .. }) => {
                all.insert(of(step, &|hasher| document.0.get("clientToken").map(Value::to_string).hash(hasher)));
            }
            Step::Ecs(EcsStep::TagTaskDefinition { document, .. }) => {
                all.insert(of(step, &|hasher| document.get("tags").map(Value::to_string).hash(hasher)));
            }
            // Nothing else says what such a step is for: how far a run came, say.
            _ if plan.changes.is_empty() => {
                all.insert(of(step, &|hasher| lasting(step).hash(hasher)));
            }
            _ => {
                all.insert(of(step, &|_| {}));
            }
        }
    }
    all
}

/// Of what a plan wants: the members with the values that they shall have, and the calls.
fn fingerprint(plan: &Plan) -> u64 {
    let mut hasher = DefaultHasher::new();
    for Change { path, new, .. } in &plan.changes {
        (path, new.as_ref().map(value)).hash(&mut hasher);
    }
    calls(plan).hash(&mut hasher);
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
