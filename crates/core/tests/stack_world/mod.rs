//! A stack as a manifest declares it and as AWS answers for it, for the tables of the planner.

use crate::plan_whole::whole;
use driftless_core::agent::{Agent, Credentials, Reconcile, Source, Target};
use driftless_core::desired::{CloudFormationStack, Resource, Spec};
use driftless_core::observed::{ChangeSet, Observation, Observed, Stack, StackEvent, StackObservation};
use driftless_core::plan::stack::{Kind, StackStep, Token};
use driftless_core::plan::{Context, Plan, Step, Verdict};
use driftless_core::resource::{Kind as ResourceKind, ResourceId};
use driftless_core::snapshot::{Entry, Revision, Snapshot};

pub const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
pub const ID: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/net/11111111-0000";
pub const TEMPLATE: &str = "Parameters:\n  Size: {Type: String, Default: small}\n  Zones: {Type: CommaDelimitedList, Default: 'a,b'}\n  Key: {Type: String, NoEcho: true, Default: none}\nResources:\n  Topic: {Type: AWS::SNS::Topic}\nOutputs:\n  Topic: {Value: !Ref Topic}\n";
pub const NOW: f64 = 1_000_000.0;

/// The stack `net` of a manifest with these members of `spec`.
#[track_caller]
pub fn declared(spec: &str) -> Resource {
    let manifest = format!(
        "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {{name: net}}\nspec:\n  template: {{file: net.template}}\n{spec}"
    );
    from(&[("net.yaml", &manifest), ("net.template", TEMPLATE)])
}

/// The stack `net` of a source.
#[track_caller]
pub fn from(files: &[(&str, &str)]) -> Resource {
    let revision = Revision::Git { reference: "main".into(), sha: SHA.into() };
    let files = files.iter().map(|(path, text)| ((*path).into(), Entry::File(text.as_bytes().to_vec()))).collect();
    let desired = driftless_core::manifest::read(&Snapshot { revision, message: None, files, unread: vec![] }, &agent());
    assert_eq!(desired.errors, []);
    desired.resources[&id()].clone()
}

pub fn id() -> ResourceId {
    ResourceId::new(ResourceKind::CloudFormationStack, "net")
}

pub fn agent() -> Agent {
    let target = Target {
        name: "prod".into(),
        region: "eu-central-1".into(),
        account_id: None,
        credentials: Credentials::Environment,
        endpoint_url: None,
        artifacts_bucket: None,
    };
    Agent {
        name: "production".into(),
        source: Source::Directory { path: ".".into() },
        ignore: vec![],
        targets: vec![target],
        gitlab: None,
        gitlab_template: None,
        variables: Default::default(),
        reconcile: Reconcile::default(),
        listen: "127.0.0.1:8080".into(),
    }
}

pub fn stack_of(resource: &mut Resource) -> &mut CloudFormationStack {
    match &mut resource.spec {
        Spec::CloudFormationStack(stack) => stack,
        _ => panic!("a stack"),
    }
}

pub fn context() -> Context<'static> {
    Context {
        agent: "production",
        source_hash: "source",
        revision: SHA,
        region: "eu-central-1",
        account_id: None,
        last_write: None,
        equal: false,
        retry: false,
    }
}

pub fn retry() -> Context<'static> {
    Context { retry: true, ..context() }
}

/// The stack as it is after a first create of `declared("")`.
pub fn live(status: &str) -> Stack {
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Stack {
        id: ID.into(),
        name: "net".into(),
        status: status.into(),
        parameters: pairs(&[("Size", "small"), ("Zones", "a,b"), ("Key", "****")]),
        tags: pairs(&[
            ("driftless:agent", "production"),
            ("driftless:source", "source"),
            ("driftless:resource", "CloudFormationStack/net"),
        ]),
        outputs: pairs(&[("Topic", "arn:topic")]),
        created_at: 1000.0,
        ..Stack::default()
    }
}

pub fn observed(stack: Stack) -> StackObservation {
    let mut observation = StackObservation::new(Observed::Present(stack), NOW);
    observation.template = Some(TEMPLATE.into());
    observation
}

/// The stack as it is after the change set `name` was executed.
pub fn executed(name: &str, status: &str) -> Stack {
    Stack { change_set_id: Some(change_set(name, "", "").id), ..live(status) }
}

/// The change set in which AWS found nothing, created so many seconds ago.
pub fn nothing(name: &str, ago: f64) -> ChangeSet {
    let reason = "The submitted information didn't contain changes. Submit different information to create a change set.";
    ChangeSet { status_reason: Some(reason.into()), created_at: Some(NOW - ago), ..change_set(name, "FAILED", "UNAVAILABLE") }
}

pub fn absent() -> StackObservation {
    StackObservation::new(Observed::Absent, NOW)
}

pub fn plan(resource: &Resource, observation: &StackObservation) -> Plan {
    plan_in(resource, observation, &context())
}

pub fn plan_in(resource: &Resource, observation: &StackObservation, context: &Context<'_>) -> Plan {
    let observation = Observation::CloudFormationStack(Box::new(observation.clone()));
    whole(driftless_core::plan::plan(resource, &observation, context))
}

pub fn steps(plan: &Plan) -> Vec<&StackStep> {
    fn of_stack(step: &Step) -> &StackStep {
        match step {
            Step::CloudFormation(step) => step,
            other => panic!("{other:?} is no step of a stack"),
        }
    }
    plan.steps.iter().map(of_stack).collect()
}

pub fn actions(plan: &Plan) -> Vec<&'static str> {
    plan.steps.iter().map(Step::action).collect()
}

/// `Ready`, or the verdict's reason.
pub fn reason(plan: &Plan) -> &str {
    plan.verdict.standing().1
}

pub fn message(plan: &Plan) -> &str {
    plan.verdict.standing().2
}

/// The name of the change set that the planner asks for.
#[track_caller]
pub fn asked(plan: &Plan) -> String {
    let found = steps(plan).into_iter().find_map(|step| match step {
        StackStep::CreateChangeSet(request) => Some(request.name.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no change set is asked for: {plan:?}"))
}

/// The name that a first change of this resource gets.
pub fn name_of(resource: &Resource) -> String {
    asked(&plan(resource, &absent()))
}

/// `name` as another attempt, or of another kind.
pub fn as_attempt(name: &str, kind: Kind, attempt: u32) -> String {
    Token { kind, attempt, ..Token::parse(name).expect("ours") }.to_string()
}

pub fn change_set(name: &str, status: &str, execution: &str) -> ChangeSet {
    ChangeSet {
        id: format!("arn:aws:cloudformation:eu-central-1:123456789012:changeSet/{name}/2222"),
        name: name.into(),
        status: status.into(),
        execution_status: execution.into(),
        ..ChangeSet::default()
    }
}

/// Events, oldest first: `stack STATUS reason` or `Logical STATUS reason`, all with the same token.
pub fn events(token: Option<&str>, lines: &[&str]) -> Vec<StackEvent> {
    let event = |line: &&str| {
        let mut parts = line.splitn(3, ' ');
        let (who, status, reason) = (parts.next().unwrap(), parts.next().unwrap(), parts.next());
        let of_stack = who == "stack";
        StackEvent {
            at: 2000.0,
            logical_id: if of_stack { "net".into() } else { who.into() },
            physical_id: if of_stack { ID.into() } else { format!("{who}-1") },
            resource_type: if of_stack { "AWS::CloudFormation::Stack".into() } else { "AWS::SNS::Topic".into() },
            status: status.into(),
            reason: reason.map(str::to_owned),
            token: token.map(str::to_owned),
        }
    };
    lines.iter().map(event).collect()
}

/// Events of several operations, oldest first, as AWS gives them: newest first.
pub fn newest_first(operations: Vec<Vec<StackEvent>>) -> Vec<StackEvent> {
    let mut all: Vec<StackEvent> = operations.into_iter().flatten().collect();
    all.reverse();
    all
}

pub fn is_ready(plan: &Plan) -> bool {
    matches!(plan.verdict, Verdict::Ready { .. }) && plan.is_empty()
}
