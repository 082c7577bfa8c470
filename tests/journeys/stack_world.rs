//! A world with stacks in it: manifests of theirs, and somebody else at AWS who sees and changes them.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudformation::types::Stack;
use driftless_simulator::{On, Options, StackFailure};

use crate::world::{PACE, World};

/// A topic and a queue after it; both names come from parameters.
pub const TEMPLATE: &str = "Parameters:
  Name: {Type: String, Default: orders}
  Display: {Type: String, Default: Orders}
  Key: {Type: String, NoEcho: true, Default: none}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: !Ref Name, DisplayName: !Ref Display}
  Queue:
    Type: AWS::SQS::Queue
    DependsOn: Topic
    Properties: {QueueName: !Sub '${Name}-queue'}
Outputs:
  Topic: {Value: !Ref Topic}
  Display: {Value: !Ref Display}
";

pub struct Stacks {
    pub world: World,
    pub aws: Client,
}

impl Stacks {
    pub async fn start() -> Stacks {
        Stacks::at(PACE).await
    }

    pub async fn at(pace: f64) -> Stacks {
        let world = World::with(Options { pace, ..Options::default() }).await;
        let config = aws_sdk_cloudformation::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("console", "secret", None, None, "test"))
            .endpoint_url(world.simulator.url())
            .build();
        Stacks { world, aws: Client::from_conf(config) }
    }

    /// Commits the stack `net` with these further members of `spec`, and the template.
    pub fn commit(&self, more: &str) -> String {
        self.commit_template(TEMPLATE, more)
    }

    pub fn commit_template(&self, template: &str, more: &str) -> String {
        self.world.commit(&[("net.yaml", &manifest("net", more)), ("net.template", template)])
    }

    /// The stack as AWS describes it; None when there is none.
    pub async fn stack(&self, name: &str) -> Option<Stack> {
        let answer = self.aws.describe_stacks().stack_name(name).send().await.ok()?;
        answer.stacks?.into_iter().next()
    }

    pub async fn status(&self, name: &str) -> String {
        let stack = self.stack(name).await;
        stack.and_then(|stack| stack.stack_status).map_or_else(|| "none".to_owned(), |status| status.as_str().to_owned())
    }

    pub async fn is(&self, status: &str) {
        self.world.until(&format!("the stack is {status}"), async || self.status("net").await == status).await;
    }

    pub async fn parameter(&self, key: &str) -> String {
        let parameters = self.stack("net").await.and_then(|stack| stack.parameters).unwrap_or_default();
        let found = parameters.into_iter().find(|parameter| parameter.parameter_key.as_deref() == Some(key));
        found.and_then(|parameter| parameter.parameter_value).unwrap_or_default()
    }

    /// Names of the change sets that are there.
    pub async fn change_sets(&self) -> Vec<String> {
        let Ok(answer) = self.aws.list_change_sets().stack_name("net").send().await else { return Vec::new() };
        answer.summaries.into_iter().flatten().filter_map(|summary| summary.change_set_name).collect()
    }

    /// Lets a resource fail, as often as said.
    pub fn fails(&self, logical: &str, on: On, times: Option<u32>) {
        let (stack, logical_id, reason) = ("net".to_owned(), logical.to_owned(), format!("no {logical} today"));
        self.world.simulator.fail_stack_resource(StackFailure { stack, logical_id, on, reason, times });
    }

    /// Nothing is written for three intervals.
    pub async fn is_left_alone(&self) {
        let writes = self.world.simulator.mutations();
        self.world.pass(200.0).await;
        assert_eq!(self.world.simulator.mutations(), writes, "{:#?}", self.world.simulator.calls());
    }

    /// No oftener than said.
    pub fn wrote_at_most(&self, action: &str, times: u64) {
        assert!(self.world.count(action) <= times, "{action}: {:?}", self.world.simulator.counters());
    }

    /// As often as said, and no other one of these.
    pub fn wrote(&self, expected: &[(&str, u64)]) {
        for action in [
            "CreateChangeSet",
            "ExecuteChangeSet",
            "DeleteChangeSet",
            "DeleteStack",
            "CancelUpdateStack",
            "ContinueUpdateRollback",
            "RollbackStack",
        ] {
            let times = expected.iter().find(|(name, _)| *name == action).map_or(0, |(_, times)| *times);
            assert_eq!(self.world.count(action), times, "{action}: {:?}", self.world.simulator.counters());
        }
    }
}

/// A stack of the template beside it.
pub fn manifest(name: &str, more: &str) -> String {
    format!(
        "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {{name: {name}}}\nspec:\n  template: {{file: net.template}}\n{more}"
    )
}
