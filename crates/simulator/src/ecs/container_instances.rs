//! Container instances: every cluster has the same few, and each has room for everything.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html>

use serde_json::{Value, json};

use crate::clock::Seconds;

use super::{Answer, AwsError, Members, State, names, paging, text, texts};

impl State {
    fn instances_of(&self, cluster: &str) -> Vec<String> {
        let arn = |number| self.names.arn(&format!("container-instance/{cluster}/{number:032x}"));
        (1..=self.container_instances).map(arn).collect()
    }

    pub(super) fn list_container_instances(&mut self, input: &Members) -> Answer {
        let cluster = self.cluster(input)?;
        let active = matches!(text(input, "status"), None | Some("ACTIVE"));
        let arns = if active { self.instances_of(&cluster) } else { Vec::new() };
        let arns = arns.into_iter().map(Value::from).collect();
        paging::page(input, "containerInstanceArns", arns, 100, self.page_size)
    }

    pub(super) fn describe_container_instances(&mut self, input: &Members, now: Seconds) -> Answer {
        let cluster = self.cluster(input)?;
        let wanted = texts(input, "containerInstances");
        if wanted.is_empty() || wanted.len() > 100 {
            return Err(AwsError::parameter("Container instances are 1 to 100."));
        }
        let known = self.instances_of(&cluster);
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in wanted {
            match known.iter().find(|arn| names::short(arn) == names::short(name)) {
                Some(arn) => found.push(view(arn, now)),
                None => {
                    let arn = self.names.arn(&format!("container-instance/{cluster}/{}", names::short(name)));
                    failures.push(json!({"arn": arn, "reason": "MISSING"}));
                }
            }
        }
        Ok(json!({"containerInstances": found, "failures": failures}))
    }
}

fn view(arn: &str, now: Seconds) -> Value {
    let amount = |name: &str, units: u64| json!({"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": units});
    let resources = json!([amount("CPU", 2048), amount("MEMORY", 3884)]);
    json!({
        "containerInstanceArn": arn,
        "ec2InstanceId": format!("i-0{}", &names::short(arn)[16..]),
        "version": 1,
        "versionInfo": {"agentVersion": "1.99.0", "agentHash": "00000000", "dockerVersion": "DockerVersion: 25.0.8"},
        "registeredResources": resources,
        "remainingResources": resources,
        "status": "ACTIVE",
        "agentConnected": true,
        "runningTasksCount": 0,
        "pendingTasksCount": 0,
        "attributes": [],
        "registeredAt": now.floor(),
        "attachments": [],
        "tags": [],
    })
}
