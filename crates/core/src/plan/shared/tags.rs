//! Driftless's own tags, and the declared ones of a service or a task definition.
//!
//! A service carries:
//! - `driftless:agent`, `driftless:source`, `driftless:resource`: whose it is;
//! - `driftless:revision`: the commit that last wrote it; compared for order only (what a newer or unknown commit wrote is not
//!   undone before the source has been read again), never written by itself;
//! - `driftless:created`: `true` on a service that the agent created (not on an adopted one). Only there are AWS's
//!   defaults enforced;
//! - `driftless:declared`: a short digest of each declared member, for members that no answer shows;
//! - `driftless:spelling`: short hashes of what AWS shows otherwise than it was written (only where it does);
//! - `driftless:written`: the record of the last write: the deployment that it began, and how often its digest was written;
//! - `driftless:failed`: the digest of the resource whose rollout failed;
//! - `driftless:prune`: `disabled` where the annotation says so.
//!
//! A task definition revision carries the first four, and `driftless:definition`: the digest of what was registered,
//! for members that no answer shows. And `driftless:run/…` for each run of an `EcsTask`, see [`crate::plan::task`].

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::context::Context;
use crate::desired::Document;
use crate::resource::ResourceId;

/// `metadata.name` of the agent.
pub const AGENT: &str = "driftless:agent";
/// Hash of the source's url, reference and path.
pub const SOURCE: &str = "driftless:source";
/// Kind and name.
pub const RESOURCE: &str = "driftless:resource";
/// Of a stack: its name, when it was written. What inherits a stack's tags has another one.
pub const NAME: &str = "driftless:name";
/// The commit that last wrote it.
pub const REVISION: &str = "driftless:revision";
/// [`PRUNE_DISABLED`] or [`PRUNE_ENABLED`]: whether the thing may be deleted when it leaves the source. The manifest that
/// says so is gone by then, so that it stands here. Without it a service goes, and a stack stays.
pub const PRUNE: &str = "driftless:prune";
/// The annotation `driftless/prune: disabled`; of a stack `deletionPolicy: retain`, too.
pub const PRUNE_DISABLED: &str = "disabled";
/// Of a stack `deletionPolicy: delete`; of others, that the annotation was there once.
pub const PRUNE_ENABLED: &str = "enabled";
/// `true` on a service that the agent created.
pub const CREATED: &str = "driftless:created";
/// Short digests of the declared service's members.
pub const DECLARED: &str = "driftless:declared";
/// Short hashes of AWS's spellings.
pub const SPELLING: &str = "driftless:spelling";
/// The record of our last write.
pub const WRITTEN: &str = "driftless:written";
/// Digest of a registered task definition.
pub const DEFINITION: &str = "driftless:definition";
/// Digest of the resource whose rollout failed.
pub const FAILED: &str = "driftless:failed";

/// How many of these a service carries at most: all of the above but [`DEFINITION`]. Whoever adds a tag to services counts it here:
/// AWS takes 50 on a resource, and a manifest may declare what is left.
pub const ON_SERVICE: usize = 10;
/// Likewise a task definition: whose it is, its revision and [`DEFINITION`].
pub const ON_DEFINITION: usize = 5;
/// Records of an `EcsTask`'s runs that a task definition carries besides: ten, and the one that is written.
pub const RUNS: usize = 11;
/// Likewise a task: whose it is.
pub const ON_TASK: usize = 3;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// The list `[{key, value}]` as a map; "an optional value" is empty when left out.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>
pub fn read(list: Option<&Value>) -> Tags {
    let text = |tag: &Value, member: &str| tag.get(member).and_then(Value::as_str).map(str::to_owned);
    let tags = list.and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(|tag| Some((text(tag, "key")?, text(tag, "value").unwrap_or_default()))).collect()
}

/// The map as a list.
pub fn write(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// Without AWS's own and ours: what a manifest's `tags` are compared with.
pub(in crate::plan) fn peoples(tags: &Tags) -> Tags {
    tags.iter()
        .filter(|(key, _)| !key.starts_with("aws:") && !key.starts_with("driftless:"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The document's `tags`, if it declares any.
pub(in crate::plan) fn declared(document: &Document) -> Option<Tags> {
    document.get("tags").filter(|tags| !tags.is_null()).map(|tags| peoples(&read(Some(tags))))
}

/// Whose a thing is.
pub(in crate::plan) fn ownership(resource: &ResourceId, context: &Context) -> Tags {
    [(AGENT, context.agent.to_owned()), (SOURCE, context.source_hash.to_owned()), (RESOURCE, resource.to_string())]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
