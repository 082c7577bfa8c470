//! The loop's other half: what left the source is deleted in AWS, where `reconcile.prune` says so.
//!
//! It looks when everything that the revision in force declares is Ready, and once each interval. So a rename has its new
//! thing before the old one goes, and a commit that fails deletes nothing. Like a pass it carries nothing over: the inventory
//! is read anew each time, and a delete that failed is found in it again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use driftless_core::desired::Spec;
use driftless_core::plan::stack::{StackStep, prune_token};
use driftless_core::plan::{self, EcsStep, Plan, Step, Verdict, tags};
use driftless_core::prune::{self, Asked, Item, Myself, PRUNING, Thing};
use driftless_core::resource::ResourceId;
use driftless_core::snapshot::Revision;
use futures_util::future::join_all;
use serde_json::json;

use super::history::Told;
use super::pass::tag_value;
use super::reading::Head;
use super::{Commit, Event, Reconciler};
use crate::aws::myself::OwnTask;
use crate::aws::providers::Made;

/// How late it is looked whether what was deleted is gone; sooner at first.
const AFTER_A_DELETE: Duration = Duration::from_secs(10);

/// How far pruning has come at a revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Pruned {
    /// Not looked yet, or something is still going.
    #[default]
    Pending,
    /// Nothing is left that may go.
    Done,
    /// Nothing is deleted, for this reason.
    Blocked(String),
}

/// What one look found.
#[derive(Debug, Clone, PartialEq)]
pub struct Pruning {
    /// What goes, dependents first.
    leavers: Vec<Leaver>,
    /// What left the source and stays, with the reason.
    pub kept: Vec<(ResourceId, String)>,
    /// Why nothing is deleted although something could be.
    pub blocked: Option<String>,
    /// How many of `leavers` go now; the others wait for those to be gone.
    now: usize,
}

impl Pruning {
    /// One for each thing that goes, dependents first.
    pub fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.leavers.iter().map(|leaver| &leaver.plan)
    }
}

/// One thing that goes.
#[derive(Debug, Clone, PartialEq)]
struct Leaver {
    /// Its deletion.
    plan: Plan,
    /// The name of its target.
    target: String,
    /// AWS is at it already.
    going: bool,
    /// Why its last deletion came to nothing.
    trouble: Option<String>,
}

impl Reconciler {
    /// Whether anything is ever deleted.
    pub fn prunes(&self) -> bool {
        self.0.agent.reconcile.prune
    }

    /// Deletes until the shutdown what leaves the source.
    pub(super) async fn keep_pruned(&self) {
        if !self.prunes() {
            return;
        }
        let interval = self.paced(self.0.agent.reconcile.interval);
        let (mut wait, mut looks) = (interval, 0_u64);
        loop {
            tokio::select! {
                () = self.0.shutdown.cancelled() => return,
                () = self.0.prune.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
            let commit = self.commit();
            let goes_on = commit.is_real() && commit.all_ready() && self.prune(&commit).await;
            looks = if goes_on { looks + 1 } else { 0 };
            wait = if goes_on { self.paced(Duration::from_secs(looks).min(AFTER_A_DELETE)) } else { interval };
        }
    }

    /// One look, and the deletions that can be made now. Whether something goes, so that to look again soon is worth it.
    async fn prune(&self, commit: &Arc<Commit>) -> bool {
        let Some(looked) = self.0.shutdown.run_until_cancelled(self.look_for_leavers(commit)).await else { return false };
        let pruning = match looked {
            // Its reads were given up.
            _ if self.0.shutdown.is_cancelled() => return false,
            Ok(pruning) => pruning,
            Err(why) => {
                tracing::warn!("nothing is pruned: {why}");
                commit.pruned(Pruned::Blocked(why));
                return false;
            }
        };
        for (id, reason) in &pruning.kept {
            tracing::info!(resource = %id, "left the source, and is kept: {reason}");
        }
        if let Some(why) = pruning.blocked {
            tracing::warn!("nothing is pruned: {why}");
            commit.pruned(Pruned::Blocked(why));
            return false;
        }
        if pruning.leavers.is_empty() {
            self.forget_the_gone(commit);
            commit.pruned(Pruned::Done);
            return false;
        }
        let now: Vec<&Leaver> = pruning.leavers.iter().take(pruning.now).filter(|leaver| !leaver.going).collect();
        if now.is_empty() {
            return true;
        }
        // A newer commit may have made what this one does not know: the source is read after the inventory.
        let Some(head) = self.0.shutdown.run_until_cancelled(self.head(commit)).await else { return false };
        if let Some(why) = not_at(&commit.desired.revision, head) {
            tracing::warn!("nothing is pruned: {why}");
            commit.pruned(Pruned::Blocked(why));
            return false;
        }
        let _writer = self.0.writers.acquire().await.expect("never closed");
        let mut failed = None;
        for leaver in now {
            if !self.is_in_force(commit) || self.0.shutdown.is_cancelled() {
                return true;
            }
            if let Err(why) = self.delete(commit, leaver).await {
                failed = Some(why);
            }
        }
        match failed {
            // It stays in the inventory, and is tried again.
            Some(why) => {
                commit.pruned(Pruned::Blocked(why));
                false
            }
            None => true,
        }
    }

    /// What has left the source, for `driftless plan` and for the loop. Writes nothing.
    ///
    /// # Errors
    /// A sentence: what could not be read. Half an inventory is none (rule 5).
    pub async fn look_for_leavers(&self, commit: &Commit) -> Result<Pruning, String> {
        let targets: Vec<_> = self.0.targets.all().collect();
        let looks = targets.iter().map(|providers| providers.inventory(&self.0.agent.name, &self.0.source_hash));
        let mut inventory = Vec::new();
        for items in join_all(looks).await {
            inventory.extend(items.map_err(|error| error.to_string())?);
        }
        let mut seen = std::collections::BTreeSet::new();
        // Two targets of one account and Region find the same things.
        inventory.retain(|item| seen.insert(item.arn.clone()));
        let mut deletions = self.look_at_left_artifacts(&mut inventory).await?;
        let myself = self.myself().await?;
        let depended_on = self.depended_on(&inventory).await?;
        let asked = Asked { message: commit.message(), myself: myself.as_ref(), depended_on };
        let revision = tag_value(commit);
        let pruned = prune::decide(&commit.desired, &inventory, &asked);
        let leaver = |(id, item): &(ResourceId, &Item)| Leaver {
            plan: deletions.remove(id).unwrap_or_else(|| deletion(id, item, &revision)),
            target: item.target.clone(),
            going: item.going,
            trouble: item.trouble.clone(),
        };
        let mut leavers: Vec<Leaver> = pruned.delete.iter().flatten().map(leaver).collect();
        for (leaver, (_, item)) in leavers.iter_mut().zip(pruned.delete.iter().flatten()) {
            if let Some(written) = item.tags.get(tags::REVISION) {
                leaver.plan.notes.extend(self.note(written, commit).await);
            }
        }
        Ok(Pruning { leavers, now: pruned.delete.first().map_or(0, Vec::len), kept: pruned.kept, blocked: pruned.blocked })
    }

    /// Adds the artifacts that left and still have objects of ours to the inventory; the plans that delete those, by resource.
    async fn look_at_left_artifacts(&self, inventory: &mut Vec<Item>) -> Result<BTreeMap<ResourceId, Plan>, String> {
        let left = self.0.left.lock().expect("not poisoned").artifacts.clone();
        let mut plans = BTreeMap::new();
        for (id, resource) in left {
            let Spec::S3Artifact(declared) = &resource.spec else { continue };
            let providers = self.0.targets.of(&resource);
            let observation = providers.s3().observe_all(declared).await;
            let revision = tag_value(&self.commit());
            let plan = plan::artifact::prune(&resource, declared, &observation, &self.context(&revision, &id, providers));
            if let Verdict::Unknown { message } = plan.verdict {
                return Err(message);
            }
            if plan.is_empty() {
                self.0.left.lock().expect("not poisoned").artifacts.remove(&id);
                continue;
            }
            inventory.push(Item::artifact(&resource, declared));
            let message = plan.verdict.standing().2.to_owned();
            let verdict = Verdict::Progressing { reason: PRUNING, message, requeue: AFTER_A_DELETE.as_secs() };
            plans.insert(id, Plan { verdict, ..plan });
        }
        Ok(plans)
    }

    /// One try. Err: it was refused, or the try before came to nothing; it is tried again at the next interval.
    async fn delete(&self, commit: &Arc<Commit>, leaver: &Leaver) -> Result<(), String> {
        let plan = &leaver.plan;
        let Some(providers) = self.0.targets.get(&leaver.target) else { return Ok(()) };
        self.emit(Event::Planned(plan.clone()));
        self.record(commit, &plan.resource, &plan.verdict, true);
        let outcome = async {
            providers.target().check_account().await?;
            let mut made = Made::default();
            for step in &plan.steps {
                let applied = providers.apply(step, &mut made).await?;
                let (resource, action) = (plan.resource.clone(), step.action());
                self.emit(Event::Applied { resource, action, arn: applied.arn });
            }
            Ok::<(), crate::aws::ProviderError>(())
        };
        let trouble = match outcome.await {
            Ok(()) => leaver.trouble.clone(),
            Err(error) => Some(error.to_string()),
        };
        let Some(trouble) = trouble else { return Ok(()) };
        let message = format!("it left the source and could not be deleted; it is tried again: {trouble}");
        self.record(commit, &plan.resource, &Verdict::Failed { reason: "PruneFailed", message: message.clone() }, true);
        Err(format!("{}: {message}", plan.resource))
    }

    /// Of what is no more, no status is kept.
    fn forget_the_gone(&self, commit: &Commit) {
        self.0.statuses.lock().expect("not poisoned").retain(|id, _| commit.declares(id));
    }

    /// The service that the agent runs in. Outside of ECS there is none.
    async fn myself(&self) -> Result<Option<Myself>, String> {
        let Some(uri) = &self.0.ecs_metadata_uri else { return Ok(None) };
        let task = OwnTask::ask(uri).await?;
        let Some(providers) = self.0.targets.all().find(|providers| task.is_in(providers.target().region())) else {
            return Ok(None);
        };
        providers.ecs().myself(&task).await.map(Some)
    }

    /// What depended on what when the things were last written: by the commits that their tags name, and by those that this
    /// process has had in force.
    async fn depended_on(&self, inventory: &[Item]) -> Result<BTreeMap<ResourceId, Vec<ResourceId>>, String> {
        let mut found = self.0.left.lock().expect("not poisoned").depended_on.clone();
        for item in inventory {
            let id: Option<ResourceId> = item.tags.get(tags::RESOURCE).and_then(|id| id.parse().ok());
            let (Some(id), Some(sha)) = (id, item.tags.get(tags::REVISION)) else { continue };
            if self.commit().declares(&id) || found.contains_key(&id) {
                continue;
            }
            match self.0.history.resource_at(&id, sha).await {
                Told::Known(resource) => drop(found.insert(id, resource.depends_on)),
                Told::Gone(_) => {}
                Told::Unknown(why) => {
                    return Err(format!(
                        "what {id} depended on, and so what goes first, is not known, as the commit that last wrote it cannot be read now: {why}"
                    ));
                }
            }
        }
        Ok(found)
    }
}

/// Why nothing is deleted at a revision, where the source is not at that.
fn not_at(revision: &Revision, head: Head) -> Option<String> {
    match head {
        Head::There => None,
        Head::Moved(to) => Some(format!(
            "the source has moved on to {}, and what {} does not declare may be what that has made; the newer revision is what to apply",
            to.short(),
            revision.short()
        )),
        Head::Unread(error) => Some(format!(
            "the source is read before anything is deleted, as a newer commit may want what left, and that cannot be done now: {error}"
        )),
    }
}

/// The one deletion.
fn deletion(id: &ResourceId, item: &Item, revision: &str) -> Plan {
    let (step, thing): (Step, String) = match &item.thing {
        // "If force is specified, you can delete a service even if it wasn't scaled down to zero tasks."
        // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html
        Thing::EcsService { cluster, name } => {
            let document = json!({"cluster": cluster, "service": name, "force": true});
            let document = document.as_object().cloned().unwrap_or_default();
            (EcsStep::DeleteService { document }.into(), format!("service `{name}` of the cluster `{cluster}`"))
        }
        // What is left of an artifact has its plan already.
        Thing::Objects { .. } => return Plan::new(id, Verdict::Ready { message: "nothing is left of it".into() }),
        Thing::Stack { name } => {
            let step = StackStep::DeleteStack { stack: item.arn.clone(), token: prune_token(&item.arn, attempt(item), revision) };
            (step.into(), format!("stack `{name}`"))
        }
    };
    let message = format!("{thing} is deleted, as {id} left the source");
    let mut plan = Plan::new(id, Verdict::Progressing { reason: PRUNING, message, requeue: AFTER_A_DELETE.as_secs() });
    plan.steps.push(step);
    plan.notes.push(format!("{id} is in no manifest any more"));
    plan
}

/// What tells a try from the next: AWS takes a token once, and a deletion that failed has to be asked for anew. That one has left
/// its time (DeletionTime, <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html>): as long as it is the
/// same, so is the token, and an answer that is late costs no second deletion.
fn attempt(item: &Item) -> u32 {
    // The lower half of its milliseconds: any number will do that is another one each time.
    let lower = |milliseconds: u64| milliseconds as u32;
    match (item.deletion, &item.trouble) {
        (Some(at), _) => lower((at * 1000.0) as u64),
        (None, None) => 0,
        // A server that keeps no time.
        (None, Some(_)) => lower(crate::clock::now()),
    }
}
