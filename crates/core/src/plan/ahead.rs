//! Planning a whole commit: each resource against what those it depends on will be once the commit is made.
//!
//! The agent looks at a resource when all that it depends on is Ready, so it never needs this. `plan` looks before anything
//! is written: what an artifact will give is not known yet and has to count as another value than the one of yesterday, and
//! what depends on something that failed is not going to be touched at all.

use std::collections::{BTreeMap, BTreeSet};

use super::{FAILED, NOT_READY, Plan, Verdict};
use crate::desired::{ArtifactPlace, Desired, Outputs, Resource, S3Artifact, Spec};
use crate::observed::{Observation, Observed, RevisionObject};
use crate::plan::{Step, artifact::ArtifactStep};
use crate::resource::ResourceId;

/// How a value begins that is known only later.
const LATER: &str = "(known when ";

/// What is known of the resources that were planned so far. Feed it in the graph's order.
#[derive(Debug, Clone, Default)]
pub struct Ahead {
    /// What they give, or what stands for it until it is known.
    outputs: Outputs,
    /// Those to be written first, or under way.
    pending: BTreeSet<ResourceId>,
    /// What each of the others waits for among those, also by way of others.
    awaited: BTreeMap<ResourceId, BTreeSet<ResourceId>>,
    /// Those that will not be Ready by this commit, and why not.
    stopped: BTreeMap<ResourceId, &'static str>,
    /// The objects to be written: bucket and key.
    pushed: BTreeMap<(String, String), ResourceId>,
}

impl Ahead {
    /// Before anything was planned.
    pub fn new(desired: &Desired) -> Self {
        Ahead {
            stopped: desired.refused.keys().map(|id| (id.clone(), "has an error in its manifest")).collect(),
            ..Ahead::default()
        }
    }

    /// What the resources give to others: `known`, and what is known better here.
    pub fn outputs(&self, known: Outputs) -> Outputs {
        known.into_iter().chain(self.outputs.clone()).collect()
    }

    /// `observation`, with the object that the commit writes in the place of the one that is there.
    pub fn foresee(&self, resource: &Resource, observation: &mut Observation) {
        if let (Spec::Ec2Deployment(declared), Observation::Ec2Deployment(observed)) = (&resource.spec, observation)
            && let Some((bucket, key)) = declared.unpinned()
            && let Some(artifact) = self.pushed.get(&(bucket.to_owned(), key.to_owned()))
            && resource.depends_on.contains(artifact)
        {
            // Whether its bucket keeps versions, an object that is there tells.
            let version = observed.object.present().is_none_or(|object| object.version.is_some()).then(|| later(artifact));
            observed.object = Observed::Present(RevisionObject { e_tag: later(artifact), version });
        }
    }

    /// Puts what the others' plans mean for this one into it. `meanwhile` says how the resource is, in half a sentence.
    pub fn qualify(&self, resource: &Resource, plan: &mut Plan, meanwhile: Option<&str>) {
        let stopped: Vec<(&ResourceId, &str)> =
            resource.depends_on.iter().filter_map(|id| Some((id, *self.stopped.get(id)?))).collect();
        let waits = matches!(plan.verdict, Verdict::Ready { .. } | Verdict::Progressing { .. } | Verdict::Waiting { .. });
        if waits && !stopped.is_empty() {
            plan.verdict = in_vain(&stopped, meanwhile);
            plan.steps.clear();
            return;
        }
        if matches!(plan.verdict, Verdict::Waiting { .. }) {
            return;
        }
        let awaited = self.awaited(resource);
        // What is missing may be what the commit makes.
        if matches!(&plan.verdict, Verdict::Stalled { reason, .. } if reason.ends_with("NotFound")) && !awaited.is_empty() {
            plan.verdict = in_turn(&awaited.iter().collect::<Vec<_>>());
            return;
        }
        plan.after = resource.depends_on.iter().filter(|id| self.pending.contains(id)).cloned().collect();
        let takes = |id: &&ResourceId| resource.references.iter().any(|reference| reference.resource == **id);
        let moving: Vec<String> =
            plan.after.iter().filter(takes).filter(|id| self.is_open(id)).map(ToString::to_string).collect();
        if !moving.is_empty() {
            plan.notes
                .push(format!("planned with what {} gives now; it is looked at again when that has changed", moving.join(", ")));
        }
    }

    fn awaited(&self, resource: &Resource) -> BTreeSet<ResourceId> {
        let own = resource.depends_on.iter().filter(|id| self.pending.contains(id)).cloned();
        own.chain(resource.depends_on.iter().filter_map(|id| self.awaited.get(id)).flatten().cloned()).collect()
    }

    /// Takes note of a resource, whose references have their values where they could be told, of its plan, and of what was
    /// observed of it, if it could be looked at.
    pub fn note(&mut self, resource: &Resource, plan: &Plan, observed: Option<&Observation>) {
        let id = &plan.resource;
        let stopped = match &plan.verdict {
            Verdict::Failed { .. } => Some("failed"),
            Verdict::Stalled { .. } => Some("needs a person first"),
            Verdict::Unknown { .. } => Some("could not be looked at"),
            Verdict::Waiting { reason, .. } if *reason == FAILED => Some("waits in vain itself"),
            _ => None,
        };
        let settled = matches!(plan.verdict, Verdict::Ready { .. }) && !plan.writes();
        self.awaited.insert(id.clone(), self.awaited(resource));
        if !plan.outputs.is_empty() || settled {
            self.outputs.insert(id.clone(), plan.outputs.clone());
        }
        match stopped {
            Some(why) => {
                self.stopped.insert(id.clone(), why);
            }
            None if !settled => {
                self.pending.insert(id.clone());
                if let (Spec::S3Artifact(declared), false) = (&resource.spec, matches!(plan.verdict, Verdict::Waiting { .. })) {
                    self.push(id, declared, plan, keeps_versions(declared, observed));
                }
            }
            None => {}
        }
    }

    /// What an artifact gives once it is written: the place is known, the content's marks are not.
    fn push(&mut self, id: &ResourceId, declared: &S3Artifact, plan: &Plan, versions: bool) {
        let (bucket, place) = (declared.bucket.clone(), declared.place.as_str().to_owned());
        let mut given = BTreeMap::from([("bucket".to_owned(), bucket.clone()), ("key".to_owned(), place.clone())]);
        if let ArtifactPlace::Key(_) = &declared.place {
            given.insert("etag".to_owned(), later(id));
            if versions {
                given.insert("versionId".to_owned(), later(id));
            }
            self.pushed.insert((bucket, place), id.clone());
        }
        for step in &plan.steps {
            let Step::S3(ArtifactStep::PutObjects { bucket, objects }) = step else { continue };
            self.pushed.extend(objects.iter().map(|put| ((bucket.clone(), put.key.clone()), id.clone())));
        }
        self.outputs.insert(id.clone(), given);
    }

    /// Whether what it gives are yesterday's values.
    fn is_open(&self, id: &ResourceId) -> bool {
        self.outputs.get(id).is_some_and(|given| !given.values().any(|value| is_later(value)))
    }
}

/// Whether the bucket keeps versions; where nothing is at the key yet, it may.
fn keeps_versions(declared: &S3Artifact, observed: Option<&Observation>) -> bool {
    let Some(Observation::S3Artifact(observed)) = observed else { return true };
    let object = observed.objects.present().and_then(|objects| objects.get(declared.place.as_str()));
    object.and_then(|object| object.head.as_ref()).is_none_or(|head| head.version_id.is_some())
}

/// It waits for what failed, or cannot come without a person.
pub fn in_vain(on: &[(&ResourceId, &str)], meanwhile: Option<&str>) -> Verdict {
    let on: Vec<String> = on.iter().map(|(id, why)| format!("{id}, which {why}")).collect();
    let meanwhile = meanwhile.map(|meanwhile| format!("; {meanwhile}")).unwrap_or_default();
    Verdict::Waiting { reason: FAILED, message: format!("waits for {}{meanwhile}", on.join(", and ")) }
}

/// It waits for what is on its way.
pub fn in_turn(on: &[&ResourceId]) -> Verdict {
    let on: Vec<String> = on.iter().map(ToString::to_string).collect();
    Verdict::Waiting { reason: NOT_READY, message: format!("waits for {}", on.join(", ")) }
}

/// It takes what is not there yet.
pub fn without(resource: &ResourceId, key: &str) -> Verdict {
    Verdict::Waiting { reason: NOT_READY, message: format!("waits for {resource}, of which it takes `{key}`") }
}

/// What stands for a value that a resource gives once it is written.
fn later(resource: &ResourceId) -> String {
    format!("{LATER}{resource} is there)")
}

/// Whether a text stands for what is not known yet.
pub(super) fn is_later(text: &str) -> bool {
    text.starts_with(LATER)
}

#[cfg(test)]
#[path = "ahead_tests.rs"]
mod tests;
