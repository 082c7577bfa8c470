//! Looks that write nothing: for `driftless plan` and `driftless status`.

use driftless_core::desired::{Outputs, Resource, Spec};
use driftless_core::graph;
use driftless_core::observed::Observation;
use driftless_core::plan::ahead::Ahead;
use driftless_core::plan::stack::StackStep;
use driftless_core::plan::{self, Plan, Step, Verdict};
use futures_util::future::join_all;

use super::pass::{Looked, tag_value};
use super::{Commit, Reconciler};

/// What one look found.
#[derive(Debug, Clone, PartialEq)]
pub struct Previewed {
    /// With what it takes from others in its place, as far as that could be told.
    pub resource: Resource,
    /// What would be done.
    pub plan: Plan,
    /// What AWS showed; None where it could not be asked yet.
    pub observed: Option<Observation>,
}

impl Reconciler {
    /// One look for `driftless plan` and `driftless status`: observes and decides, and writes nothing. `ahead` knows what was
    /// planned for the resources before it in the graph's order, and takes note of this one.
    pub async fn preview(&self, commit: &Commit, resource: &Resource, ahead: &Ahead) -> Previewed {
        let outputs = match resource.references.is_empty() {
            true => Outputs::new(),
            false => ahead.outputs(commit.outputs()),
        };
        let resolved = match commit.resolve_with(resource, &self.0.agent, &outputs) {
            Ok(resolved) => resolved,
            Err(verdict) => {
                let mut plan = Plan::new(&resource.id, verdict);
                ahead.qualify(resource, &mut plan, None);
                return Previewed { resource: resource.clone(), plan, observed: None };
            }
        };
        let providers = self.0.targets.of(&resolved);
        let mut looked = self.observe(commit, &resolved, providers).await;
        ahead.foresee(&looked.resource, &mut looked.observed);
        let plan = self.decide(commit, &looked, providers);
        let mut plan = plan.unwrap_or_else(|verdict| Plan::new(&resolved.id, verdict));
        let Looked { resource: resolved, observed, .. } = looked;
        // What a stack that is yet to be created gives is not known, nor what an artifact gives that is yet to be written:
        // whatever takes from it waits, or is told what stands for it.
        if !plan.outputs.is_empty() || (matches!(plan.verdict, Verdict::Ready { .. }) && !plan.writes()) {
            commit.give(&resolved.id, &plan.outputs);
        }
        ahead.qualify(&resolved, &mut plan, plan::meanwhile(&observed).as_deref());
        Previewed { resource: resolved, plan, observed: Some(observed) }
    }

    /// Looks at all that the commit declares, a layer of the graph after the other, as they would be made.
    pub async fn preview_all(&self, commit: &Commit) -> Vec<Previewed> {
        let resources = &commit.desired.resources;
        let mut ahead = Ahead::new(&commit.desired);
        let mut all = Vec::new();
        for layer in graph::order(resources) {
            let looks = layer.iter().map(|id| self.preview(commit, &resources[id], &ahead));
            let looked = join_all(looks).await;
            looked.iter().for_each(|one| ahead.note(&one.resource, &one.plan, one.observed.as_ref()));
            all.extend(looked);
        }
        all
    }

    /// `plan`, with AWS's own word on what a change of a stack would do (`driftless plan --change-set`). Writes, and takes it
    /// back: a change set is created and removed.
    pub async fn with_change_set(&self, commit: &Commit, resource: &Resource, plan: Plan) -> Plan {
        let asked = plan.steps.iter().find_map(|step| match step {
            Step::CloudFormation(StackStep::CreateChangeSet(asked)) => Some((**asked).clone()),
            _ => None,
        });
        let Some(asked) = asked else { return plan };
        let providers = self.0.targets.of(resource);
        let found = match providers.target().check_account().await {
            Ok(_) => providers.cloudformation().preview(&asked, self.0.pace).await,
            Err(error) => Err(error),
        };
        let change_set = match found {
            Ok(change_set) => change_set,
            Err(error) => return Plan { verdict: Verdict::Unknown { message: error.to_string() }, ..plan },
        };
        let Ok(resource) = commit.resolve(resource, &self.0.agent) else { return plan };
        let Looked { resource, observed, .. } = self.observe(commit, &resource, providers).await;
        let (Spec::CloudFormationStack(declared), Observation::CloudFormationStack(seen)) = (&resource.spec, &observed) else {
            return plan;
        };
        let revision = tag_value(commit);
        let context = self.context(&revision, &resource.id, providers);
        plan::stack::with_change_set(plan, &resource, declared, seen, &context, &change_set)
    }
}
