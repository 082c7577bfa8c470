//! One round: an account, an agent, and many cases at once, from nothing through a change to somebody's edits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use driftless::reconcile::Reconciler;
use driftless_core::status::{Phase, Status};
use driftless_simulator::{Call, On, Options, Spelling, StackFailure};
use serde_json::{Value, json};

use crate::case::{Case, DISPLAYS, Edit, Kind};
use crate::documents;
use crate::world::World;

/// Cases in a round.
pub const CASES: usize = 50;

/// Logical seconds in a real one.
const PACE: f64 = 90.0;

/// How long everything may take to end, in real time, before what has not ended is told.
const PATIENCE: Duration = Duration::from_secs(150);

/// Logical seconds in which nothing may be written once all has ended.
const QUIET: f64 = 130.0;

/// Writes of one resource for one change: twice, a service's creation being one of them, and what keeps the memory of it in tags.
const WRITES: [(&[&str], u64); 8] = [
    (&["RegisterTaskDefinition"], 1),
    (&["CreateService", "UpdateService"], 2),
    (&["RunTask"], 1),
    (&["CreateChangeSet"], 2),
    (&["ExecuteChangeSet"], 1),
    (&["CreateDeployment"], 1),
    (&["PutObject"], 1),
    (&["TagResource"], 3),
];

/// What stops an operation.
const STOPS: [&str; 7] = [
    "StopServiceDeployment",
    "StopDeployment",
    "StopTask",
    "CancelUpdateStack",
    "RollbackStack",
    "ContinueUpdateRollback",
    "DeleteService",
];

struct Round {
    seed: u64,
    world: World,
    cases: Vec<Case>,
    /// The ids of other people's operations.
    theirs: BTreeSet<String>,
    faults: Vec<String>,
}

/// Runs the round of this seed: what was not as it should be, a text for each.
pub async fn run(seed: u64) -> Vec<String> {
    let cases: Vec<Case> = (0..CASES).map(|number| Case::drawn(seed, number)).collect();
    let by_hand = cases.iter().any(|case| case.foreign && case.kind == Kind::Service);
    // What people have made is in use; else AWS refuses for a while.
    let first_use = (!by_hand).then_some(Duration::from_secs(20));
    let options = Options { pace: PACE, spelling: Spelling::Invented(seed), first_use, ..Options::default() };
    let world = World::with(options).await;
    let mut round = Round { seed, world, cases, theirs: BTreeSet::new(), faults: Vec::new() };
    round.prepare().await;
    round.world.simulator.reset_calls();
    let agent = round.world.agent().await;

    let sha = round.commit(0);
    let statuses = round.end(&agent.reconciler, &sha).await;
    round.judge(0, &statuses);
    round.applied(0, &statuses).await;
    round.quiet("after the first version").await;

    for case in round.cases.iter().filter(|case| case.fails && case.kind == Kind::Stack) {
        let (stack, logical_id, reason) = (case.name.clone(), "Queue".into(), "no queue today".into());
        round.world.simulator.fail_stack_resource(StackFailure { stack, logical_id, on: On::Update, reason, times: None });
    }
    round.world.simulator.reset_calls();
    let sha = round.commit(1);
    let statuses = round.end(&agent.reconciler, &sha).await;
    round.judge(1, &statuses);
    round.applied(1, &statuses).await;
    round.quiet("after the second version").await;

    round.world.simulator.reset_calls();
    round.edits(&statuses).await;
    round.counted("after the edits");
    round.quiet("after the edits").await;
    agent.stop().await;
    round.faults
}

impl Round {
    /// Buckets, groups, bundles, and what is there before the agent is.
    async fn prepare(&mut self) {
        let world = &self.world;
        ["artifacts", "bundles"].iter().for_each(|bucket| world.simulator.create_bucket(bucket));
        for key in ["v1.zip", "v2.zip", "v3.zip", "crash.zip"] {
            world.simulator.put_object("bundles", key, key.as_bytes().to_vec());
        }
        world.code_deploy("CreateApplication", json!({"applicationName": "shop"})).await;
        for case in self.cases.iter().filter(|case| case.kind == Kind::Deployment) {
            let role = "arn:aws:iam::123456789012:role/codedeploy";
            let filters = json!([{"Key": "role", "Value": case.name, "Type": "KEY_AND_VALUE"}]);
            let group = json!({"applicationName": "shop", "deploymentGroupName": case.name, "serviceRoleArn": role, "ec2TagFilters": filters});
            world.code_deploy("CreateDeploymentGroup", group).await;
        }
        for case in self.cases.iter().filter(|case| case.foreign && case.kind == Kind::Service) {
            self.by_hand(case).await;
        }
        // They have come to rest; then somebody begins something, and then the agent is there.
        world.pass(60.0).await;
        let mut theirs = BTreeSet::new();
        for case in self.cases.iter().filter(|case| case.foreign) {
            match case.kind {
                Kind::Service => {
                    let forced = json!({"cluster": "shop", "service": case.name, "forceNewDeployment": true});
                    let service = world.call("UpdateService", forced).await["service"].clone();
                    theirs.insert(service["currentServiceDeployment"].as_str().unwrap_or_default().to_owned());
                }
                Kind::Stack => {
                    let template = documents::template("by hand");
                    let members = [
                        ("StackName", case.name.as_str()),
                        ("TemplateBody", template.as_str()),
                        ("Parameters.member.1.ParameterKey", "Name"),
                        ("Parameters.member.1.ParameterValue", case.name.as_str()),
                    ];
                    world.cloudformation("CreateStack", &members).await;
                }
                _ => {
                    let location = json!({"bucket": "bundles", "key": "v1.zip", "bundleType": "zip"});
                    let revision = json!({"revisionType": "S3", "s3Location": location});
                    let input = json!({"applicationName": "shop", "deploymentGroupName": case.name, "revision": revision});
                    let begun = world.code_deploy("CreateDeployment", input).await;
                    theirs.insert(begun["deploymentId"].as_str().unwrap_or_default().to_owned());
                }
            }
        }
        self.theirs = theirs;
    }

    /// Somebody makes the service as it is going to be declared.
    async fn by_hand(&self, case: &Case) {
        let spec = &case.manifests[0]["spec"];
        let registered = self.world.call("RegisterTaskDefinition", spec["taskDefinition"]["inline"].clone()).await;
        let mut service = spec["service"]["inline"].clone();
        service["cluster"] = "shop".into();
        service["serviceName"] = case.name.as_str().into();
        service["taskDefinition"] = registered["taskDefinition"]["taskDefinitionArn"].clone();
        self.world.call("CreateService", service).await;
    }

    fn commit(&self, version: usize) -> String {
        let files: Vec<(String, String)> = self.cases.iter().flat_map(|case| case.files(version)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        self.world.commit(&files)
    }

    /// Waits until every resource has ended at this revision; how each stands.
    async fn end(&self, reconciler: &Reconciler, sha: &str) -> BTreeMap<String, Status> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let statuses: BTreeMap<String, Status> =
                reconciler.statuses().into_iter().map(|status| (status.resource.to_string(), status)).collect();
            let ended = |case: &Case| {
                statuses.get(&case.resource()).is_some_and(|status| {
                    let current = status.last_attempted_revision.as_deref().is_some_and(|revision| revision.contains(sha));
                    current && !matches!(status.phase, Phase::Reconciling | Phase::Unknown)
                })
            };
            if self.cases.iter().all(ended) || Instant::now() > deadline {
                return statuses;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn fault(&mut self, place: usize, what: String) {
        self.faults.push(format!("{what}\n{}", self.cases[place].told(self.seed)));
    }

    /// Whether each stands where this version belongs, and was written no oftener than it may.
    fn judge(&mut self, version: usize, statuses: &BTreeMap<String, Status>) {
        let at = ["the first version", "the second version"][version];
        for place in 0..self.cases.len() {
            let case = &self.cases[place];
            let Some(status) = statuses.get(&case.resource()).cloned() else {
                self.fault(place, format!("{at}: it has no status"));
                continue;
            };
            let fails = case.fails && version == 1;
            let right = match status.phase {
                Phase::Ready => !fails,
                Phase::Failed => fails,
                // Of what somebody else has made nobody can tell whether AWS or they have filled something in.
                Phase::Stalled if case.foreign => status.reason == "AdoptionWouldReset",
                Phase::Stalled => status.reason == "NotConverging" && case.unsettled,
                Phase::Reconciling | Phase::Waiting | Phase::Unknown => false,
            };
            if !right {
                let wanted = if fails { "Failed" } else { "Ready" };
                self.fault(place, format!("{at}: {wanted} was wanted, {:?} {}: {}", status.phase, status.reason, status.message));
            }
        }
        self.counted(at);
    }

    /// Whether what is called Ready is what was declared, whatever it looks like.
    async fn applied(&mut self, version: usize, statuses: &BTreeMap<String, Status>) {
        for place in 0..self.cases.len() {
            let case = &self.cases[place];
            let ready = statuses.get(&case.resource()).is_some_and(|status| status.phase == Phase::Ready);
            let real = match case.kind {
                Kind::Service if ready => {
                    let asked = json!({"cluster": "shop", "services": [case.name]});
                    let service = self.world.simulator.plainly("DescribeServices", &asked)["services"][0].clone();
                    let asked = json!({"taskDefinition": service["taskDefinition"]});
                    let definition = self.world.simulator.plainly("DescribeTaskDefinition", &asked);
                    let image = definition["taskDefinition"]["containerDefinitions"][0]["image"].clone();
                    let containers = case.manifests[version].pointer("/spec/taskDefinition/inline/containerDefinitions");
                    (image != containers.map_or(Value::Null, |all| all[0]["image"].clone())).then(|| image.to_string())
                }
                Kind::Stack if ready => {
                    let asked = [("StackName", case.name.as_str()), ("LogicalResourceId", "Topic")];
                    let seen = self.world.cloudformation("DetectStackResourceDrift", &asked).await;
                    (!seen.contains(DISPLAYS[version])).then_some(seen)
                }
                _ => None,
            };
            if let Some(real) = real {
                self.fault(place, format!("it is Ready, and what runs is not what version {version} declares: {real}"));
            }
        }
    }

    /// The calls that name a case's resource.
    fn calls(&self, case: &Case) -> Vec<Call> {
        let names = |call: &Call| {
            let tail = call.resource.rsplit(['/', ':']).next().unwrap_or_default();
            let bare = call.resource.rsplit('/').next().unwrap_or_default();
            let family = bare.split(':').next().unwrap_or_default();
            let file = bare.trim_end_matches(".txt");
            [tail, bare, family, file].contains(&case.name.as_str())
        };
        self.world.simulator.calls().into_iter().filter(|call| call.writes && call.outcome == "ok" && names(call)).collect()
    }

    /// No digest written oftener than twice, and nobody's operation stopped.
    fn counted(&mut self, at: &str) {
        for place in 0..self.cases.len() {
            let calls = self.calls(&self.cases[place]);
            for (actions, most) in WRITES {
                // An edit by hand is a call too.
                let most = most + u64::from(at == "after the edits");
                let times = calls.iter().filter(|call| actions.contains(&call.action.as_str())).count() as u64;
                if times > most {
                    self.fault(place, format!("{at}: {} {times} times", actions.join(" and ")));
                }
            }
        }
        for call in self.world.simulator.calls() {
            let stops = STOPS.contains(&call.action.as_str());
            if stops && self.theirs.iter().any(|id| !id.is_empty() && call.resource.contains(id.as_str())) {
                self.faults.push(format!("{at}: DRIFTLESS_SEED={}: somebody's operation was stopped: {call:?}", self.seed));
            } else if stops {
                self.faults.push(format!("{at}: DRIFTLESS_SEED={}: nothing asks for a stop: {call:?}", self.seed));
            }
        }
    }

    /// Nothing is written any more.
    async fn quiet(&mut self, at: &str) {
        // The last look after an end may still write down what it has learned.
        self.world.pass(90.0).await;
        self.world.simulator.reset_calls();
        self.world.pass(QUIET).await;
        for place in 0..self.cases.len() {
            let written: Vec<String> = self.calls(&self.cases[place]).into_iter().map(|call| call.action).collect();
            if !written.is_empty() {
                self.fault(place, format!("{at}: it is written without a cause: {written:?}"));
            }
        }
    }

    /// Somebody edits what is healthy, and the agent heals it. To what waits for a person nothing is written.
    async fn edits(&mut self, statuses: &BTreeMap<String, Status>) {
        let waits = |case: &Case| statuses.get(&case.resource()).is_some_and(|status| status.phase == Phase::Stalled);
        let edited: Vec<usize> = (0..self.cases.len())
            .filter(|place| {
                self.cases[*place].edit != Edit::Nothing && !(self.cases[*place].foreign && waits(&self.cases[*place]))
            })
            .collect();
        let mut before = Vec::new();
        for place in &edited {
            before.push(self.seen(&self.cases[*place]).await);
        }
        for place in &edited {
            self.edit(&self.cases[*place]).await;
        }
        let deadline = Instant::now() + PATIENCE;
        let mut left: Vec<(usize, Value)> = edited.into_iter().zip(before).collect();
        // What has not been seen changed is not yet healed: a first look must have gone by.
        self.world.pass(90.0).await;
        while !left.is_empty() && Instant::now() < deadline {
            let mut still = Vec::new();
            for (place, before) in left {
                if self.seen(&self.cases[place]).await != before {
                    still.push((place, before));
                }
            }
            left = still;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for (place, before) in left {
            let now = self.seen(&self.cases[place]).await;
            self.fault(place, format!("an edit is not healed: {before} became {now}"));
        }
    }

    /// What an edit changes, as it is seen.
    async fn seen(&self, case: &Case) -> Value {
        match case.kind {
            Kind::Service => {
                let service = self.world.service(&case.name).await;
                let definition =
                    self.world.call("DescribeTaskDefinition", json!({"taskDefinition": service["taskDefinition"]})).await;
                let image = definition["taskDefinition"]["containerDefinitions"][0]["image"].clone();
                json!([service["desiredCount"], service["networkConfiguration"], service["placementConstraints"], image])
            }
            Kind::Stack => {
                let xml = self.world.cloudformation("DescribeStacks", &[("StackName", &case.name)]).await;
                let parameters = xml.split("<Parameters>").nth(1).and_then(|rest| rest.split("</Parameters>").next());
                let status = xml.split("<StackStatus>").nth(1).and_then(|rest| rest.split('<').next());
                json!([parameters, status.is_some_and(|status| status.ends_with("_COMPLETE"))])
            }
            Kind::Artifact => {
                let object = self.world.simulator.object("artifacts", &format!("{}.txt", case.name));
                json!(object.map(|object| String::from_utf8_lossy(&object.bytes).into_owned()))
            }
            Kind::Deployment => {
                let input = json!({"applicationName": "shop", "deploymentGroupName": case.name});
                let newest = self.world.code_deploy("ListDeployments", input).await["deployments"][0].clone();
                let info =
                    self.world.code_deploy("GetDeployment", json!({"deploymentId": newest})).await["deploymentInfo"].clone();
                json!([info["revision"]["s3Location"]["key"], info["status"] == "Succeeded"])
            }
            Kind::Task => Value::Null,
        }
    }

    async fn edit(&self, case: &Case) {
        let update = |more: Value| {
            let mut input = json!({"cluster": "shop", "service": case.name});
            more.as_object().into_iter().flatten().for_each(|(key, value)| input[key] = value.clone());
            input
        };
        match (case.kind, case.edit) {
            (Kind::Service, Edit::Network) if case.fargate() => {
                let network = json!({"subnets": ["subnet-edited"], "securityGroups": ["sg-edited"]});
                self.world.call("UpdateService", update(json!({"networkConfiguration": {"awsvpcConfiguration": network}}))).await;
            }
            (Kind::Service, Edit::Revision) => {
                let mut definition = case.manifests[1].pointer("/spec/taskDefinition/inline").cloned().unwrap_or_default();
                definition["containerDefinitions"][0]["image"] = "registry.example.com/edited:1".into();
                let made =
                    self.world.call("RegisterTaskDefinition", definition).await["taskDefinition"]["taskDefinitionArn"].clone();
                self.world.call("UpdateService", update(json!({"taskDefinition": made}))).await;
            }
            (Kind::Service, _) => {
                self.world.call("UpdateService", update(json!({"desiredCount": 4}))).await;
            }
            (Kind::Stack, _) => {
                let members = [
                    ("StackName", case.name.as_str()),
                    ("UsePreviousTemplate", "true"),
                    ("Parameters.member.1.ParameterKey", "Name"),
                    ("Parameters.member.1.UsePreviousValue", "true"),
                    ("Parameters.member.2.ParameterKey", "Display"),
                    ("Parameters.member.2.ParameterValue", "edited"),
                ];
                self.world.cloudformation("UpdateStack", &members).await;
            }
            (Kind::Artifact, _) => {
                self.world.simulator.put_object("artifacts", &format!("{}.txt", case.name), b"edited".to_vec());
            }
            (Kind::Deployment, _) => {
                let location = json!({"bucket": "bundles", "key": "v3.zip", "bundleType": "zip"});
                let revision = json!({"revisionType": "S3", "s3Location": location});
                let input = json!({"applicationName": "shop", "deploymentGroupName": case.name, "revision": revision});
                self.world.code_deploy("CreateDeployment", input).await;
            }
            (Kind::Task, _) => {}
        }
    }
}
