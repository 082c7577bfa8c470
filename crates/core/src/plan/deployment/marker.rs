//! Our mark on a deployment: the end of its description, as deployments carry no tags.
//!
//! `[driftless:DIGEST AGENT/NAME@SOURCE REVISION TIME]`, as in
//! `[driftless:0123456789abcdef0123456789abcdef production/shop@89abcdef 1f0c… 1800000000]`: the digest of what was deployed,
//! whose it is (the first 8 digits of the source's hash tell two agents of one name apart), the commit, and when it was
//! written, in seconds since the epoch on AWS's clock: a description is copied with a deployment, and the copy is not ours.

use sha2::{Digest, Sha256};

use crate::plan::Context;

/// "Maximum number of characters in a deployment description: 256".
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>
pub(crate) const LONGEST: usize = 256;
/// Of `AGENT/NAME`; longer ones are cut, and end in a part of their hash.
const LONGEST_NAME: usize = 110;
const BEGIN: &str = "[driftless:";

/// What a description says of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marker<'a> {
    pub(super) digest: &'a str,
    /// `production/shop`.
    pub(super) name: &'a str,
    /// Of the source's hash.
    pub(super) source: &'a str,
    pub(super) revision: &'a str,
    /// When it was written.
    pub(super) at: Option<u64>,
}

/// A deployment is made within so many seconds of its mark. More than a call may take, and less than people take to think of
/// an older deployment.
const MADE_WITHIN: f64 = 3600.0;

impl<'a> Marker<'a> {
    /// Reads the last mark in a description.
    pub(super) fn read(description: &'a str) -> Option<Marker<'a>> {
        let (_, rest) = description.rsplit_once(BEGIN)?;
        let mut words = rest.split(']').next()?.split_whitespace();
        let (digest, whose, revision) = (words.next()?, words.next()?, words.next()?);
        let (name, source) = whose.rsplit_once('@')?;
        let at = words.next().and_then(|at| at.parse().ok());
        Some(Marker { digest, name, source, revision, at })
    }

    /// Whether a deployment that was made at this time can be the one that it was written for.
    pub(super) fn is_written_at(&self, created: f64) -> bool {
        self.at.is_none_or(|at| (created - at as f64).abs() < MADE_WITHIN)
    }

    /// The agent's part of the name.
    pub(super) fn agent(&self) -> &'a str {
        self.name.split('/').next().unwrap_or(self.name)
    }

    /// Whether this owner's agent wrote it. The resource's name does not count: a group belongs to one resource of an agent,
    /// which may have been renamed.
    pub(super) fn is_of(&self, owner: &str) -> bool {
        owner.rsplit_once('@').is_some_and(|(agent, source)| self.agent() == agent && self.source == source)
    }
}

/// Whose deployments are ours: `AGENT@SOURCE`.
pub fn owner(context: &Context<'_>) -> String {
    format!("{}@{}", context.agent, source(context))
}

fn source<'a>(context: &Context<'a>) -> &'a str {
    context.source_hash.get(..8).unwrap_or(context.source_hash)
}

/// The mark of a deployment of `digest`, for the resource called `name`.
fn mark(digest: &str, name: &str, context: &Context<'_>, now: f64) -> String {
    let mut whose = format!("{}/{name}", context.agent);
    if whose.chars().count() > LONGEST_NAME {
        let hash: String = Sha256::digest(&whose).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        whose = format!("{}~{hash}", whose.chars().take(LONGEST_NAME - 9).collect::<String>());
    }
    format!("{BEGIN}{digest} {whose}@{} {} {}]", source(context), context.revision, now.max(0.0) as u64)
}

/// The declared description, cut where both do not fit, and the mark.
pub(super) fn description(declared: Option<&str>, digest: &str, name: &str, context: &Context<'_>, now: f64) -> String {
    let mark = mark(digest, name, context, now);
    let declared = declared.map(str::trim).unwrap_or_default();
    let room = LONGEST.saturating_sub(mark.chars().count() + 1);
    let kept: String = match declared.chars().count() {
        count if count <= room => declared.to_owned(),
        _ => declared.chars().take(room.saturating_sub(1)).chain(['…']).collect(),
    };
    if kept.is_empty() { mark } else { format!("{kept} {mark}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context<'a>(agent: &'a str, revision: &'a str) -> Context<'a> {
        let source_hash = "89abcdef0123456789abcdef01234567";
        Context {
            agent,
            source_hash,
            revision,
            region: "eu-central-1",
            account_id: None,
            last_write: None,
            equal: false,
            retry: false,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let context = context("production", "1f0c");
        let written = description(Some("Shop, spring sale"), "d1e5", "shop", &context, 1_800_000_000.4);
        assert_eq!(written, "Shop, spring sale [driftless:d1e5 production/shop@89abcdef 1f0c 1800000000]");
        let marker = Marker::read(&written).expect("a mark");
        assert_eq!(
            marker,
            Marker { digest: "d1e5", name: "production/shop", source: "89abcdef", revision: "1f0c", at: Some(1_800_000_000) }
        );
        assert!(marker.is_of(&owner(&context)));
        assert!(!marker.is_of("production@00000000"));
        assert!(!marker.is_of("staging@89abcdef"));
        assert_eq!(Marker::read("by hand"), None);
        assert_eq!(Marker::read("[driftless:d1e5]"), None);
    }

    #[test]
    fn nothing_is_longer_than_aws_takes() {
        let (agent, revision, digest) = ("a".repeat(63), "f".repeat(64), "d".repeat(32));
        let context = context(&agent, &revision);
        let long = "ü".repeat(256);
        let written = description(Some(&long), &digest, &"n".repeat(128), &context, 1e10);
        assert_eq!(written.chars().count(), LONGEST);
        let marker = Marker::read(&written).expect("a mark");
        assert_eq!((marker.digest, marker.revision, marker.agent()), (&*digest, &*revision, &*agent));
        let other = description(None, &digest, &format!("{}m", "n".repeat(127)), &context, 1e10);
        assert_ne!(Marker::read(&other).expect("a mark").name, marker.name, "cut names stay apart");
    }
}
