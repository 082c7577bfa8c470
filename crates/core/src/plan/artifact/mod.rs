//! What to do about the difference between a declared `S3Artifact` and what its bucket holds.
//!
//! An object is as declared when its bytes are (by the SHA-256 that was written with it), and what is declared of its
//! metadata. `Content-Type`, `Cache-Control` and metadata that are not declared have S3's defaults on an object of ours, so
//! what leaves the manifest leaves the object; storage class and encryption belong to lifecycle rules and to the bucket unless
//! declared. Every write is conditional on what was seen, so that two writers never mix.

mod bundle;
mod compare;
mod marker;
mod prune;
mod spelling;
pub(crate) mod step;

use std::collections::BTreeMap;

use serde_json::json;

use crate::count::counted;
use crate::desired::{ArtifactPlace, Resource, S3Artifact};
use crate::observed::{ArtifactObservation, Content, Item, ObjectHead, Observed, StoredObject};
use crate::plan::{Cause, Change, Context, Plan, Verdict};
use crate::secret::Shown;
use compare::removal;
use marker::Owner;
use spelling::Spelling;

pub use marker::{AGENT, AT, INPUTS, JOB, RESOURCE, REVISION, SHA256, SOURCE, SPELLED};
pub use prune::prune;
pub use step::{ArtifactStep, Delete, Put};

/// Lines of the diff that are shown of one folder; the rest is counted.
const SHOWN: usize = 50;

/// Seconds until a job that runs is asked about again.
const JOB_REQUEUE: u64 = 10;

type Objects = BTreeMap<String, StoredObject>;

/// What to do where two writes have not made AWS show what is declared.
pub(super) const NOT_CONVERGING: &str = "Look who else writes these objects: a key of a bucket belongs to one writer";

/// How many can be looked at in a second with half of what AWS's request quotas give: a listing, and a HEAD for what it does not settle.
pub(super) const LOOKS_A_SECOND: f64 = 50.0;

/// Decides what to write for an object or folder of a bucket.
pub fn plan(resource: &Resource, declared: &S3Artifact, observation: &ArtifactObservation, context: &Context<'_>) -> Plan {
    let empty = |verdict| Plan::new(&resource.id, verdict);
    let objects = match &observation.objects {
        Observed::Present(objects) => objects,
        Observed::Absent => &Objects::new(),
        Observed::Unknown(message) => return empty(Verdict::Unknown { message: message.clone() }),
    };
    let items = match &observation.content {
        Content::Present(items) => items,
        Content::NotYet { message } => {
            let reason = "JobNotFinished";
            return empty(Verdict::Progressing { reason, message: message.clone(), requeue: JOB_REQUEUE });
        }
        Content::Missing { reason, message, job } => {
            return expired(resource, declared, objects, job.as_deref(), context)
                .unwrap_or_else(|| empty(Verdict::Stalled { reason, message: message.clone() }));
        }
        Content::Unknown(message) => return empty(Verdict::Unknown { message: message.clone() }),
    };
    if items.is_empty() {
        return empty(Verdict::stalled(
            "EmptyArtifact",
            "no file is left to push: the folder is empty, or `sync.exclude` leaves out all of it; nothing is written, and nothing is deleted",
        ));
    }
    let mut decided = Decided {
        resource,
        declared,
        context,
        plan: empty(Verdict::Ready { message: ready(declared, items) }),
        now: observation.now,
        puts: vec![],
        adopted: 0,
        spelled: BTreeMap::new(),
    };
    if let Err(verdict) = decided.puts(items, objects) {
        return empty(verdict);
    }
    let deletes = if declared.sync.delete { decided.deletes(items, objects) } else { vec![] };
    decided.steps(observation, deletes);
    let mut plan = decided.plan;
    if plan.steps.is_empty() {
        plan.outputs = outputs(declared, objects);
    }
    plan
}

/// The commit that last wrote it, where AWS keeps it for us: a folder's objects are of many commits.
pub fn written_at(observed: &ArtifactObservation) -> Option<&str> {
    let objects = observed.objects.present()?;
    let [object] = objects.values().collect::<Vec<_>>()[..] else { return None };
    object.head.as_ref()?.metadata.get(REVISION).map(String::as_str)
}

/// See [`compared_with`](crate::plan::compared_with): AWS shows all of it.
pub fn compared_with<'o>(_: &S3Artifact, _: &'o ArtifactObservation) -> Option<&'o str> {
    None
}

/// How the artifact goes on while it waits for another resource.
pub fn meanwhile(observed: &ArtifactObservation) -> Option<String> {
    match &observed.objects {
        Observed::Present(objects) if !objects.is_empty() => Some("what is in the bucket stays".to_owned()),
        Observed::Present(_) | Observed::Absent => Some("not created yet".to_owned()),
        Observed::Unknown(_) => None,
    }
}

/// A plan in the making.
struct Decided<'a> {
    resource: &'a Resource,
    declared: &'a S3Artifact,
    context: &'a Context<'a>,
    plan: Plan,
    now: f64,
    puts: Vec<Put>,
    adopted: usize,
    /// What S3 shows otherwise than it was sent, and on how many objects.
    spelled: BTreeMap<String, usize>,
}

impl Decided<'_> {
    fn puts(&mut self, items: &BTreeMap<String, Item>, objects: &Objects) -> Result<(), Verdict> {
        for (key, item) in items {
            let Some(object) = objects.get(key) else {
                self.put(key, item, None, None);
                self.change(Change {
                    path: format!("/{}", compare::escaped(key)),
                    old: None,
                    new: Some(Shown::Plain(item.bytes.map_or(json!("an archive"), |bytes| json!(counted(bytes, "byte"))))),
                    cause: Cause::Declared,
                    deploys: false,
                });
                continue;
            };
            let place = format!("s3://{}/{key}", self.declared.bucket);
            let Some(head) = &object.head else {
                return Err(Verdict::Unknown { message: format!("{place} was listed and not looked at; the agent looks again") });
            };
            let (changes, shown) = self.compared(&place, key, item, object, head)?;
            if !changes.is_empty() {
                self.put(key, item, Some(object.etag.clone()), shown);
                changes.into_iter().for_each(|change| self.change(change));
            }
        }
        Ok(())
    }

    /// What has to be written over, and the spellings that the object is to remember.
    fn compared(
        &mut self,
        place: &str,
        key: &str,
        item: &Item,
        object: &StoredObject,
        head: &ObjectHead,
    ) -> Result<(Vec<Change>, Option<String>), Verdict> {
        let owner = marker::owner(place, self.resource, &head.metadata, self.context)?;
        let ours = owner != Owner::Nobody && marker::is_ours(self.resource, &head.metadata, self.context);
        let spelling = Spelling::of(object, head, &self.declared.sync, item);
        let found = compare::differences(key, &self.declared.sync, item, object, head);
        let (known, found): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(member, change)| ours && *member != compare::CONTENT && spelling.knows(member, change));
        for (member, change) in known {
            let shown = |value: &Option<Shown>| value.as_ref().map_or("nothing".to_owned(), |value| format!("`{value}`"));
            let note = format!("S3 shows {} for {} ({member})", shown(&change.old), shown(&change.new));
            *self.spelled.entry(note.replace(['"'], "")).or_default() += 1;
        }
        if ours && spelling.is_second() && !found.is_empty() && !self.context.retry {
            return Err(not_converging(place, self.resource, found.iter().map(|(_, change)| change)));
        }
        let noted = found.iter().filter(|(member, _)| ours && *member != compare::CONTENT);
        let shown = spelling.noting(noted.map(|(member, change)| (member.as_str(), change)));
        let mut changes: Vec<Change> = found.into_iter().map(|(_, change)| change).collect();
        if !ours {
            self.adopted += 1;
            let path = format!("/{}/metadata/{RESOURCE}", compare::escaped(key));
            let old = head.metadata.get(RESOURCE).map(|old| Shown::Plain(json!(old)));
            let new = Some(Shown::Plain(json!(self.resource.id.to_string())));
            changes.push(Change { path, old, new, cause: Cause::Ownership, deploys: false });
        }
        Ok((changes, shown.filter(|_| ours)))
    }

    fn put(&mut self, key: &str, item: &Item, replaces: Option<String>, shown: Option<String>) {
        self.plan.notes.extend(bundle::misplaced(item));
        let sync = &self.declared.sync;
        let mut metadata = sync.metadata.clone();
        metadata.extend(marker::of(self.resource, item, self.context));
        metadata.insert(AT.to_owned(), (self.now.max(0.0) as u64).to_string());
        metadata.extend(shown.map(|shown| (SPELLED.to_owned(), shown)));
        self.puts.push(Put {
            key: key.to_owned(),
            item: item.clone(),
            replaces,
            content_type: compare::content_type(sync, item),
            cache_control: sync.cache_control.clone(),
            metadata,
            storage_class: sync.storage_class.clone(),
            server_side_encryption: sync.server_side_encryption.clone(),
            sse_kms_key_id: sync.sse_kms_key_id.clone(),
        });
    }

    /// What is under the prefix, ours, and no longer in the folder. What `sync.exclude` names is on neither side: "files excluded
    /// by filters are excluded from deletion", <https://docs.aws.amazon.com/cli/latest/reference/s3/sync.html>.
    fn deletes(&mut self, items: &BTreeMap<String, Item>, objects: &Objects) -> Vec<Delete> {
        let meant = self.declared.meant();
        let gone = objects.iter().filter(|(key, object)| {
            let ours = |head: &ObjectHead| marker::is_ours(self.resource, &head.metadata, self.context);
            !items.contains_key(*key) && meant(key) && object.head.as_ref().is_some_and(ours)
        });
        let gone: Vec<Delete> = gone.map(|(key, object)| Delete { key: key.clone(), etag: object.etag.clone() }).collect();
        for delete in &gone {
            self.change(removal(&delete.key, &objects[&delete.key]));
        }
        gone
    }

    fn change(&mut self, change: Change) {
        self.plan.changes.push(change);
    }

    fn steps(&mut self, observation: &ArtifactObservation, deletes: Vec<Delete>) {
        let bucket = &self.declared.bucket;
        if !observation.unfinished.is_empty() {
            let count = observation.unfinished.len();
            self.plan.notes.push(format!("{} left unfinished by an agent that ended: aborted", counted(count, "upload")));
            let uploads = observation.unfinished.clone();
            self.plan.steps.push(ArtifactStep::AbortUploads { bucket: bucket.clone(), uploads }.into());
        }
        for (note, count) in std::mem::take(&mut self.spelled) {
            let of = if count > 1 { format!(", on {}", counted(count, "object")) } else { String::new() };
            self.plan.notes.push(format!("{note}{of}: that is how it spells what was sent, and it is left so"));
        }
        if self.adopted > 0 {
            let text = format!("{} without this resource's marker: adopted, and written over", counted(self.adopted, "object"));
            self.plan.notes.push(text);
        }
        if !self.puts.is_empty() {
            let objects = std::mem::take(&mut self.puts);
            self.plan.steps.push(ArtifactStep::PutObjects { bucket: bucket.clone(), objects }.into());
        }
        if !deletes.is_empty() {
            self.plan.steps.push(ArtifactStep::DeleteObjects { bucket: bucket.clone(), objects: deletes }.into());
        }
        let more = self.plan.changes.len().saturating_sub(SHOWN);
        if more > 0 {
            self.plan.changes.truncate(SHOWN);
            self.plan.notes.push(format!("and {} more", counted(more, "change")));
        }
    }
}

/// Two objects were written for what is declared, and each is shown in another way.
fn not_converging<'c>(place: &str, resource: &Resource, found: impl Iterator<Item = &'c Change>) -> Verdict {
    let shown = |value: &Option<Shown>| value.as_ref().map_or("nothing".to_owned(), |value| format!("{value}"));
    let what: Vec<String> =
        found.map(|change| format!("`{}` is {} and should be {}", change.path, shown(&change.old), shown(&change.new))).collect();
    let message = format!(
        "{place} was written twice, and S3 shows something else each time: {}; it is not written a third time. {}; then change the \
         manifest, or `driftless retry {}`",
        what.join("; "),
        NOT_CONVERGING,
        resource.id
    );
    Verdict::stalled("NotConverging", message)
}

/// GitLab deletes a job's files after a while ("expire_in", 30 days unless it says otherwise:
/// <https://docs.gitlab.com/ci/yaml/#artifactsexpire_in>). What of that very job is in the bucket stays as declared.
fn expired(
    resource: &Resource,
    declared: &S3Artifact,
    objects: &Objects,
    job: Option<&str>,
    context: &Context<'_>,
) -> Option<Plan> {
    let job = job?;
    let of_job = |object: &&StoredObject| {
        let head = object.head.as_ref();
        head.is_some_and(|head| {
            marker::is_ours(resource, &head.metadata, context) && head.metadata.get(JOB).is_some_and(|found| found == job)
        })
    };
    let kept = objects.values().filter(of_job).count();
    if kept == 0 {
        return None;
    }
    let what = counted(kept, "object");
    let message = format!(
        "GitLab no longer has the files of job {job}; {what} of it in s3://{}/{}",
        declared.bucket,
        declared.place.as_str()
    );
    let mut plan = Plan::new(&resource.id, Verdict::Ready { message });
    plan.outputs = outputs(declared, objects);
    Some(plan)
}

fn ready(declared: &S3Artifact, items: &BTreeMap<String, Item>) -> String {
    let place = format!("s3://{}/{}", declared.bucket, declared.place.as_str());
    match &declared.place {
        ArtifactPlace::Key(_) => format!("{place} is as declared"),
        ArtifactPlace::Prefix(_) => format!("{place} has {} as declared", counted(items.len(), "object")),
    }
}

/// `${artifact.NAME.…}`. A folder gives its bucket and, as `key`, its prefix; an object also its ETag without the quotes, and
/// its version where the bucket keeps versions (`null` is what S3 calls the only one of a bucket that no longer does).
fn outputs(declared: &S3Artifact, objects: &Objects) -> BTreeMap<String, String> {
    let mut given =
        BTreeMap::from([("bucket".to_owned(), declared.bucket.clone()), ("key".to_owned(), declared.place.as_str().to_owned())]);
    if let ArtifactPlace::Key(key) = &declared.place
        && let Some(object) = objects.get(key)
    {
        given.insert("etag".to_owned(), object.etag.trim_matches('"').to_owned());
        let version = object.head.as_ref().and_then(|head| head.version_id.clone()).filter(|version| version != "null");
        given.extend(version.map(|version| ("versionId".to_owned(), version)));
    }
    given
}
