//! A small pure model of what ECS keeps for run-to-completion tasks, written from AWS's documentation: revisions and their
//! tags, tasks that are told of for an hour after their end, and tokens that live no longer than a day. Reads can be late.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan_whole::whole;
use driftless_core::desired::{Document, EcsTask, Resource, Spec, TaskDefinition};
use driftless_core::location::Location;
use driftless_core::observed::{Observation, Observed, TaskMemory, TaskObservation};
use driftless_core::plan::task::memory::{Answers, Family, Kept, Known, NEWEST};
use driftless_core::plan::task::wants;
use driftless_core::plan::{Context, EcsStep, Plan, Step, TaskDefinitionRef, Verdict, plan};
use driftless_core::resource::{Kind, ResourceId};
use serde_json::{Value, json};

pub const HOUR: f64 = 3600.0;

pub fn object(value: Value) -> Document {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

/// The task definition that `image` stands in.
pub fn definition(image: &str) -> Value {
    json!({
        "family": "migrate", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "containerDefinitions": [{"name": "app", "image": image, "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": "/shop/migrate", "awslogs-stream-prefix": "run", "awslogs-region": "eu-central-1"}}}],
    })
}

/// An `EcsTask`.
pub fn task(name: &str, definition: TaskDefinition, document: Value) -> Resource {
    let task = EcsTask {
        cluster: "shop".to_owned(),
        task_definition: definition,
        images: BTreeMap::new(),
        task: object(document).into(),
        timeout: EcsTask::TIMEOUT,
    };
    Resource::new(ResourceId::new(Kind::EcsTask, name), Location::new("migrate.yaml", 1, 1), "prod", Spec::EcsTask(task))
}

/// The `EcsTask` `migrate` with this image.
pub fn migrate(image: &str) -> Resource {
    task("migrate", TaskDefinition::Document(object(definition(image)).into()), json!({"launchType": "FARGATE"}))
}

/// The `EcsTask` of this name that follows or pins the family `migrate`.
pub fn following(name: &str, revision: Option<u64>) -> Resource {
    task(name, TaskDefinition::Family { family: "migrate".to_owned(), revision }, json!({}))
}

pub fn declared(resource: &mut Resource) -> &mut EcsTask {
    let Spec::EcsTask(task) = &mut resource.spec else { panic!("a task") };
    task
}

pub fn context() -> Context<'static> {
    Context {
        agent: "production",
        source_hash: "0123456789abcdef",
        revision: "c1",
        region: "eu-central-1",
        account_id: Some("123456789012"),
        last_write: None,
        equal: false,
        retry: false,
    }
}

/// A task that was started.
#[derive(Debug, Clone)]
pub struct Task {
    pub arn: String,
    pub revision: String,
    /// RunTask's body.
    pub sent: Document,
    pub created: f64,
    /// When it stops by itself, and its exit code.
    pub ends: (f64, i64),
    /// When it was stopped, and why.
    pub stopped: Option<(f64, String)>,
    /// AWS's stop code and reason of a task of which nothing ever ran.
    pub never_started: Option<(String, String)>,
}

impl Task {
    fn stopped_at(&self) -> f64 {
        self.stopped.as_ref().map_or(self.ends.0, |(at, _)| at.min(self.ends.0))
    }

    /// "Stopped tasks appear in the returned results for at least one hour."
    fn told(&self, now: f64) -> bool {
        now < self.stopped_at() + HOUR
    }

    fn view(&self, now: f64) -> Value {
        let over = self.stopped_at() <= now;
        let by_hand = self.stopped.as_ref().filter(|(at, _)| *at < self.ends.0);
        let mut container = json!({"name": "app", "lastStatus": if over { "STOPPED" } else { "RUNNING" }});
        let mut view = json!({
            "taskArn": self.arn, "taskDefinitionArn": self.revision, "startedBy": self.sent["startedBy"],
            "clusterArn": "arn:aws:ecs:eu-central-1:123456789012:cluster/shop", "createdAt": self.created,
            "lastStatus": if over { "STOPPED" } else { "RUNNING" }, "desiredStatus": if over { "STOPPED" } else { "RUNNING" },
        });
        if over {
            container["exitCode"] = if by_hand.is_some() { json!(0) } else { json!(self.ends.1) };
            view["stoppedAt"] = json!(self.stopped_at());
            view["stopCode"] = json!(if by_hand.is_some() { "UserInitiated" } else { "EssentialContainerExited" });
            view["stoppedReason"] = match by_hand {
                Some((_, reason)) => json!(reason),
                None => json!("Essential container in task exited"),
            };
        }
        if let Some((code, reason)) = self.never_started.as_ref().filter(|_| over) {
            container.as_object_mut().expect("an object").remove("exitCode");
            view["stopCode"] = json!(code);
            view["stoppedReason"] = json!(reason);
        } else {
            view["startedAt"] = json!(self.created + 1.0);
        }
        view["containers"] = json!([container]);
        view
    }
}

/// The tagging index, as AWS documents it: it says nothing of INACTIVE revisions, nor when it knows of a tag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Index {
    /// It knows what was so many seconds ago.
    Behind(f64),
    /// It may not be asked.
    Denied,
}

/// A revision: its content, and its tags as they were at each time.
#[derive(Debug, Clone)]
pub struct Revision {
    pub content: Value,
    pub registered: f64,
    /// When it was deregistered.
    pub inactive: Option<f64>,
    /// AWS does not show it any more.
    pub deleted: bool,
    tags: Vec<(f64, BTreeMap<String, String>)>,
}

/// Why a call was refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token is in use with another request.
    Conflict,
    /// There is no room.
    NoRoom,
}

/// What AWS holds.
#[derive(Debug, Clone)]
pub struct World {
    pub revisions: Vec<Revision>,
    pub tasks: Vec<Task>,
    pub now: f64,
    /// Reads show what was so many seconds ago.
    pub lag: f64,
    /// Of the tagging API.
    pub index: Index,
    /// What the agent's process knows of revisions for good.
    pub known: RefCell<Known>,
    /// How many unknown revisions are read in one pass.
    pub room: usize,
    /// Whether the tagging index still names what was deleted.
    pub ghosts: bool,
    /// How often a revision was read.
    pub reads: Cell<usize>,
    /// How long the next tasks run, and their exit codes.
    pub ends: Option<(f64, i64)>,
    /// So many RunTasks find no room.
    pub no_room: u32,
    /// So many of the next tasks never start, with this stop code and reason.
    pub never_start: (u32, String, String),
    pub writes: Vec<String>,
}

impl World {
    pub fn new() -> Self {
        World {
            revisions: Vec::new(),
            tasks: Vec::new(),
            now: 1_764_028_800.0,
            lag: 0.0,
            index: Index::Behind(0.0),
            known: RefCell::default(),
            room: 200,
            ghosts: false,
            reads: Cell::new(0),
            ends: None,
            no_room: 0,
            never_start: Default::default(),
            writes: Vec::new(),
        }
    }

    /// One pass: read what is wanted, plan.
    pub fn look(&self, resource: &Resource, context: &Context) -> Plan {
        whole(plan(resource, &Observation::EcsTask(self.observe(resource, context)), context))
    }

    pub fn observe(&self, resource: &Resource, context: &Context) -> TaskObservation {
        let Spec::EcsTask(declared) = &resource.spec else { panic!("a task") };
        let then = self.now - self.lag;
        let mut family = Family { now: self.now, ..Family::default() };
        for (number, one) in (1..).zip(&self.revisions).filter(|(_, one)| one.registered <= then && !one.deleted) {
            if one.inactive.is_none() { family.active.insert(0, number) } else { family.others.insert(0, number) }
        }
        let mut answers: Answers = family.active.iter().take(NEWEST).map(|number| (*number, self.answer(*number))).collect();
        let base = match &declared.task_definition {
            TaskDefinition::Document(_) => None,
            TaskDefinition::Family { revision: None, .. } => family.active.first().copied(),
            TaskDefinition::Family { revision, .. } => family.active.iter().copied().find(|one| Some(*one) == *revision),
        };
        answers.extend(base.map(|number| (number, self.answer(number))));
        let read = |answers: &Answers| answers.values().rev().flatten().cloned().collect::<Vec<Value>>();
        let (mut revisions, mut memory) = (read(&answers), TaskMemory::NotAsked);
        let mut wanted = wants(resource, declared, &revisions, context);
        if wanted.older {
            memory = self.search(&mut family, &mut answers, &wanted.key);
            revisions = read(&answers);
            wanted = wants(resource, declared, &revisions, context);
        }
        let seen = |task: &&Task| task.created <= then && task.told(self.now);
        let looked = |task: &&Task| {
            wanted.looks.iter().any(|look| {
                let id = task.arn.rsplit('/').next();
                look.task.as_deref() == id || (look.task.is_none() && task.sent["startedBy"] == look.started_by.as_str())
            })
        };
        let tasks = self.tasks.iter().filter(seen).filter(looked).map(|task| task.view(then)).collect();
        TaskObservation {
            revisions: Observed::Present(revisions),
            memory,
            base: base.and_then(|number| self.answer(number)).map_or(Observed::Absent, Observed::Present),
            tasks: if wanted.looks.is_empty() { Observed::Absent } else { Observed::Present(tasks) },
            written_at: wanted.written_at,
            now: self.now,
        }
    }

    /// DescribeTaskDefinition.
    fn answer(&self, number: u64) -> Option<Value> {
        self.reads.set(self.reads.get() + 1);
        let one = self.revisions.get(number as usize - 1)?;
        let then = self.now - self.lag;
        (one.registered <= then && !one.deleted).then(|| one.answer(then))
    }

    /// GetResources of this key.
    fn indexed(&self, key: &str) -> Option<Vec<u64>> {
        let Index::Behind(seconds) = self.index else { return None };
        let then = self.now - seconds;
        let has = |one: &Revision| {
            (one.inactive.is_none() || (self.ghosts && one.deleted))
                && one.tags.iter().rev().find(|(at, _)| *at <= then).is_some_and(|(_, tags)| tags.contains_key(key))
        };
        Some((1..).zip(&self.revisions).filter(|(_, one)| has(one)).map(|(number, _)| number).collect())
    }

    /// All that may know of a run is read, as the provider does it.
    fn search(&self, family: &mut Family, answers: &mut Answers, key: &str) -> TaskMemory {
        family.named = self.indexed(key);
        let mut known = self.known.borrow_mut();
        family.forget(&mut known);
        for (number, kept) in known.iter() {
            if let Kept::Answer(answer) = kept {
                answers.entry(*number).or_insert_with(|| Some((**answer).clone()));
            }
        }
        let mut room = self.room;
        loop {
            let mut next = family.next(answers, &known);
            if next.now.is_empty() && next.rest.is_empty() {
                return family.memory(answers);
            }
            let left = next.rest.len();
            next.rest.truncate(room);
            if next.now.is_empty() && next.rest.is_empty() {
                return TaskMemory::Partial { read: answers.len(), of: answers.len() + left };
            }
            room -= next.rest.len();
            for number in next.now.into_iter().chain(next.rest) {
                let answer = self.answer(number);
                if let Some(kept) = answer.as_ref().and_then(|answer| family.keep(number, answer)) {
                    known.insert(number, kept);
                }
                answers.insert(number, answer);
            }
        }
    }

    /// All of the plan's calls, up to the first that is refused.
    pub fn apply(&mut self, plan: &Plan) -> Result<(), Refusal> {
        let mut registered = None;
        plan.steps.iter().try_for_each(|step| self.step(step, &mut registered))
    }

    /// Passes, ten seconds apart, until nothing is left to write and nothing runs.
    pub fn settle(&mut self, resource: &Resource, context: &Context) -> Plan {
        for _ in 0..2000 {
            let plan = self.look(resource, context);
            if plan.is_empty() && !matches!(plan.verdict, Verdict::Progressing { .. }) {
                return plan;
            }
            let _ = self.apply(&plan);
            self.now += 10.0;
        }
        panic!("it does not settle: {:#?}", self.look(resource, context))
    }

    /// One call.
    pub fn step(&mut self, step: &Step, registered: &mut Option<String>) -> Result<(), Refusal> {
        let Step::Ecs(step) = step else { panic!("a step of ECS") };
        self.writes.push(step.action().to_owned());
        let named = |reference: &TaskDefinitionRef, registered: &Option<String>| match reference {
            TaskDefinitionRef::Arn(arn) => arn.clone(),
            TaskDefinitionRef::Registered => registered.clone().expect("registered before"),
        };
        match step {
            EcsStep::RegisterTaskDefinition { document, number } => {
                let arn = self.register(&document.0);
                if number.is_some_and(|number| !arn.ends_with(&format!(":{number}"))) {
                    return Err(Refusal::Conflict);
                }
                *registered = Some(arn);
            }
            EcsStep::TagTaskDefinition { document, task_definition } => {
                self.tag(&named(task_definition, registered), &document["tags"]);
            }
            EcsStep::UntagResource { document } => {
                let keys = document["tagKeys"].clone();
                let gone = |key: &String| keys.as_array().expect("a list").iter().any(|one| one == key);
                self.retag(document["resourceArn"].as_str().expect("an ARN"), |tags| tags.retain(|key, _| !gone(key)));
            }
            EcsStep::RunTask { document, task_definition, refused } => {
                let revision = named(task_definition, registered);
                if let Err(refusal) = self.run(&document.0, &revision) {
                    if refusal == Refusal::NoRoom {
                        self.tag(&revision, &refused["tags"]);
                    }
                    return Err(refusal);
                }
            }
            EcsStep::StopTask { document } => {
                let (now, reason) = (self.now, document["reason"].as_str().unwrap_or_default().to_owned());
                let task = self.tasks.iter_mut().find(|task| task.arn == document["task"]).expect("a task");
                task.stopped.get_or_insert((now, reason));
            }
            other => panic!("{} is no step of a task", other.action()),
        }
        Ok(())
    }

    /// RegisterTaskDefinition, by anybody.
    pub fn register(&mut self, document: &Document) -> String {
        let number = self.revisions.len() + 1;
        let arn = format!("arn:aws:ecs:eu-central-1:123456789012:task-definition/migrate:{number}");
        let mut content = document.clone();
        let tags = content.remove("tags").unwrap_or_default();
        content.insert("taskDefinitionArn".to_owned(), json!(arn));
        content.insert("revision".to_owned(), json!(number));
        let read = |tag: &Value| Some((tag["key"].as_str()?.to_owned(), tag["value"].as_str()?.to_owned()));
        let tags = tags.as_array().into_iter().flatten().filter_map(read).collect();
        let tags = vec![(self.now, tags)];
        let content = Value::Object(content);
        self.revisions.push(Revision { content, registered: self.now, inactive: None, deleted: false, tags });
        arn
    }

    fn tag(&mut self, arn: &str, list: &Value) {
        let list = list.as_array().expect("a list").clone();
        self.retag(arn, |tags| {
            for tag in &list {
                let text = |member: &str| tag[member].as_str().expect("a string").to_owned();
                assert!(text("key").len() <= 128 && text("value").len() <= 256, "{tag}");
                tags.insert(text("key"), text("value"));
            }
            assert!(tags.len() <= 50, "{} tags", tags.len());
        });
    }

    /// Somebody takes the copies of other revisions' records off this one.
    pub fn without_copies(&mut self, number: usize) {
        let arn = self.revisions[number - 1].content["taskDefinitionArn"].as_str().expect("an ARN").to_owned();
        self.retag(&arn, |tags| tags.retain(|key, value| !key.starts_with("driftless:run/") || !value.contains(" of=")));
    }

    fn retag(&mut self, arn: &str, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        let now = self.now;
        let revision = self.revisions.iter_mut().find(|one| one.content["taskDefinitionArn"] == arn).expect("a revision");
        let mut tags = revision.tags.last().expect("tags").1.clone();
        change(&mut tags);
        revision.tags.push((now, tags));
    }

    fn run(&mut self, body: &Document, revision: &str) -> Result<(), Refusal> {
        let mut sent = body.clone();
        sent.insert("taskDefinition".to_owned(), json!(revision));
        let token = sent["clientToken"].as_str().expect("a token").to_owned();
        assert!(token.len() <= 64);
        // It lives a day at most, and no longer than an hour after its task has stopped.
        let known = self.tasks.iter().find(|task| {
            task.sent["clientToken"] == token.as_str() && task.told(self.now) && self.now < task.created + 24.0 * HOUR
        });
        match known {
            Some(task) if task.sent == sent => return Ok(()),
            Some(_) => return Err(Refusal::Conflict),
            None => {}
        }
        if self.no_room > 0 {
            self.no_room -= 1;
            return Err(Refusal::NoRoom);
        }
        let (runs, exit) = self.ends.unwrap_or((30.0, 0));
        let arn = format!("arn:aws:ecs:eu-central-1:123456789012:task/shop/{:032x}", self.tasks.len() + 1);
        let ends = (self.now + runs, exit);
        let never_started = (self.never_start.0 > 0).then(|| (self.never_start.1.clone(), self.never_start.2.clone()));
        self.never_start.0 = self.never_start.0.saturating_sub(1);
        self.tasks.push(Task { arn, revision: revision.to_owned(), sent, created: self.now, ends, stopped: None, never_started });
        Ok(())
    }
}

impl Revision {
    fn answer(&self, then: f64) -> Value {
        let mut content = self.content.clone();
        content["status"] = json!(if self.inactive.is_none() { "ACTIVE" } else { "INACTIVE" });
        content["registeredAt"] = json!(self.registered);
        if let Some(at) = self.inactive {
            content["deregisteredAt"] = json!(at);
        }
        let tags = self.tags.iter().rev().find(|(at, _)| *at <= then).map(|(_, tags)| tags.clone()).unwrap_or_default();
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        json!({"taskDefinition": content, "tags": tags})
    }

    /// Its tags now.
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags.last().expect("tags").1
    }

    /// The values of its runs' tags now.
    pub fn runs(&self) -> Vec<&str> {
        self.tags().iter().filter(|(key, _)| key.starts_with("driftless:run/")).map(|(_, value)| value.as_str()).collect()
    }
}

/// `Ready`, `Failed`, or the verdict's reason.
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

pub fn actions(plan: &Plan) -> Vec<&'static str> {
    plan.steps.iter().map(Step::action).collect()
}

pub fn timeout(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
