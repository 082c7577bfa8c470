//! The network interface of a task with awsvpc, as the task shows it. Its addresses follow from the task's id.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html>

use serde_json::{Value, json};

use super::task::{Phase, Task};

/// So many bytes of the task's id, from a place on.
fn bytes<const N: usize>(task: &Task, from: usize) -> [u8; N] {
    std::array::from_fn(|place| {
        let at = (from + place) * 2;
        task.id.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or_default()
    })
}

fn attachment_id(task: &Task) -> String {
    let id: String = task.id.chars().rev().collect();
    let part = |from: usize, to: usize| id.get(from..to).unwrap_or_default().to_string();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

fn address(task: &Task) -> String {
    let [third, fourth] = bytes(task, 0);
    format!("10.0.{third}.{}", fourth.clamp(4, 254))
}

/// Whether ENI and address are there: in PROVISIONING only the subnet is known.
fn attached(task: &Task) -> bool {
    task.phase != Phase::Provisioning
}

/// `attachments`: one `ElasticNetworkInterface` with awsvpc, else nothing.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attachment.html>
pub(super) fn attachments(task: &Task, region: &str) -> Value {
    let subnets = &task.blueprint.subnets;
    if subnets.is_empty() {
        return json!([]);
    }
    let [choice] = bytes(task, 2);
    let mut details = vec![json!({"name": "subnetId", "value": subnets[usize::from(choice) % subnets.len()]})];
    if attached(task) {
        let address = address(task);
        let mac = bytes::<5>(task, 3).map(|byte| format!("{byte:02x}")).join(":");
        let dns = format!("ip-{}.{region}.compute.internal", address.replace('.', "-"));
        let interface = format!("eni-0{}", task.id.get(..16).unwrap_or(&task.id));
        details.extend([
            json!({"name": "networkInterfaceId", "value": interface}),
            json!({"name": "macAddress", "value": format!("0a:{mac}")}),
            json!({"name": "privateDnsName", "value": dns}),
            json!({"name": "privateIPv4Address", "value": address}),
        ]);
    }
    let status = match task.phase {
        Phase::Provisioning => "PRECREATED",
        Phase::Pending | Phase::Running => "ATTACHED",
        Phase::Stopping => "DETACHING",
        Phase::Stopped => "DELETED",
    };
    json!([{"id": attachment_id(task), "type": "ElasticNetworkInterface", "status": status, "details": details}])
}

/// `networkInterfaces` of each container: the same interface, once it is attached.
pub(super) fn interfaces(task: &Task) -> Value {
    if task.blueprint.subnets.is_empty() || !attached(task) {
        return json!([]);
    }
    json!([{"attachmentId": attachment_id(task), "privateIpv4Address": address(task)}])
}
