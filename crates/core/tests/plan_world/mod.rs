//! A small pure model of ECS, written from AWS's documentation and not from the planner's tables: it applies the steps
//! of a plan and answers as AWS does, with defaults filled in, sets in another order and members in other places.

pub mod answers;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan_whole::whole;
use driftless_core::desired::{Document, EcsService, Resource, Rollout, Spec, TaskDefinition};
use driftless_core::location::Location;
use driftless_core::observed::{Observation, Observed, ServiceObservation};
use driftless_core::plan::ecs::wants;
use driftless_core::plan::{Context, EcsStep, Plan, Step, TaskDefinitionRef, Verdict, plan};
use driftless_core::resource::ResourceId;
use serde_json::{Value, json};

pub const ACCOUNT: &str = "123456789012";

pub fn object(value: Value) -> Document {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

/// `base` with `changes` over it; null takes a member away.
pub fn with(base: &Value, changes: Value) -> Value {
    let mut members = object(base.clone());
    for (name, value) in object(changes) {
        if value.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    Value::Object(members)
}

/// A service as declared, on Fargate.
pub fn web(task_definition: Value, service: Value) -> Resource {
    let service = EcsService {
        cluster: "shop".to_owned(),
        service_name: "web".to_owned(),
        task_definition: TaskDefinition::Document(object(task_definition).into()),
        images: BTreeMap::new(),
        service: object(service).into(),
        rollout: Rollout { timeout: Duration::from_secs(3600), ..Rollout::default() },
        ignore: Vec::new(),
        removed: Vec::new(),
    };
    Resource::new(ResourceId::ecs_service("web"), Location::new("web.yaml", 1, 1), "prod", Spec::EcsService(service))
}

pub fn spec(resource: &mut Resource) -> &mut EcsService {
    let Spec::EcsService(service) = &mut resource.spec else { panic!("a service") };
    service
}

/// What it declares.
pub fn declared(resource: &Resource) -> &EcsService {
    let Spec::EcsService(service) = &resource.spec else { panic!("a service") };
    service
}

/// A task definition on Fargate.
pub fn task() -> Value {
    json!({
        "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": ".25 vCPU", "memory": "512",
        "executionRoleArn": "execution",
        "containerDefinitions": [
            {"name": "app", "image": "web:1", "portMappings": [{"containerPort": 80}],
             "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"name": "log", "image": "log:1", "essential": false, "command": ["a", "b"]},
        ],
    })
}

/// A service for it.
pub fn service() -> Value {
    json!({
        "desiredCount": 2, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"]}},
    })
}

/// The agent's commit and clock.
pub fn context() -> Context<'static> {
    Context {
        agent: "production",
        source_hash: "5f2c",
        revision: "c1",
        region: "eu-central-1",
        account_id: Some(ACCOUNT),
        last_write: None,
        equal: false,
        retry: false,
    }
}

/// What AWS holds.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// As DescribeServices answers, with TAGS.
    pub service: Option<Document>,
    /// As DescribeTaskDefinition answers, oldest first.
    pub revisions: Vec<Value>,
    pub service_deployments: Vec<Value>,
    pub service_revisions: Vec<Value>,
    pub now: f64,
    /// Turns lists of AWS's answers round.
    pub shuffle: bool,
    /// Put into every structure of an answer.
    pub unknown: Option<String>,
    /// How AWS spells what it was sent: done to each answer.
    pub spelling: Option<fn(&mut Value)>,
    pub writes: Vec<String>,
    /// The agent has seen it as declared since it wrote.
    pub equal: Cell<bool>,
}

impl World {
    /// One pass: read what is wanted, plan.
    pub fn look(&self, resource: &Resource, context: &Context) -> Plan {
        let context = Context { equal: self.equal.get(), ..*context };
        let plan = whole(plan(resource, &Observation::EcsService(self.observe(resource, &context)), &context));
        if plan.is_empty() && plan.changes.is_empty() && !matches!(plan.verdict, Verdict::Unknown { .. }) {
            self.equal.set(true);
        }
        plan
    }

    /// The agent is restarted, and knows only what AWS keeps.
    pub fn restart(&self) {
        self.equal.set(false);
    }

    pub fn observe(&self, resource: &Resource, context: &Context) -> ServiceObservation {
        let declared = declared(resource);
        let service = match &self.service {
            Some(service) => Observed::Present(answers::disguise(Value::Object(service.clone()), self)),
            None => Observed::Absent,
        };
        let runs = self.service.as_ref().and_then(|service| service["taskDefinition"].as_str());
        let named = |arn: &str| self.revisions.iter().find(|one| one["taskDefinition"]["taskDefinitionArn"] == arn);
        let own = runs.and_then(named).map(|own| answers::disguise(own.clone(), self));
        let wanted = wants(resource, declared, &service, own.as_ref(), context);
        let family = match &declared.task_definition {
            TaskDefinition::Document(document) => document.open()["family"].as_str().unwrap_or_default().to_owned(),
            TaskDefinition::Family { family, .. } => family.clone(),
        };
        let newest: Vec<Value> = self
            .revisions
            .iter()
            .rev()
            .filter(|one| one["taskDefinition"]["family"] == family.as_str() && one["taskDefinition"]["status"] == "ACTIVE")
            .take(10)
            .map(|one| answers::disguise(one.clone(), self))
            .collect();
        let base = match &declared.task_definition {
            TaskDefinition::Family { revision: Some(revision), .. } => {
                newest.iter().find(|one| one["taskDefinition"]["revision"] == *revision).cloned()
            }
            _ => newest.first().cloned(),
        };
        let unread = || "not asked for".to_owned();
        ServiceObservation {
            service,
            task_definition: own,
            candidates: if wanted.candidates { Observed::Present(newest) } else { Observed::Unknown(unread()) },
            base: if wanted.base { base.map_or(Observed::Absent, Observed::Present) } else { Observed::Unknown(unread()) },
            service_deployments: if wanted.service_deployments { self.service_deployments.clone() } else { Vec::new() },
            service_revisions: if wanted.service_revisions { self.service_revisions.clone() } else { Vec::new() },
            stopped_tasks: Vec::new(),
            now: self.now,
        }
    }

    /// Applies the steps; the rollout ends well.
    pub fn apply(&mut self, plan: &Plan) {
        let mut registered = None;
        for step in &plan.steps {
            self.step(step, &mut registered);
        }
        self.settle();
    }

    /// One call.
    pub fn step(&mut self, step: &Step, registered: &mut Option<String>) {
        let Step::Ecs(step) = step else { panic!("a step of ECS") };
        self.writes.push(step.action().to_owned());
        self.equal.set(false);
        match step {
            EcsStep::RegisterTaskDefinition { document, .. } => *registered = Some(answers::register(self, &document.0)),
            EcsStep::CreateService { document, task_definition, memory } => {
                let arn = arn(task_definition, registered);
                answers::create(self, document, arn.clone());
                let (key, value) = memory.first(&arn);
                self.put([(key, value)]);
                self.put(memory.after_create(&self.answer()));
            }
            EcsStep::UpdateService { document, task_definition, memory } => {
                let arn = task_definition.as_ref().map(|reference| arn(reference, registered));
                answers::update(self, document, arn.clone());
                if let Some(memory) = memory {
                    self.put(memory.after_update(&self.answer(), arn.as_deref()));
                }
            }
            EcsStep::TagResource { document } => {
                let tags = self.tags_mut();
                for tag in document["tags"].as_array().expect("tags is a list") {
                    tags.retain(|other| other["key"] != tag["key"]);
                    tags.push(tag.clone());
                }
            }
            EcsStep::UntagResource { document } => {
                let keys = document["tagKeys"].as_array().expect("tagKeys is a list").clone();
                self.tags_mut().retain(|tag| !keys.contains(&tag["key"]));
            }
            EcsStep::DeleteService { .. } => panic!("the planner never deletes"),
            EcsStep::StopServiceDeployment { .. } => {}
            EcsStep::TagTaskDefinition { .. } | EcsStep::RunTask { .. } | EcsStep::StopTask { .. } => {
                panic!("no step of a service")
            }
        }
    }

    /// What CreateService and UpdateService answer.
    fn answer(&self) -> Value {
        json!({"service": answers::disguise(Value::Object(self.service.clone().unwrap_or_default()), self)})
    }

    fn put(&mut self, tags: impl IntoIterator<Item = (String, String)>) {
        for (key, value) in tags {
            assert!(value.len() <= 256, "{key}: {value}");
            let all = self.tags_mut();
            all.retain(|tag| tag["key"] != key);
            all.push(json!({"key": key, "value": value}));
        }
    }

    pub fn settle(&mut self) {
        if let Some(service) = &mut self.service {
            service["runningCount"] = service["desiredCount"].clone();
            service["deployments"][0]["rolloutState"] = json!("COMPLETED");
        }
    }

    pub fn tags_mut(&mut self) -> &mut Vec<Value> {
        let service = self.service.as_mut().expect("there is a service");
        service.entry("tags").or_insert(json!([])).as_array_mut().expect("tags is a list")
    }

    pub fn tag(&self, key: &str) -> Option<String> {
        let tags = self.service.as_ref()?.get("tags")?.as_array()?;
        Some(tags.iter().find(|tag| tag["key"] == key)?["value"].as_str()?.to_owned())
    }

    /// The console's edit of the service.
    pub fn edit(&mut self, changes: Value) {
        let service = self.service.as_mut().expect("there is a service");
        service.extend(object(changes));
    }

    /// The revision that the service runs.
    pub fn runs(&self) -> &Value {
        let arn = &self.service.as_ref().expect("there is a service")["taskDefinition"];
        &self.revisions.iter().find(|one| one["taskDefinition"]["taskDefinitionArn"] == *arn).expect("it exists")["taskDefinition"]
    }

    /// Plans and applies until nothing is to be done.
    pub fn converge(&mut self, resource: &Resource) {
        let plan = self.look(resource, &context());
        self.apply(&plan);
        self.assert_settled(resource);
    }

    #[track_caller]
    pub fn assert_settled(&self, resource: &Resource) {
        let plan = self.look(resource, &context());
        assert!(plan.is_empty(), "the second plan is not empty: {plan:#?}");
        assert!(plan.changes.is_empty(), "{:#?}", plan.changes);
        assert!(matches!(plan.verdict, Verdict::Ready { .. }), "{:?}", plan.verdict);
    }
}

/// The first pass applied.
pub fn converged(resource: &Resource) -> World {
    let mut world = World::default();
    world.converge(resource);
    world
}

fn arn(reference: &TaskDefinitionRef, registered: &Option<String>) -> String {
    match reference {
        TaskDefinitionRef::Arn(arn) => arn.clone(),
        TaskDefinitionRef::Registered => registered.clone().expect("a step registered it"),
    }
}

/// The steps' actions.
pub fn actions(plan: &Plan) -> Vec<&'static str> {
    plan.steps.iter().map(Step::action).collect()
}

/// `path: old -> new` of each change.
pub fn lines(plan: &Plan) -> Vec<String> {
    let shown = |value: &Option<driftless_core::secret::Shown>| value.as_ref().map_or("-".to_owned(), ToString::to_string);
    plan.changes.iter().map(|change| format!("{}: {} -> {}", change.path, shown(&change.old), shown(&change.new))).collect()
}

/// The body of the one UpdateService.
pub fn update_of(plan: &Plan) -> Document {
    let mut found = plan.steps.iter().filter_map(|step| match step {
        Step::Ecs(EcsStep::UpdateService { document, .. }) => Some(document.clone()),
        _ => None,
    });
    found.next().expect("there is an UpdateService")
}

pub fn reason(plan: &Plan) -> &'static str {
    match &plan.verdict {
        Verdict::Ready { .. } => "Ready",
        Verdict::Progressing { reason, .. } | Verdict::Failed { reason, .. } | Verdict::Stalled { reason, .. } => reason,
        Verdict::Waiting { .. } => "Waiting",
        Verdict::Unknown { .. } => "Unknown",
    }
}

pub fn message(plan: &Plan) -> &str {
    match &plan.verdict {
        Verdict::Ready { message }
        | Verdict::Progressing { message, .. }
        | Verdict::Failed { message, .. }
        | Verdict::Stalled { message, .. }
        | Verdict::Waiting { message, .. }
        | Verdict::Unknown { message } => message,
    }
}
