//! A script: what happens in one run, step by step. Its Debug form is the Rust that a kept one is written in, and its Display
//! form is for a person. A step that finds nothing to do does nothing, so any of them may be left out.

use std::fmt;

use driftless_simulator::When;

use crate::tree::Slot;

#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// What the agents' chance, the requests' times and the like are drawn from.
    pub seed: u64,
    /// Seconds that reads of a service lag behind its writes.
    pub lag: u8,
    /// How AWS spells what it was sent: plainly, in its known forms, in invented ones.
    pub spelling: Spelt,
    pub steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spelt {
    Plainly,
    Known,
    Invented,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The next commit, on the branch's tip.
    Commit(Vec<Change>),
    /// A commit that takes the tip's changes back.
    Revert,
    /// The branch is put back by so many commits.
    ForcePush(u8),
    /// Somebody edits, deletes or overwrites the thing behind the agent's back.
    Console(Slot, Edit),
    /// The next calls of an action go wrong.
    Fault {
        action: &'static str,
        when: When,
        code: Code,
        after: u8,
        times: u8,
    },
    /// For so many seconds an action meets a quota of the account.
    Quota {
        action: &'static str,
        seconds: u16,
    },
    ClearFaults,
    /// Somebody who is not the agent makes the thing, where it is not there.
    Theirs(Slot),
    /// A resource of the stack fails at its next creations, or updates.
    StackFails {
        update: bool,
        times: u8,
    },
    /// The agent is killed at the so many-th request from now, before it or after its effect.
    Kill {
        request: u8,
        effect: bool,
    },
    /// The agent is started again; it is killed before, if it is still alive.
    Restart(Cache),
    /// The agent is told to stop, and started again.
    Stop,
    /// A second copy with a cache of its own, which reads the source only every so many minutes, is started.
    Second {
        minutes: u8,
    },
    /// The second copy is killed.
    EndSecond,
    /// A person applies the branch's tip.
    Apply,
    /// GitLab is away, or answers as it should again.
    GitLab(Away),
    /// So many posts of a status are answered so.
    GitLabRefuses {
        status: u16,
        times: u8,
    },
    /// So is Git.
    Git(Away),
    /// After so many good requests of the agent to Git, so many break off.
    GitBreaks {
        after: u8,
        times: u8,
    },
    /// The agent reads from a replica that is so many commits behind; 0: that is not behind any more.
    Replica(u8),
    /// The wall clocks of AWS and of the agent go forward at once.
    Skip(u16),
    /// Time passes.
    Pass(u16),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    Add(Slot),
    /// Another version.
    Edit(Slot),
    /// A version that fails.
    Crash(Slot),
    Scale(Slot, u8),
    /// A member appears, or is removed.
    Extra(Slot),
    /// Another secret, and nothing else.
    Secret(Slot),
    Remove(Slot),
    Rename(Slot),
    /// The same resource in another cluster, under another key or stack's name.
    Move(Slot),
    /// Its file lies in another folder.
    MoveFile(Slot),
    /// A file that cannot be read, or its removal.
    Break,
    Mend,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edit {
    /// A count, a parameter, the object's bytes, another deployment.
    Simple,
    /// Another image; an object or a service deleted.
    Hard,
    /// An operation that changes nothing.
    Force,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Code {
    Throttle,
    Server,
    Denied,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cache {
    Kept,
    Wiped,
    /// As a kill in the middle of a write may leave it.
    Halved(u8),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Away {
    No,
    /// It answers 503.
    Refusing,
    /// Connections break.
    Breaking,
    /// It never answers.
    Hanging,
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}, reads lag by {} s, AWS spells {:?}", self.seed, self.lag, self.spelling)?;
        self.steps.iter().enumerate().try_for_each(|(number, step)| writeln!(f, "{:3}. {step}", number + 1))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Commit(changes) => write!(f, "a commit: {}", listed(changes)),
            Step::Revert => f.write_str("a commit that takes the last one back"),
            Step::ForcePush(back) => write!(f, "the branch is put back by {back} commits"),
            Step::Console(slot, edit) => write!(f, "somebody edits {slot:?} at the console ({edit:?})"),
            Step::Fault { action, when, code, after, times } => {
                write!(f, "{action} goes wrong ({when:?}, {code:?}) {times} times, after {after} good calls")
            }
            Step::Quota { action, seconds } => write!(f, "{action} meets a quota for {seconds} s"),
            Step::Theirs(slot) => write!(f, "somebody else makes {slot:?}"),
            Step::StackFails { update, times } => {
                write!(f, "the next {times} {} of the stack fail", if *update { "updates" } else { "creations" })
            }
            Step::GitLabRefuses { status, times } => write!(f, "GitLab answers {times} posts with {status}"),
            Step::GitBreaks { after, times } => write!(f, "Git breaks off {times} times, after {after} good answers"),
            Step::Replica(0) => f.write_str("the agent's replica of the repository has caught up"),
            Step::Replica(back) => write!(f, "the agent's replica of the repository is {back} commits behind"),
            Step::ClearFaults => f.write_str("no call goes wrong any more"),
            Step::Kill { request, effect } => {
                write!(
                    f,
                    "the agent is killed at its {request}. request from now, {}",
                    if *effect { "after its effect" } else { "before it" }
                )
            }
            Step::Restart(cache) => write!(f, "the agent is killed and started, its cache {cache:?}"),
            Step::Stop => f.write_str("the agent is stopped and started"),
            Step::Second { minutes } => write!(f, "a second copy is started, which reads the source every {minutes} min"),
            Step::EndSecond => f.write_str("the second copy is killed"),
            Step::Apply => f.write_str("a person applies the tip"),
            Step::GitLab(away) => write!(f, "GitLab: {away:?}"),
            Step::Git(away) => write!(f, "Git: {away:?}"),
            Step::Skip(seconds) => write!(f, "the clocks skip {seconds} s"),
            Step::Pass(seconds) => write!(f, "{seconds} s pass"),
        }
    }
}

fn listed(changes: &[Change]) -> String {
    changes.iter().map(|change| format!("{change:?}")).collect::<Vec<_>>().join(", ")
}
