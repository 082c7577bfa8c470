//! The one normaliser: when a declared document and AWS's answer say the same, and where they do not.
//!
//! Two tables carry it: `members` says which lists are sets or have keys, `defaults` what an absent member means.
//! Nothing is rewritten: documents are compared as they are, so that what is sent stays what was declared.

mod compare;
mod defaults;
mod members;
mod pointer;
mod scalars;

use serde_json::{Map, Value};

use crate::desired::Document;
use crate::model::{MemberKind, Operation, member_kind};

pub use compare::{Difference, Sort, compare, leaves};
pub use members::Elements;
pub(crate) use members::{elements as elements_at, keyed as keyed_elements};
pub use pointer::{Pointer, get, set};

/// Which of AWS's documents is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// RegisterTaskDefinition's body, and what DescribeTaskDefinition answers under `taskDefinition`.
    TaskDefinition,
    /// CreateService's body, and what DescribeServices answers, its members put back where CreateService has them.
    Service,
}

impl Subject {
    /// The first part of its pointers.
    pub fn as_str(self) -> &'static str {
        match self {
            Subject::TaskDefinition => "taskDefinition",
            Subject::Service => "service",
        }
    }

    fn kind(self, pattern: &str) -> Option<MemberKind> {
        let operation = match self {
            Subject::TaskDefinition => Operation::RegisterTaskDefinition,
            Subject::Service => Operation::CreateService,
        };
        member_kind(operation, pattern)
    }
}

/// What a document's defaults depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Setting {
    /// Network mode `awsvpc` or `host`: a container's port is its host's.
    pub host_ports: bool,
    /// It runs on Fargate.
    pub fargate: bool,
    /// The service has a load balancer.
    pub load_balancer: bool,
    /// The scheduling strategy is DAEMON.
    pub daemon: bool,
}

impl Setting {
    /// Of a task definition.
    pub fn of_task_definition(document: &Document) -> Self {
        let fargate = document
            .get("requiresCompatibilities")
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(|compatibility| compatibility == "FARGATE"));
        let mode = document.get("networkMode").and_then(Value::as_str).unwrap_or(if fargate { "awsvpc" } else { "bridge" });
        Setting { host_ports: matches!(mode, "awsvpc" | "host"), fargate, ..Setting::default() }
    }

    /// Of a service: what is declared counts, and else what the answer says.
    pub fn of_service(declared: &Document, observed: &Document) -> Self {
        let either = |member: &str| declared.get(member).or_else(|| observed.get(member));
        let text = |member: &str| either(member).and_then(Value::as_str);
        let filled = |member: &str| either(member).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        let providers = either("capacityProviderStrategy").and_then(Value::as_array);
        let on_fargate = providers.is_some_and(|list| {
            list.iter()
                .any(|item| matches!(item.get("capacityProvider").and_then(Value::as_str), Some("FARGATE" | "FARGATE_SPOT")))
        });
        Setting {
            host_ports: false,
            // DescribeServices shows a platform version "only for tasks using the Fargate launch type".
            fargate: text("launchType") == Some("FARGATE") || on_fargate || observed.contains_key("platformVersion"),
            load_balancer: filled("loadBalancers"),
            daemon: text("schedulingStrategy") == Some("DAEMON"),
        }
    }
}

const HOST_PORT: &str = "containerDefinitions/*/portMappings/*/hostPort";

/// Structures whose presence says something although they are empty.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Volume.html>: a Docker volume is another thing than a
/// host's; <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectTlsConfiguration.html>: TLS is on.
const PRESENT_WHEN_EMPTY: &[&str] = &["dockerVolumeConfiguration", "tls", "managedEBSVolume"];

/// Whether `value` at `pattern` says nothing: null, an empty list or object of a known member, the default, or an
/// object of nothing but these.
pub(crate) fn says_nothing(
    subject: Subject,
    pattern: &str,
    value: &Value,
    parent: &Map<String, Value>,
    setting: &Setting,
) -> bool {
    if value.is_null() {
        return true;
    }
    // Under `awsvpc` and `host` "the hostPort can be left blank or it must be the same value as the containerPort", and 0 comes
    // back as that. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html,
    // terraform-provider-aws#3401 (`containerDefinitions.reduce`).
    if setting.host_ports && pattern == HOST_PORT && subject == Subject::TaskDefinition && value.as_u64() == Some(0) {
        return true;
    }
    let Some(kind) = subject.kind(pattern) else { return false };
    if let Some(default) = defaults::default(subject, pattern, parent, setting)
        && scalars::equal(&default, value)
    {
        return true;
    }
    match (value, kind) {
        (Value::Array(list), _) => list.is_empty(),
        (Value::Object(members), MemberKind::Structure) => {
            let name = pattern.rsplit('/').next().unwrap_or(pattern);
            !PRESENT_WHEN_EMPTY.contains(&name)
                && members
                    .iter()
                    .all(|(member, value)| says_nothing(subject, &format!("{pattern}/{member}"), value, members, setting))
        }
        (Value::Object(members), MemberKind::Map) => members.is_empty(),
        _ => false,
    }
}

/// Whether the value at `pattern` may be a secret: everything an environment entry says.
pub fn hidden(subject: Subject, pattern: &str) -> bool {
    subject == Subject::TaskDefinition && pattern.split('/').nth(2) == Some("environment")
}
