//! What to delete of an `S3Artifact` that no manifest declares any more: exactly the objects that carry its marker.
//!
//! No API finds objects by their metadata, and the tagging API knows buckets only, so the caller has to know where to look:
//! the bucket and the key or prefix that the resource had when it was last declared.

use super::compare::removal;
use super::marker;
use super::step::{ArtifactStep, Delete};
use crate::count::counted;
use crate::desired::{Resource, S3Artifact};
use crate::observed::{ArtifactObservation, ObjectHead, Observed};
use crate::plan::{Context, Plan, Verdict};

/// Deletes what is ours. `resource` is the resource as it was last declared; of the observation only `objects` counts, all of
/// them with their heads.
pub fn prune(resource: &Resource, declared: &S3Artifact, observation: &ArtifactObservation, context: &Context<'_>) -> Plan {
    let objects = match &observation.objects {
        Observed::Present(objects) => objects,
        Observed::Absent => return Plan::new(&resource.id, Verdict::Ready { message: "nothing is left of it".into() }),
        Observed::Unknown(message) => return Plan::new(&resource.id, Verdict::Unknown { message: message.clone() }),
    };
    let ours = |head: &ObjectHead| marker::is_ours(resource, &head.metadata, context);
    let meant = declared.meant();
    let gone = objects.iter().filter(|(key, object)| meant(key) && object.head.as_ref().is_some_and(ours));
    let gone: Vec<Delete> = gone.map(|(key, object)| Delete { key: key.clone(), etag: object.etag.clone() }).collect();
    let place = format!("s3://{}/{}", declared.bucket, declared.place.as_str());
    let message = format!("{} of it deleted at {place}", counted(gone.len(), "object"));
    let mut plan = Plan::new(&resource.id, Verdict::Ready { message });
    if gone.is_empty() {
        return plan;
    }
    plan.changes.extend(gone.iter().map(|delete| removal(&delete.key, &objects[&delete.key])));
    plan.steps.push(ArtifactStep::DeleteObjects { bucket: declared.bucket.clone(), objects: gone }.into());
    plan
}
