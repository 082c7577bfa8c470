//! The loop's other half: what left the source is deleted in AWS, where `reconcile.prune` says so.
//!
//! It looks when everything that the revision in force declares is Ready, and once each interval. So a rename has its new
//! thing before the old one goes, and a commit that fails deletes nothing. Like a pass it carries nothing over: the inventory
//! is read anew each time, and a delete that failed is found in it again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use driftless_core::desired::Spec;
use driftless_core::plan::stack::{StackStep, prune_token};
use driftless_core::plan::{self, EcsStep, Plan, Step, Verdict, tags};
use driftless_core::prune::{self, Asked, Item, MOVING, Myself, PRUNING, Place, Thing};
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
use crate::shutdown::unless_stopped;

/// How late it is looked whether what was deleted is gone; sooner at first.
const AFTER_A_DELETE: Duration = Duration::from_secs(10);

/// What is told of a move while the old thing goes, and then.
const GOING: &str = "; the old one is being deleted";
const GONE: &str = "; the old one is deleted";

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
    /// What left the source and stays, in a sentence each.
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
    /// What its resource moves from and to, where it is declared.
    moves: Option<String>,
}

impl Reconciler {
    /// Whether anything is ever deleted.
    pub fn prunes(&self) -> bool {
        self.0.agent.reconcile.prune
    }

    /// Deletes until the shutdown what leaves the source.
    pub(super) async fn keep_pruned(&self) {
        if !self.prunes() {
            return self.keep_told().await;
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

    /// Where nothing is deleted: tells until the shutdown of what has moved what was left.
    async fn keep_told(&self) {
        loop {
            tokio::select! {
                () = self.0.shutdown.cancelled() => return,
                () = self.0.prune.notified() => {}
            }
            let commit = self.commit();
            if !(commit.is_real() && commit.all_ready()) {
                continue;
            }
            self.tell_of_deployments(&commit);
            let first = self.recall(&commit).await;
            if !(commit.has_created() || first) {
                continue;
            }
            match self.0.shutdown.run_until_cancelled(self.look_for_moves(&commit)).await {
                Some(Ok(moves)) => moves.into_iter().for_each(|(id, moves)| {
                    self.tell(&commit, &id, format!("moved from {moves}; the old one {}", Self::STAYS));
                }),
                Some(Err(why)) => tracing::info!("whether anything has moved is not known: {why}"),
                None => return,
            }
        }
    }

    /// Deployment groups and families are not deleted: what a deployment has moved from is told.
    fn tell_of_deployments(&self, commit: &Arc<Commit>) {
        let moved = self.0.left.lock().expect("not poisoned").deployed.clone();
        for (id, from) in moved {
            self.tell(commit, &id, format!("moved from {from}"));
        }
    }

    /// What becomes of what something moved from, where nothing is deleted.
    pub const STAYS: &str = "is left in AWS, as `reconcile.prune` is false: delete it by hand";

    /// What has moved, from where to where, and leaves something behind where nothing is deleted. Writes nothing.
    ///
    /// # Errors
    /// A sentence: what could not be read.
    pub async fn look_for_moves(&self, commit: &Commit) -> Result<Vec<(ResourceId, String)>, String> {
        let known: Vec<Thing> = commit.desired.resources.values().filter_map(Thing::of).collect();
        let mut inventory = self.inventory(Some(&known)).await?;
        self.recall(commit).await;
        self.look_at_left_artifacts(commit, &mut inventory).await?;
        let resolved = self.resolved(commit, &inventory);
        let asked = Asked { places: self.places(), resolved, ..Asked::default() };
        Ok(prune::moved(&commit.desired, &inventory, &asked))
    }

    async fn inventory(&self, known: Option<&[Thing]>) -> Result<Vec<Item>, String> {
        let targets: Vec<_> = self.0.targets.all().collect();
        let looks = targets.iter().map(|providers| providers.inventory(&self.0.agent.name, &self.0.source_hash, known));
        let mut inventory = Vec::new();
        for items in join_all(looks).await {
            inventory.extend(items.map_err(|error| error.to_string())?);
        }
        let mut seen = BTreeSet::new();
        // Two targets of one account and Region find the same things.
        inventory.retain(|item: &Item| seen.insert(item.arn.clone()));
        Ok(inventory)
    }

    /// One look, and the deletions that can be made now. Whether something goes, so that to look again soon is worth it.
    async fn prune(&self, commit: &Arc<Commit>) -> bool {
        let Some(looked) = unless_stopped(&self.0.shutdown, self.look_for_leavers(commit)).await else { return false };
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
            tracing::info!(resource = %id, "{reason}");
        }
        if let Some(why) = pruning.blocked {
            tracing::warn!("nothing is pruned: {why}");
            commit.pruned(Pruned::Blocked(why));
            return false;
        }
        self.tell_of_deployments(commit);
        if pruning.leavers.is_empty() {
            self.forget_the_gone(commit);
            for (id, told) in commit.all_told() {
                if let Some(moved) = told.strip_suffix(GOING) {
                    self.tell(commit, &id, format!("{moved}{GONE}"));
                }
            }
            commit.pruned(Pruned::Done);
            return false;
        }
        let now: Vec<&Leaver> = pruning.leavers.iter().take(pruning.now).filter(|leaver| !leaver.going).collect();
        if now.is_empty() {
            return true;
        }
        // A newer commit may have made what this one does not know: the source is read after the inventory.
        let Some(head) = unless_stopped(&self.0.shutdown, self.head(commit)).await else { return false };
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
        let mut inventory = self.inventory(None).await?;
        self.recall(commit).await;
        let resolved = self.resolved(commit, &inventory);
        let mut deletions = self.look_at_left_artifacts(commit, &mut inventory).await?;
        let myself = self.myself().await?;
        let depended_on = self.depended_on(&inventory).await?;
        let asked = Asked { message: commit.message(), myself: myself.as_ref(), depended_on, places: self.places(), resolved };
        let revision = tag_value(commit);
        let pruned = prune::decide(&commit.desired, &inventory, &asked);
        let leaver = |(id, item): &(ResourceId, &Item)| Leaver {
            plan: deletion(id, item, &revision, deletions.remove(&item.arn), prune::moves(id, item, &commit.desired, &asked)),
            moves: prune::moves(id, item, &commit.desired, &asked),
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
        let kept = pruned.kept.into_iter().map(|(id, reason)| {
            let told = if commit.declares(&id) { "what it was before it moved is kept" } else { "left the source, and is kept" };
            let told = format!("{told}: {reason}");
            (id, told)
        });
        Ok(Pruning { leavers, now: pruned.delete.first().map_or(0, Vec::len), kept: kept.collect(), blocked: pruned.blocked })
    }

    /// Adds the artifacts that left and still have objects of ours to the inventory; the plans that delete those, by resource.
    async fn look_at_left_artifacts(&self, commit: &Commit, inventory: &mut Vec<Item>) -> Result<BTreeMap<String, Plan>, String> {
        let left = self.0.left.lock().expect("not poisoned").artifacts.clone();
        let mut plans = BTreeMap::new();
        for resource in left {
            let id = resource.id.clone();
            let now = commit.desired.resources.get(&id).and_then(|now| commit.resolve(now, &self.0.agent).ok());
            let is_there = now.is_some_and(|now| Thing::of(&now) == Thing::of(&resource));
            let Spec::S3Artifact(declared) = &resource.spec else { continue };
            if is_there {
                continue;
            }
            let providers = self.0.targets.of(&resource);
            let observation = providers.s3().observe_all(declared).await;
            let revision = tag_value(&self.commit());
            let plan = plan::artifact::prune(&resource, declared, &observation, &self.context(&revision, &id, providers));
            if let Verdict::Unknown { message } = plan.verdict {
                return Err(message);
            }
            if plan.is_empty() {
                self.0.left.lock().expect("not poisoned").artifacts.retain(|one| *one != resource);
                continue;
            }
            let item = Item::artifact(&resource, declared);
            plans.insert(item.arn.clone(), plan);
            inventory.push(item);
        }
        Ok(plans)
    }

    /// One try. Err: it was refused, or the try before came to nothing; it is tried again at the next interval.
    async fn delete(&self, commit: &Arc<Commit>, leaver: &Leaver) -> Result<(), String> {
        let plan = &leaver.plan;
        let Some(providers) = self.0.targets.get(&leaver.target) else { return Ok(()) };
        self.emit(Event::Planned(plan.clone()));
        match &leaver.moves {
            // What is declared is Ready, and stays so.
            Some(moves) => self.tell(commit, &plan.resource, format!("moved from {moves}{GOING}")),
            None => self.record(commit, &plan.resource, &plan.verdict, true),
        }
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
            // It was not asked for, as the process ends.
            Err(error) if self.0.shutdown.is_cancelled() && !error.failure().lost => return Ok(()),
            Err(error) => Some(error.to_string()),
        };
        let Some(trouble) = trouble else { return Ok(()) };
        if let Some(moves) = &leaver.moves {
            let message = format!("moved from {moves}; the old one could not be deleted; it is tried again: {trouble}");
            self.tell(commit, &plan.resource, message.clone());
            return Err(format!("{}: {message}", plan.resource));
        }
        let message = format!("it left the source and could not be deleted; it is tried again: {trouble}");
        self.record(commit, &plan.resource, &Verdict::Failed { reason: "PruneFailed", message: message.clone() }, true);
        Err(format!("{}: {message}", plan.resource))
    }

    /// What a status says besides of a resource that has moved.
    fn tell(&self, commit: &Arc<Commit>, id: &ResourceId, told: String) {
        tracing::info!(resource = %id, "{told}");
        commit.tell(id, Some(told));
        if let Some(verdict) = commit.standing(id) {
            self.record(commit, id, &verdict, true);
        }
    }

    /// Where each target is, as far as that is known.
    fn places(&self) -> BTreeMap<String, Place> {
        let place = |target: &crate::aws::target::Target| Place {
            region: target.region().to_owned(),
            account: target.account_id().map(str::to_owned),
        };
        self.0.targets.all().map(|one| (one.target().name().to_owned(), place(one.target()))).collect()
    }

    /// What is declared with what it takes from others in its place: of the kinds of these things.
    fn resolved(&self, commit: &Commit, inventory: &[Item]) -> BTreeMap<ResourceId, driftless_core::desired::Resource> {
        let named: BTreeSet<ResourceId> =
            inventory.iter().filter_map(|item| item.tags.get(tags::RESOURCE)?.parse().ok()).collect();
        let leaves = named.iter().any(|id| !commit.declares(id));
        let open = commit.desired.resources.values().filter(|one| !one.references.is_empty());
        let wanted = open.filter(|one| leaves || named.contains(&one.id));
        wanted.filter_map(|one| Some((one.id.clone(), commit.resolve(one, &self.0.agent).ok()?))).collect()
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

/// The one deletion. `objects` deletes what is left of an artifact; `moves` says from where to where its resource has gone.
fn deletion(id: &ResourceId, item: &Item, revision: &str, objects: Option<Plan>, moves: Option<String>) -> Plan {
    let step: Step = match &item.thing {
        // "If force is specified, you can delete a service even if it wasn't scaled down to zero tasks."
        // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html
        Thing::EcsService { cluster, name } => {
            let document = json!({"cluster": cluster, "service": name, "force": true});
            let document = document.as_object().cloned().unwrap_or_default();
            EcsStep::DeleteService { document }.into()
        }
        Thing::Objects { .. } => {
            let plan = objects.unwrap_or_else(|| Plan::new(id, Verdict::Ready { message: "nothing is left of it".into() }));
            let (reason, message) = match moves {
                Some(moves) => (MOVING, moved(&moves)),
                None => (PRUNING, plan.verdict.standing().2.to_owned()),
            };
            return Plan { verdict: Verdict::Progressing { reason, message, requeue: AFTER_A_DELETE.as_secs() }, ..plan };
        }
        Thing::Stack { .. } => {
            StackStep::DeleteStack { stack: item.arn.clone(), token: prune_token(&item.arn, attempt(item), revision) }.into()
        }
    };
    let (reason, message) = match &moves {
        Some(moves) => (MOVING, moved(moves)),
        None => (PRUNING, format!("{} is deleted, as {id} left the source", item.thing)),
    };
    let mut plan = Plan::new(id, Verdict::Progressing { reason, message, requeue: AFTER_A_DELETE.as_secs() });
    plan.steps.push(step);
    plan.notes.extend(moves.is_none().then(|| format!("{id} is in no manifest any more")));
    plan
}

/// A move in a sentence.
fn moved(moves: &str) -> String {
    format!("moves from {moves}; the old one is deleted when the new one is Ready")
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
