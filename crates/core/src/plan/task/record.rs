//! What is remembered of runs: one tag of the task definition revision for each, so that neither a restart nor a day's
//! absence makes a migration run twice.
//!
//! The key says whose run it is and of what: `driftless:run/<agent and resource>/<digest>`. Two `EcsTask`s that share a
//! revision have tags of their own. The value says how far it came, as in
//! `failed attempt=1 at=1764028800 for=3600 source=5f2c commit=0123… task=8f1d… exit=1 stop=exited container=app`.
//! A tag's value has at most 256 letters, digits, spaces and `+ - = . _ : / @`:
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>.

use std::fmt;

use serde_json::{Value, json};

use crate::desired::Document;
use crate::plan::tags::Tags;
use crate::plan::{Context, digest};
use crate::resource::ResourceId;

/// What every key begins with.
const PREFIX: &str = "driftless:run/";
/// How many characters of an agent's source are kept: enough to tell two of the same name apart.
const SOURCE: usize = 8;
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>
const LONGEST_VALUE: usize = 256;
/// How many characters of a container's name are kept.
const CONTAINER: usize = 24;

/// How far a run came. Of two records of one attempt the greater one counts: one call may have been refused, and the same
/// one sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// AWS has said that nothing ran.
    Refused,
    /// Written before RunTask: it may run, and may not.
    Intended,
    /// AWS has shown its task.
    Started,
    /// Its task has stopped, and no container of it has run.
    NotStarted,
    /// It was stopped at its timeout.
    TimedOut,
    /// It ended badly.
    Failed,
    /// It ran to its end.
    Succeeded,
}

const WORDS: [(State, &str); 7] = [
    (State::Intended, "intended"),
    (State::Started, "started"),
    (State::Refused, "refused"),
    (State::NotStarted, "notstarted"),
    (State::TimedOut, "timedout"),
    (State::Failed, "failed"),
    (State::Succeeded, "succeeded"),
];

impl State {
    /// Whether its end is on record.
    pub(super) fn is_over(self) -> bool {
        !matches!(self, State::Intended | State::Started)
    }

    /// Whether nothing has run, so that trying again is safe.
    pub(super) fn ran_nothing(self) -> bool {
        matches!(self, State::Refused | State::NotStarted)
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub(super) state: State,
    /// Counted from 1; each has a client token of its own.
    pub(super) attempt: u32,
    /// When it was intended: seconds since the epoch, on AWS's clock, and never later than RunTask.
    pub(super) at: u64,
    /// When the first of the attempts in a row of which none has run anything was intended; None: this is the first.
    pub(super) first: Option<u64>,
    /// The number of the revision that it ran, where this is a copy of its record at another one.
    pub(super) of: Option<u64>,
    /// Its timeout, in seconds.
    pub(super) timeout: u64,
    /// Of the agent's source: the beginning of its hash.
    pub(super) source: String,
    /// The commit that asked for it.
    pub(super) commit: String,
    /// The task's id.
    pub(super) task: Option<String>,
    /// The exit code that decided.
    pub(super) exit: Option<i64>,
    /// The stop code, as [`super::outcome`] abbreviates it.
    pub(super) stop: Option<String>,
    /// The beginning of the name of the container that decided.
    pub(super) container: Option<String>,
    /// Why AWS refused it; whoever sent RunTask adds it, without spaces.
    pub(super) why: Option<String>,
}

impl Run {
    /// A run that is about to be asked for.
    pub(super) fn intended(attempt: u32, at: f64, timeout: u64, context: &Context) -> Self {
        Run {
            state: State::Intended,
            attempt,
            at: at.max(0.0) as u64,
            first: None,
            of: None,
            timeout,
            source: source(context),
            commit: context.revision.to_owned(),
            task: None,
            exit: None,
            stop: None,
            container: None,
            why: None,
        }
    }

    /// The value of a tag. None: nothing of ours. A bare `succeeded`, as a person may write it, is enough.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_whitespace();
        let state = words.next()?;
        let state = WORDS.iter().find(|(_, word)| *word == state)?.0;
        let members: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
        let text = |name: &str| members.iter().find(|(member, _)| *member == name).map(|(_, value)| (*value).to_owned());
        let number = |name: &str| text(name).and_then(|text| text.parse::<u64>().ok());
        Some(Run {
            state,
            attempt: number("attempt").and_then(|number| u32::try_from(number).ok()).unwrap_or(1),
            at: number("at").unwrap_or(0),
            first: number("first"),
            of: number("of"),
            timeout: number("for").unwrap_or(0),
            source: text("source").unwrap_or_default(),
            commit: text("commit").unwrap_or_default(),
            task: text("task"),
            exit: text("exit").and_then(|text| text.parse().ok()),
            stop: text("stop"),
            container: text("container"),
            why: text("why"),
        })
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = WORDS.iter().find(|(state, _)| *state == self.state).map_or("", |(_, word)| word);
        write!(f, "{word} attempt={} at={} for={}", self.attempt, self.at, self.timeout)?;
        let exit = self.exit.map(|exit| exit.to_string());
        let (first, of) = (self.first.map(|first| first.to_string()), self.of.map(|of| of.to_string()));
        let container = self.container.as_ref().map(|name| name.chars().take(CONTAINER).collect::<String>());
        let members = [
            ("first", first.as_ref()),
            ("of", of.as_ref()),
            ("source", Some(&self.source)),
            ("commit", Some(&self.commit)),
            ("task", self.task.as_ref()),
            ("exit", exit.as_ref()),
            ("stop", self.stop.as_ref()),
            ("container", container.as_ref()),
            ("why", self.why.as_ref()),
        ];
        for (name, value) in members {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                write!(f, " {name}={value}")?;
            }
        }
        Ok(())
    }
}

/// What `source=` says for this agent.
pub(super) fn source(context: &Context) -> String {
    context.source_hash.chars().take(SOURCE).collect()
}

/// 12 hex digits of an agent and a resource. Not of the agent's source: one that moves must not run all migrations again.
pub(super) fn who(resource: &ResourceId, context: &Context) -> String {
    let mut who = digest::hex(format!("{}\n{resource}", context.agent).as_bytes());
    who.truncate(12);
    who
}

/// Whether a tag's key is that of a run, of whosever.
pub(super) fn is_record(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// The number of the newest of these revisions that has a record of `who`.
pub(super) fn newest(revisions: &[Value], who: &str) -> Option<u64> {
    let has = |answer: &&Value| of_tags(&crate::plan::tags::read(answer.get("tags")), who).next().is_some();
    revisions.iter().filter(has).filter_map(crate::plan::ecs::task_definition::arn).filter_map(|arn| number(&arn)).max()
}

/// The number in a revision's ARN.
pub fn number(arn: &str) -> Option<u64> {
    arn.rsplit(':').next()?.parse().ok()
}

/// The key of a run's tag.
pub(super) fn key(who: &str, digest: &str) -> String {
    format!("{PREFIX}{who}/{digest}")
}

/// "An identifier that you provide to ensure the idempotency of the request. It must be unique and is case sensitive. Up to
/// 64 characters are allowed." It is 32 hex digits over whose run it is, of what, and which attempt; not over the revision
/// and its commit, so that the same attempt is never another run.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
pub(super) fn token(who: &str, digest: &str, attempt: u32) -> String {
    digest::hex(format!("{who}\n{digest}\n{attempt}").as_bytes())
}

/// `startedBy`, by which ListTasks finds the run: "Up to 128 letters (uppercase and lowercase), numbers, hyphens (-), forward
/// slash (/), and underscores (_) are allowed." API_RunTask.html
pub(super) fn started_by(who: &str, digest: &str, attempt: u32) -> String {
    format!("driftless/{}", token(who, digest, attempt))
}

/// A run, and where it is on record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recorded {
    /// The revision's ARN.
    pub(super) revision: String,
    /// Whether the revision is ACTIVE: others cannot be tagged.
    pub(super) active: bool,
    /// Of what is declared.
    pub(super) digest: String,
    pub(super) run: Run,
}

impl Recorded {
    /// `migrate:3`, what it ran.
    pub(super) fn ran(&self) -> String {
        let short = self.revision.rsplit('/').next().unwrap_or(&self.revision);
        match (self.run.of, short.rsplit_once(':')) {
            (Some(of), Some((family, _))) => format!("{family}:{of}"),
            _ => short.to_owned(),
        }
    }

    /// Its record as a copy at another revision.
    pub(super) fn copied(&self) -> Run {
        Run { of: self.run.of.or_else(|| number(&self.revision)), first: None, ..self.run.clone() }
    }

    /// TagResource's body without `resourceArn`, with which the run is remembered.
    pub(super) fn tag(&self, who: &str) -> Document {
        tag(&key(who, &self.digest), &self.run)
    }
}

/// TagResource's body without `resourceArn`.
pub(super) fn tag(key: &str, run: &Run) -> Document {
    let mut document = Document::new();
    document.insert("tags".to_owned(), json!([{"key": key, "value": value(run)}]));
    document
}

/// The value of a tag. Why a run did not start stands at its end, and is cut where there is no room for all of it.
pub(super) fn value(run: &Run) -> String {
    run.to_string().chars().take(LONGEST_VALUE).collect()
}

/// The runs of `who` on record at a revision with these tags.
pub(super) fn of_tags<'t>(tags: &'t Tags, who: &str) -> impl Iterator<Item = (String, Run)> + use<'t> {
    let prefix = format!("{PREFIX}{who}/");
    tags.iter().filter_map(move |(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), Run::parse(value)?)))
}

/// Whether this revision has a copy of the record that does not know of its end yet.
pub(super) fn is_behind(recorded: &Recorded, answer: &Value, who: &str) -> bool {
    let tags = crate::plan::tags::read(answer.get("tags"));
    of_tags(&tags, who).any(|(digest, run)| {
        let of_it = digest == recorded.digest && run.of.is_some() && run.of == number(&recorded.revision);
        of_it && run.attempt == recorded.run.attempt && !run.state.is_over()
    })
}

/// The runs of `who` at all revisions; of one digest only the latest attempt, and of that what is known best.
pub(super) fn of_revisions(revisions: &[Value], who: &str) -> Vec<Recorded> {
    let mut found: Vec<Recorded> = Vec::new();
    for answer in revisions {
        let Some(arn) = crate::plan::ecs::task_definition::arn(answer) else { continue };
        let active = answer.pointer("/taskDefinition/status").is_none_or(|status| status == "ACTIVE");
        let tags = crate::plan::tags::read(answer.get("tags"));
        for (digest, run) in of_tags(&tags, who) {
            let one = Recorded { revision: arn.clone(), active, digest, run };
            match found.iter_mut().find(|other| other.digest == one.digest) {
                Some(other) if rank(other) < rank(&one) => *other = one,
                Some(_) => {}
                None => found.push(one),
            }
        }
    }
    found
}

/// Of a record and its copy the record counts, and a copy of an intent less than any: what AWS refused is not told to copies.
fn rank(recorded: &Recorded) -> (u32, Option<State>, u64, bool) {
    let (run, copy) = (&recorded.run, recorded.run.of.is_some());
    let state = Some(run.state).filter(|state| !copy || *state != State::Intended);
    (run.attempt, state, run.at, !copy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Kind;

    #[test]
    fn what_is_written_is_what_is_read() {
        let mut run = Run::intended(1, 1_764_028_800.5, 3600, &Context::example());
        assert_eq!(run.to_string(), "intended attempt=1 at=1764028800 for=3600 source=01234567 commit=c1");
        assert_eq!(Run::parse(&run.to_string()), Some(run.clone()));
        run = Run { state: State::Failed, exit: Some(-1), stop: Some("exited".into()), container: Some("app".into()), ..run };
        assert_eq!(Run::parse(&run.to_string()), Some(run));
        assert_eq!(Run::parse("succeeded").map(|run| (run.state, run.attempt)), Some((State::Succeeded, 1)));
        assert_eq!(Run::parse("done"), None);
    }

    #[test]
    fn the_longest_record_fits_into_a_tag() {
        let run = Run {
            state: State::Succeeded,
            attempt: u32::MAX,
            at: 9_999_999_999,
            first: Some(9_999_999_999),
            of: Some(999_999),
            timeout: 31_622_400,
            source: "0".repeat(SOURCE),
            commit: "0".repeat(64),
            task: Some("0".repeat(36)),
            exit: Some(i64::from(i32::MIN)),
            stop: Some("service".into()),
            container: Some("x".repeat(255)),
            why: None,
        };
        let value = value(&run);
        let read = Run::parse(&value).expect("a record");
        assert_eq!((read.state, read.task, read.exit, read.stop), (run.state, run.task, run.exit, run.stop));
        assert!(value.len() <= 256, "{} {value}", value.len());
        assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c)), "{value}");
    }

    #[test]
    fn keys_and_tokens_are_of_one_resource_one_digest_and_one_attempt() {
        let one = who(&ResourceId::new(Kind::EcsTask, "migrate"), &Context::example());
        let other = who(&ResourceId::new(Kind::EcsTask, "seed"), &Context::example());
        assert_ne!(one, other);
        let moved = Context { source_hash: "another", ..Context::example() };
        assert_eq!(one, who(&ResourceId::new(Kind::EcsTask, "migrate"), &moved));
        let key = key(&one, &"0".repeat(32));
        assert!(key.len() <= 128 && key.starts_with("driftless:run/"), "{key}");
        let tokens = [token(&one, "a", 1), token(&one, "a", 2), token(&one, "b", 1), token(&other, "a", 1)];
        assert!(tokens.iter().all(|token| token.len() <= 64));
        assert_eq!(tokens.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }
}
