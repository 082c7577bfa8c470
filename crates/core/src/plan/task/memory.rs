//! Where a family's revisions may remember a run, and which of them are asked before anything is run.
//!
//! A record is a tag of a revision (`record.rs`), and any number of other revisions may lie above it. So it is found by asking
//! for it: GetResources finds the revisions that have the very tag
//! (<https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>). What AWS does not promise
//! of that index is made up for:
//!
//! - how soon it knows a tag: a record is written at one of the newest [`NEWEST`] ACTIVE revisions, so that all that were
//!   registered within the last hour, and as many before them, are read themselves;
//! - whether it knows INACTIVE revisions: they are read themselves, a bounded number in one pass, until all are known;
//! - whether it may be asked at all (rights, emulators): then the ACTIVE revisions are read like the INACTIVE ones.
//!
//! What has been deleted leaves a gap: "the task definition name is retained by Amazon ECS and the revision is incremented the
//! next time you create a task definition with that name"
//! (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-definition-state.html>). As each run carries the records
//! of those before it along, only a gap above our newest record can hide one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::pass::Pass;
use super::record;
use crate::observed::TaskMemory;
use crate::plan::Verdict;

/// How many of a family's newest ACTIVE revisions are looked at in any case, and may be run again (rule 4 of the design).
pub const NEWEST: usize = 10;

/// For so many seconds the tagging index may not know what was written. AWS names no time; minutes were seen
/// (<https://github.com/boto/boto3/issues/3341>).
pub const INDEXED_AFTER: f64 = 3600.0;

/// How many revisions of a gap are asked for by their number: a list may be older than a revision.
const ASKED_BY_NUMBER: usize = 10;

/// A family as it was listed, and what the tagging index said.
#[derive(Debug, Clone, Default)]
pub struct Family {
    /// The numbers of its ACTIVE revisions, newest first.
    pub active: Vec<u64>,
    /// Of its INACTIVE and DELETE_IN_PROGRESS ones, newest first.
    pub others: Vec<u64>,
    /// Those that have the record, as the index says; None: it could not be asked.
    pub named: Option<Vec<u64>>,
    /// AWS's clock.
    pub now: f64,
}

/// What reading revisions has told for good, by family and number.
pub type Known = BTreeMap<u64, Kept>;

/// What is kept of one revision.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// It has no record of any run, and gets none.
    Bare,
    /// It has records and was ACTIVE, so that they may change: it is read again.
    Records,
    /// DescribeTaskDefinition's answer: nobody tags an INACTIVE revision.
    Answer(Box<Value>),
}

/// DescribeTaskDefinition's answers of one pass, by number; None: there is no such revision any more, or AWS does not show it.
pub type Answers = BTreeMap<u64, Option<Value>>;

/// What is to be read next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Next {
    /// In this pass whatever it costs: there are few.
    pub now: Vec<u64>,
    /// As far as this pass has room for it, newest first.
    pub rest: Vec<u64>,
}

impl Family {
    /// What is to be read after `read`; nothing: all is known.
    pub fn next(&self, read: &Answers, known: &Known) -> Next {
        let unread = |number: &u64| !read.contains_key(number);
        let mut now: BTreeSet<u64> = self.named.iter().flatten().copied().filter(unread).collect();
        let listed = self.active.iter().chain(&self.others);
        let records = listed.filter(|number| known.get(number) == Some(&Kept::Records));
        now.extend(records.copied().filter(unread));
        now.extend(self.missing(read).into_iter().rev().take(ASKED_BY_NUMBER).filter(unread));
        now.extend(self.young(read, known));
        let unknown = |number: &u64| unread(number) && !known.contains_key(number) && !now.contains(number);
        let active: &[u64] = if self.named.is_some() { &[] } else { &self.active };
        let mut rest: Vec<u64> = self.others.iter().chain(active).copied().filter(unknown).collect();
        rest.sort_unstable_by(|one, other| other.cmp(one));
        Next { now: now.into_iter().rev().collect(), rest }
    }

    /// The next ACTIVE ones, if more may have a record that the index does not know yet.
    fn young(&self, read: &Answers, known: &Known) -> Vec<u64> {
        let (mut old, mut next) = (0, Vec::new());
        for number in &self.active {
            if old == NEWEST || next.len() == NEWEST {
                break;
            }
            match read.get(number) {
                None if known.contains_key(number) => old += 1,
                None => next.push(*number),
                Some(answer) if answer.as_ref().is_none_or(|answer| !self.is_young(answer)) => old += 1,
                Some(_) => {}
            }
        }
        next
    }

    /// Whether an ACTIVE revision was registered so lately that the index may not know what was written since.
    fn is_young(&self, answer: &Value) -> bool {
        self.now - time(answer, "registeredAt").unwrap_or(self.now) < INDEXED_AFTER
    }

    /// Forgets of the newest revisions what was known for good when others were newer: they may get records again.
    pub fn forget(&self, known: &mut Known) {
        for number in self.active.iter().take(NEWEST) {
            known.remove(number);
        }
    }

    /// What of an answer is true for good; None: it may get a record yet.
    pub fn keep(&self, number: u64, answer: &Value) -> Option<Kept> {
        let records = answer.get("tags").and_then(Value::as_array).into_iter().flatten();
        let records = records.filter_map(|tag| tag.get("key").and_then(Value::as_str)).any(record::is_record);
        let active = answer.pointer("/taskDefinition/status").is_none_or(|status| status == "ACTIVE");
        let newest = self.active.iter().take(NEWEST).any(|one| *one == number);
        let since = time(answer, if active { "registeredAt" } else { "deregisteredAt" });
        let settled = !newest && since.map_or(!active, |since| self.now - since >= INDEXED_AFTER);
        match (records, active) {
            (true, true) => Some(Kept::Records),
            _ if !settled => None,
            (true, false) => Some(Kept::Answer(Box::new(answer.clone()))),
            (false, _) => Some(Kept::Bare),
        }
    }

    /// What is known when nothing is left to be read.
    pub fn memory(&self, read: &Answers) -> TaskMemory {
        let missing = self.missing(read);
        let mut gap: Option<(u64, u64)> = None;
        for number in missing.iter().rev() {
            match &mut gap {
                None => gap = Some((*number, *number)),
                Some((first, _)) if *first == number + 1 => *first = *number,
                Some(_) => break,
            }
        }
        let gone = |number: &&u64| read.get(number).is_some_and(Option::is_none);
        let lost = self.named.iter().flatten().filter(gone).max().copied();
        TaskMemory::Whole { newest: self.numbers().max().unwrap_or(0), gap, lost }
    }

    fn numbers(&self) -> impl Iterator<Item = u64> {
        self.active.iter().chain(&self.others).chain(self.named.iter().flatten()).copied()
    }

    /// The numbers below the newest one that no revision has which AWS shows.
    fn missing(&self, read: &Answers) -> Vec<u64> {
        let gone = |number: &u64| read.get(number).is_some_and(Option::is_none);
        let mut there: BTreeSet<u64> = self.active.iter().chain(&self.others).copied().filter(|number| !gone(number)).collect();
        there.extend(read.iter().filter(|(_, answer)| answer.is_some()).map(|(number, _)| *number));
        let newest = self.numbers().max().unwrap_or(0);
        (1..=newest).filter(|number| !there.contains(number)).collect()
    }
}

/// The time of a member of `taskDefinition`: seconds since the epoch.
fn time(answer: &Value, member: &str) -> Option<f64> {
    answer.get("taskDefinition")?.get(member)?.as_f64()
}

/// The deleted revisions that may have had a record: those above the newest that has one.
fn hidden(pass: &Pass, revisions: &[Value]) -> Option<(u64, u64)> {
    let TaskMemory::Whole { gap, .. } = pass.observation.memory else { return None };
    let newest = record::newest(revisions, &pass.who);
    gap.filter(|(_, last)| newest.is_none_or(|newest| *last > newest))
}

/// Whether a record may be written at a newer revision than had any: not above a gap that nobody has explained, which would lie below
/// it from then on, and hide what was lost.
pub(super) fn may_move_up(pass: &Pass, revisions: &[Value]) -> bool {
    hidden(pass, revisions).is_none()
}

/// Err: whether this has been run already is not known, and it is not run on ignorance. Some: it is not known, and a person
/// wants it run all the same.
pub(super) fn certain(pass: &Pass, revisions: &[Value]) -> Result<Option<String>, Verdict> {
    let id = &pass.resource.id;
    let lost = match &pass.observation.memory {
        TaskMemory::NotAsked => {
            return Err(Verdict::Unknown { message: "the family's older revisions have not been asked".to_owned() });
        }
        TaskMemory::Partial { read, of } => {
            let family = pass.declared.family();
            let message = format!(
                "before {id} is run, each revision of the family {family} is asked whether it has run already: {read} of {of} have \
                 been read so far"
            );
            return Err(Verdict::Progressing { reason: "ReadingHistory", message, requeue: super::REQUEUE });
        }
        TaskMemory::TooMany { most } => {
            return Err(Verdict::stalled(
                "HistoryTooLong",
                format!(
                    "the family {} has more than {most} revisions, too many to be asked whether {id} has run already: delete old ones \
                     that have no tag `driftless:run/…`, or give the task another family",
                    pass.declared.family()
                ),
            ));
        }
        TaskMemory::Whole { lost, .. } => *lost,
    };
    let (first, last) = match (lost, hidden(pass, revisions)) {
        (Some(lost), _) => (lost, lost),
        (None, Some(hidden)) => hidden,
        (None, None) => return Ok(None),
    };
    let family = pass.declared.family();
    let deleted = match first == last {
        true => format!("revision {family}:{first} has been deleted"),
        false => format!("the revisions {family}:{first} to {family}:{last} have been deleted"),
    };
    let what = match lost {
        Some(_) => "AWS's index of tags says that a run of it was on record there",
        None => "a run of it may have been on record there",
    };
    if pass.context.retry {
        return Ok(Some(format!("{deleted}, and {what}; `driftless retry` runs it all the same")));
    }
    let newest = revisions.iter().find_map(crate::plan::ecs::task_definition::arn);
    let tag = newest.map(|arn| format!("; or, if it has run, tag {arn} with {}=succeeded", record::key(&pass.who, &pass.digest)));
    Err(Verdict::stalled(
        "MemoryGone",
        format!(
            "{id} is not run by itself: {deleted}, and {what}, so that nobody knows whether it has run. Look at its log and at what it \
             works on; then `driftless retry {id}` to run it{}. In the future deregister revisions that have a tag `driftless:run/…`, and \
             do not delete them; a task of a new family has no such gap",
            tag.unwrap_or_default()
        ),
    ))
}
