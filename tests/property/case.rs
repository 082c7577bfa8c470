//! One case: a resource, its first and its second version, and what is to become of each.

use serde_json::{Value, json};

use crate::documents;
use crate::draw::Draw;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Service,
    Task,
    Stack,
    Artifact,
    Deployment,
}

/// What somebody does to it behind the agent's back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    Nothing,
    /// A count, a parameter, the object itself, another deployment.
    Simple,
    /// Another network: with a rollout.
    Network,
    /// Another revision of the task definition.
    Revision,
}

/// What a stack's two versions show: where AWS gives `?` for what is not ASCII, they look the same.
pub const DISPLAYS: [&str; 2] = ["Übersicht ä", "Übersicht ö"];

pub struct Case {
    pub kind: Kind,
    pub name: String,
    /// AWS never shows it the same twice.
    pub unsettled: bool,
    /// The second version fails.
    pub fails: bool,
    /// It is there before the agent is, and somebody's operation on it is under way.
    pub foreign: bool,
    pub edit: Edit,
    /// The document of the first version, and of the second.
    pub manifests: [Value; 2],
}

impl Case {
    /// The case of this number in a round.
    pub fn drawn(seed: u64, number: usize) -> Case {
        let mut draw = Draw::new(seed.wrapping_mul(1_000).wrapping_add(number as u64));
        let kinds =
            [Kind::Service, Kind::Service, Kind::Service, Kind::Task, Kind::Stack, Kind::Stack, Kind::Artifact, Kind::Deployment];
        let kind = *draw.one(&kinds);
        let unsettled = kind == Kind::Service && draw.once_in(8);
        let fails = !unsettled && kind != Kind::Artifact && draw.once_in(4);
        let foreign = !unsettled && matches!(kind, Kind::Service | Kind::Stack | Kind::Deployment) && draw.once_in(4);
        let edit = match kind {
            _ if unsettled || fails => Edit::Nothing,
            Kind::Service => *draw.one(&[Edit::Nothing, Edit::Simple, Edit::Network, Edit::Revision]),
            Kind::Task => Edit::Nothing,
            _ => *draw.one(&[Edit::Nothing, Edit::Simple]),
        };
        let word = format!("{kind:?}").to_lowercase();
        let name = if unsettled { format!("{word}-unsettled-{number}") } else { format!("{word}-{number}") };
        let manifests = manifests(&mut draw, kind, &name, fails);
        Case { kind, name, unsettled, fails, foreign, edit, manifests }
    }

    /// As statuses name it.
    pub fn resource(&self) -> String {
        let kind = self.manifests[0]["kind"].as_str().expect("a kind");
        format!("{kind}/{}", self.name)
    }

    /// Whether the service runs on Fargate.
    pub fn fargate(&self) -> bool {
        self.manifests[0].pointer("/spec/taskDefinition/inline/networkMode").is_some()
    }

    /// The files of a version.
    pub fn files(&self, version: usize) -> Vec<(String, String)> {
        let mut files = vec![(format!("{}.yaml", self.name), format!("{:#}\n", self.manifests[version]))];
        match self.kind {
            Kind::Stack => files.push((format!("{}.template", self.name), documents::template(["Grüße", "Größe"][version]))),
            Kind::Artifact => files.push((format!("{}.txt", self.name), format!("{} {version}\n", self.name))),
            _ => {}
        }
        files
    }

    /// For whoever has to see why.
    pub fn told(&self, seed: u64) -> String {
        let Case { kind, name, unsettled, fails, foreign, edit, manifests } = self;
        format!(
            "DRIFTLESS_SEED={seed}: {name} ({kind:?}; unsettled: {unsettled}, fails: {fails}, foreign: {foreign}, edit: {edit:?})\n{}",
            manifests[0]["spec"]
        )
    }
}

fn manifest(kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": "driftless/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn manifests(draw: &mut Draw, kind: Kind, name: &str, fails: bool) -> [Value; 2] {
    match kind {
        Kind::Service => {
            let fargate = draw.once_in(2);
            let definition = documents::definition(draw, name, "registry.example.com/shop:1", fargate);
            let service = documents::service(draw, fargate);
            let version = |image: &str| {
                let mut definition = definition.clone();
                definition["containerDefinitions"][0]["image"] = image.into();
                let spec = json!({"cluster": "shop", "taskDefinition": {"inline": definition}, "service": {"inline": service}});
                manifest("EcsService", name, spec)
            };
            let second = if fails { "registry.example.com/shop:2-crash" } else { "registry.example.com/shop:2" };
            [version("registry.example.com/shop:1"), version(second)]
        }
        Kind::Task => {
            let definition = documents::definition(draw, name, "registry.example.com/job:1", true);
            let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-0a1b"], "securityGroups": ["sg-0a1b"]}});
            let version = |image: &str| {
                let mut definition = definition.clone();
                definition["containerDefinitions"][0]["image"] = image.into();
                let task = json!({"launchType": "FARGATE", "networkConfiguration": network});
                manifest(
                    "EcsTask",
                    name,
                    json!({"cluster": "shop", "taskDefinition": {"inline": definition}, "task": {"inline": task}}),
                )
            };
            let second = if fails { "registry.example.com/job:2-exit-3" } else { "registry.example.com/job:2" };
            [version("registry.example.com/job:1"), version(second)]
        }
        Kind::Stack => {
            let tagged = draw.once_in(2);
            let version = |display: &str| {
                let mut spec = json!({
                    "template": {"file": format!("{name}.template")},
                    "parameters": {"Name": name, "Display": display},
                });
                if tagged {
                    spec["tags"] = json!({"team": "Käufer", "cost-center": "A 1"});
                }
                manifest("CloudFormationStack", name, spec)
            };
            [version(DISPLAYS[0]), version(DISPLAYS[1])]
        }
        Kind::Artifact => {
            let spec = json!({"bucket": "artifacts", "source": {"path": format!("{name}.txt")}, "key": format!("{name}.txt")});
            let version = || manifest("S3Artifact", name, spec.clone());
            [version(), version()]
        }
        Kind::Deployment => {
            let version = |key: &str| {
                let location = json!({"bucket": "bundles", "key": key, "bundleType": "zip"});
                let revision = json!({"revisionType": "S3", "s3Location": location});
                let deployment = json!({"applicationName": "shop", "deploymentGroupName": name, "revision": revision});
                manifest("Ec2Deployment", name, json!({"deployment": {"inline": deployment}}))
            };
            [version("v1.zip"), version(if fails { "crash.zip" } else { "v2.zip" })]
        }
    }
}
