//! Whose an object is: our marker in its metadata, and whether this agent may write over it (rule 10).
//!
//! Tags would do as well, but cost a request each to read, and may be changed without the object; metadata is written with
//! the bytes in one call, and comes back with HeadObject.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>

use std::collections::BTreeMap;

use crate::desired::Resource;
use crate::observed::Item;
use crate::plan::{Context, Verdict};

/// SHA-256 of the object's bytes, 64 hex digits: what an ETag is only sometimes.
pub const SHA256: &str = "driftless-sha256";
/// Digest of what the object was made of, where that is compared in place of its bytes.
pub const INPUTS: &str = "driftless-inputs";
/// The id of the GitLab job it came from.
pub const JOB: &str = "driftless-job";
/// `metadata.name` of the agent.
pub const AGENT: &str = "driftless-agent";
/// Hash of the source's url, reference and path.
pub const SOURCE: &str = "driftless-source";
/// Kind and name.
pub const RESOURCE: &str = "driftless-resource";
/// The commit that wrote it; never compared.
pub const REVISION: &str = "driftless-revision";
/// When it was written, in seconds since the epoch on AWS's clock: an object with a later `Last-Modified` is a copy that somebody
/// made in its place, metadata and all.
pub const AT: &str = "driftless-at";
/// S3's spellings that are known of it: see `spelling.rs`.
pub const SPELLED: &str = "driftless-shown";

/// What the beginning of a metadata's name says: it is ours.
pub(crate) const OURS: &str = "driftless-";

/// Whose an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// This resource's.
    Us,
    /// Nobody's that we know of.
    Nobody,
}

/// Our metadata on an object that is written now, but for its SHA-256.
pub(super) fn of(resource: &Resource, item: &Item, context: &Context<'_>) -> BTreeMap<String, String> {
    let known = [
        (AGENT, Some(context.agent.to_owned())),
        (SOURCE, Some(context.source_hash.to_owned())),
        (RESOURCE, Some(resource.id.to_string())),
        (REVISION, Some(context.revision.to_owned())),
        (INPUTS, item.inputs.clone()),
        (JOB, item.job.clone()),
    ];
    known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// Reads an object's metadata; Err: it may not be written over. `object` is `s3://bucket/key`.
pub(super) fn owner(
    object: &str,
    resource: &Resource,
    metadata: &BTreeMap<String, String>,
    context: &Context<'_>,
) -> Result<Owner, Verdict> {
    let has = |key: &str, value: &str| metadata.get(key).is_some_and(|found| found == value);
    let Some(agent) = metadata.get(AGENT) else { return Ok(Owner::Nobody) };
    if agent != context.agent {
        return Err(Verdict::stalled(
            "OwnedByAnotherAgent",
            format!(
                "{object} is owned by the agent `{agent}` (metadata {AGENT}): remove it from that agent's source and delete \
                 the object, or name another key or prefix here"
            ),
        ));
    }
    if !has(SOURCE, context.source_hash) {
        return Err(Verdict::stalled(
            "AgentNameInUse",
            format!(
                "{object} is owned by an agent that is also called `{agent}` and reads another source (metadata {SOURCE}): \
                 give one of the two another `metadata.name`; if it is this agent and its source has moved, delete the object, \
                 and it is pushed anew"
            ),
        ));
    }
    match metadata.get(RESOURCE) {
        Some(other) if *other != resource.id.to_string() && !resource.adopt_force => Err(Verdict::stalled(
            "OwnedByAnotherResource",
            format!(
                "{object} is owned by {other} of this agent (metadata {RESOURCE}): two manifests may not name one object; if \
                 {other} was renamed, write `adopt: force` beside `spec`'s members once"
            ),
        )),
        _ => Ok(Owner::Us),
    }
}

/// Whether an object is this very resource's.
pub(super) fn is_ours(resource: &Resource, metadata: &BTreeMap<String, String>, context: &Context<'_>) -> bool {
    let has = |key: &str, value: &str| metadata.get(key).is_some_and(|found| found == value);
    has(AGENT, context.agent) && has(SOURCE, context.source_hash) && has(RESOURCE, &resource.id.to_string())
}
