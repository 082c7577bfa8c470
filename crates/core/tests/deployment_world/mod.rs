//! A deployment group as AWS describes it, one deployment after the other.

use crate::plan_whole::whole;
use driftless_core::desired::{Ec2Deployment, Resource, Spec};
use driftless_core::location::Location;
use driftless_core::observed::{DeploymentObservation, Observation, Observed, RevisionObject};
use driftless_core::plan::deployment::{DeploymentStep, owner};
use driftless_core::plan::{Context, Plan, Step, plan};
use driftless_core::resource::{Kind, ResourceId};
use serde_json::{Value, json};

/// AWS's clock in these tests.
pub const NOW: f64 = 1_800_000_000.0;

pub fn context() -> Context<'static> {
    Context {
        agent: "production",
        source_hash: "89abcdef0123456789abcdef01234567",
        revision: "1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c",
        region: "eu-central-1",
        account_id: None,
        last_write: None,
        equal: false,
        retry: false,
    }
}

/// The bundle with this ETag, under one and the same key.
pub fn revision(tag: &str) -> Value {
    json!({"revisionType": "S3", "s3Location": {"bucket": "artifacts", "key": "app.zip", "bundleType": "zip", "eTag": tag}})
}

/// A document of the bundle `tag`; `more` is laid over it.
pub fn declared(tag: &str, more: Value) -> Ec2Deployment {
    let mut document = json!({"applicationName": "shop", "deploymentGroupName": "web", "revision": revision(tag)});
    for (member, value) in more.as_object().into_iter().flatten() {
        document[member] = value.clone();
    }
    Ec2Deployment {
        application: "shop".into(),
        group: "web".into(),
        deployment: document.as_object().expect("an object").into(),
        timeout: Ec2Deployment::TIMEOUT,
    }
}

/// A group with no deployment yet.
pub struct World {
    pub observed: DeploymentObservation,
    pub context: Context<'static>,
}

impl World {
    pub fn new() -> World {
        let mut observed = DeploymentObservation::new(owner(&context()), NOW);
        observed.group = Observed::Present(json!({"computePlatform": "Server"}));
        observed.history = true;
        World { observed, context: context() }
    }

    /// A deployment of `tag` that began so many seconds ago; `more` is laid over it.
    pub fn had(mut self, id: &str, tag: &str, status: &str, ago: f64, more: Value) -> World {
        let mut info = json!({"applicationName": "shop", "deploymentGroupName": "web", "deploymentId": id, "status": status,
            "revision": revision(tag), "createTime": NOW - ago, "creator": "user"});
        for (member, value) in more.as_object().into_iter().flatten() {
            info[member] = value.clone();
        }
        self.observed.deployments.push(info);
        self
    }

    /// One that the agent made, of the document `declared(tag, more)`.
    pub fn had_own(self, id: &str, tag: &str, status: &str, ago: f64, more: Value) -> World {
        let mut info = document_sent_at(NOW - ago, tag, more.clone());
        let sent = info.as_object_mut().expect("an object");
        sent.remove("applicationName");
        self.had(id, tag, status, ago, info)
    }

    pub fn object(mut self, tag: &str, version: Option<&str>) -> World {
        self.observed.object = Observed::Present(RevisionObject { e_tag: tag.into(), version: version.map(str::to_owned) });
        self
    }

    pub fn plan(&self, declared: &Ec2Deployment) -> Plan {
        whole(plan(&resource(declared), &Observation::Ec2Deployment(self.observed.clone()), &self.context))
    }
}

pub fn resource(declared: &Ec2Deployment) -> Resource {
    let id = ResourceId::new(Kind::Ec2Deployment, "web");
    Resource::new(id, Location::new("web.yaml", 1, 1), "prod", Spec::Ec2Deployment(declared.clone()))
}

/// What the agent sends for the document, its mark included.
pub fn document_sent(tag: &str, more: Value) -> Value {
    document_sent_at(NOW, tag, more)
}

/// The same, sent at another time.
pub fn document_sent_at(now: f64, tag: &str, more: Value) -> Value {
    let mut world = World::new();
    world.observed.now = now;
    let plan = world.plan(&declared(tag, more));
    match &plan.steps[..] {
        [Step::CodeDeploy(DeploymentStep::CreateDeployment { document, .. })] => Value::Object(document.clone()),
        steps => panic!("{steps:?}"),
    }
}

/// The actions, the word of the verdict and its reason: `CreateDeployment | Progressing Deploying`.
pub fn told(plan: &Plan) -> String {
    let actions: Vec<&str> = plan.steps.iter().map(Step::action).collect();
    let (phase, reason, _) = plan.verdict.standing();
    format!("{} | {phase:?} {reason}", if actions.is_empty() { "nothing".to_owned() } else { actions.join(", ") })
}

pub fn message(plan: &Plan) -> String {
    plan.verdict.standing().2.to_owned()
}
