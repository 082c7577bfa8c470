//! What AWS really holds, and how it differs from what a commit declares.

use std::collections::BTreeMap;

use driftless_simulator::Simulator;
use serde_json::{Value, json};

use crate::tree::{Slot, Tree};

pub const CLUSTERS: [&str; 2] = ["shop", "other"];

/// An action of a service, as somebody at the console makes it. Null when it is refused.
pub fn ask(simulator: &Simulator, service: &str, action: &str, input: &Value) -> Value {
    simulator.quietly(service, action, input).unwrap_or_default()
}

/// The stacks that are there, by name: their status, and the parameter that carries their version.
pub fn stacks(simulator: &Simulator) -> BTreeMap<String, (String, String)> {
    let all = ask(simulator, "cloudformation", "DescribeStacks", &json!({}))["Stacks"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let display = |stack: &Value| {
        let parameters = stack["Parameters"].as_array().cloned().unwrap_or_default();
        let found = parameters.into_iter().find(|parameter| parameter["ParameterKey"] == "Display");
        text(&found.unwrap_or_default()["ParameterValue"])
    };
    all.iter().map(|stack| (text(&stack["StackName"]), (text(&stack["StackStatus"]), display(stack)))).collect()
}

/// The name at the end of an ARN.
pub fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Cluster and family, image, and ARN of the tasks whose family begins so, in both clusters.
pub fn tasks(simulator: &Simulator, family: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for cluster in CLUSTERS {
        for status in ["RUNNING", "STOPPED"] {
            let listed = simulator.plainly("ListTasks", &json!({"cluster": cluster, "desiredStatus": status}));
            let arns = listed["taskArns"].as_array().cloned().unwrap_or_default();
            if arns.is_empty() {
                continue;
            }
            let described = simulator.plainly("DescribeTasks", &json!({"cluster": cluster, "tasks": arns}));
            for task in described["tasks"].as_array().into_iter().flatten() {
                let definition = last(task["taskDefinitionArn"].as_str().unwrap_or_default()).to_owned();
                if definition.starts_with(family) {
                    let image = task["containers"][0]["image"].as_str().unwrap_or_default().to_owned();
                    // In another cluster it is another task.
                    let family = format!("{cluster}/{}", definition.split(':').next().unwrap_or_default());
                    found.push((family, image, task["taskArn"].as_str().unwrap_or_default().to_owned()));
                }
            }
        }
    }
    found
}

/// The active services of a cluster, by name.
pub fn services(simulator: &Simulator, cluster: &str) -> BTreeMap<String, Value> {
    let arns = simulator.plainly("ListServices", &json!({"cluster": cluster}))["serviceArns"].clone();
    if arns.as_array().is_none_or(Vec::is_empty) {
        return BTreeMap::new();
    }
    let described = simulator.plainly("DescribeServices", &json!({"cluster": cluster, "services": arns, "include": ["TAGS"]}));
    let services = described["services"].as_array().cloned().unwrap_or_default();
    let active = services.into_iter().filter(|service| service["status"] == "ACTIVE");
    active.map(|service| (service["serviceName"].as_str().unwrap_or_default().to_owned(), service)).collect()
}

/// The image that a service is at.
pub fn image(simulator: &Simulator, service: &Value) -> String {
    let definition = simulator.plainly("DescribeTaskDefinition", &json!({"taskDefinition": service["taskDefinition"]}));
    let image = &definition["taskDefinition"]["containerDefinitions"][0]["image"];
    image.as_str().unwrap_or_default().to_owned()
}

/// How AWS differs from what is declared; with `alone`, also by what is there besides. What waits for something that fails is
/// left out.
pub fn differences(simulator: &Simulator, tree: &Tree, alone: bool) -> Vec<String> {
    let mut differ = Vec::new();
    let crashes = |slot| tree.spec(slot).is_some_and(|spec| spec.crash);
    for cluster in CLUSTERS {
        let mut found = services(simulator, cluster);
        found.remove("theirs");
        for (slot, spec) in tree.declared.iter().filter(|(slot, _)| slot.is_service() && tree.cluster(**slot) == cluster) {
            let service = found.remove(&tree.name(*slot));
            if spec.crash || (*slot == Slot::Api && crashes(Slot::Migrate)) {
                continue;
            }
            let Some(service) = service else {
                differ.push(format!("{slot:?} is not there"));
                continue;
            };
            let image = image(simulator, &service);
            if image != tree.image(*slot) {
                differ.push(format!("{slot:?} is at {image}"));
            }
            if service["desiredCount"] != spec.count
                || service["enableExecuteCommand"].as_bool().unwrap_or_default() != spec.extra
            {
                differ.push(format!("{slot:?} has {} tasks, exec {}", service["desiredCount"], service["enableExecuteCommand"]));
            }
        }
        if alone {
            let ours = found.into_iter().filter(|(_, service)| is_ours(&service["tags"], "key"));
            differ.extend(ours.map(|(name, _)| format!("the service {name} is left in {cluster}")));
        }
    }
    if alone {
        let described = ask(simulator, "cloudformation", "DescribeStacks", &json!({}))["Stacks"].clone();
        let declared = tree.spec(Slot::Network).map(|_| tree.stack_name());
        let left = described.as_array().into_iter().flatten().filter(|stack| is_ours(&stack["Tags"], "Key"));
        let left = left.filter(|stack| stack["StackName"].as_str() != declared.as_deref());
        differ.extend(left.map(|stack| format!("the stack {} is left, {}", stack["StackName"], stack["StackStatus"])));
    }
    differ.extend(stack_differs(simulator, tree));
    differ.extend(object_differs(simulator, tree));
    differ.extend(fleet_differs(simulator, tree));
    differ
}

/// Whether it carries the agent's tags: what somebody else made may stay.
fn is_ours(tags: &Value, key: &str) -> bool {
    tags.as_array().into_iter().flatten().any(|tag| tag[key].as_str().is_some_and(|key| key.starts_with("driftless:")))
}

/// The agent's objects that nothing declares any more.
pub fn left_objects(simulator: &Simulator, tree: &Tree) -> Vec<String> {
    let declared = tree.spec(Slot::Bundle).map(|_| tree.key());
    let left = simulator.keys("artifacts").into_iter().filter(|key| Some(key) != declared.as_ref());
    let ours = |key: &String| {
        simulator.object("artifacts", key).is_some_and(|object| object.metadata.keys().any(|name| name.contains("driftless")))
    };
    left.filter(ours).map(|key| format!("the object {key} is left")).collect()
}

fn stack_differs(simulator: &Simulator, tree: &Tree) -> Option<String> {
    let spec = tree.spec(Slot::Network)?;
    let name = tree.stack_name();
    let (status, display) = stacks(simulator).remove(&name).unwrap_or_default();
    if !matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
        return Some(format!("the stack {name} is `{status}`"));
    }
    if display != spec.version.to_string() {
        return Some(format!("the stack {name} is at {display}"));
    }
    let queue = json!({"StackName": name, "LogicalResourceId": "Queue"});
    let queue = ask(simulator, "cloudformation", "DetectStackResourceDrift", &queue).to_string();
    let secret = format!("canary-noecho-{}", spec.secret);
    (!queue.contains(&secret)).then(|| format!("the stack {name} was not given the secret {}: {queue}", spec.secret))
}

fn object_differs(simulator: &Simulator, tree: &Tree) -> Option<String> {
    let spec = tree.spec(Slot::Bundle)?;
    let Some(object) = simulator.object("artifacts", &tree.key()) else { return Some(format!("no object {}", tree.key())) };
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(object.bytes.to_vec())).ok()?;
    let mut page = String::new();
    let _ = std::io::Read::read_to_string(&mut zip.by_name("index.html").ok()?, &mut page);
    (!page.starts_with(&format!("version {} of", spec.version))).then(|| format!("the object {} says {page:?}", tree.key()))
}

fn fleet_differs(simulator: &Simulator, tree: &Tree) -> Option<String> {
    let spec = tree.spec(Slot::Fleet).filter(|spec| !spec.crash)?;
    let newest = deployments(simulator).into_iter().next().unwrap_or_default();
    let key = match tree.spec(Slot::Bundle) {
        Some(_) => tree.key(),
        None => format!("v{}.zip", spec.version % 3),
    };
    let right = newest["revision"]["s3Location"]["key"] == key.as_str() && newest["status"] == "Succeeded";
    (!right)
        .then(|| format!("the fleet's newest deployment is {} of {}", newest["status"], newest["revision"]["s3Location"]["key"]))
}

/// The fleet's deployments, the newest first.
pub fn deployments(simulator: &Simulator) -> Vec<Value> {
    let group = json!({"applicationName": "shop", "deploymentGroupName": "fleet"});
    let ids = ask(simulator, "codedeploy", "ListDeployments", &group)["deployments"].as_array().cloned().unwrap_or_default();
    let info = |id: &Value| ask(simulator, "codedeploy", "GetDeployment", &json!({"deploymentId": id}))["deploymentInfo"].clone();
    ids.iter().map(info).collect()
}
