//! What is always true, judged by what AWS and GitLab are asked and hold, never by the agent's words.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use driftless_simulator::Simulator;
use http::Response;
use serde_json::Value;
use tokio::time::Instant;

use crate::aws;
use crate::seen::Seen;
use crate::tree::{Slot, Tree};

/// So long after a push an agent may still act on what it read before: reads and the deletion itself take their time.
const A_READ: f64 = 45.0;

/// So long after a push somebody who waits for it asks for the status.
const A_WAIT: f64 = 40.0;

/// So long after somebody touched something an agent may not know of it.
const A_LOOK: f64 = 150.0;

/// A law that was broken, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    pub law: &'static str,
    pub how: String,
}

/// Looks on.
pub struct Observer {
    began: Instant,
    /// What each commit declares, and which is the branch's tip since when.
    trees: BTreeMap<String, Tree>,
    tip: (f64, String),
    /// What the agent's replica of the repository shows, where that is behind, and until when the agent may act on it.
    behind: Option<(f64, Tree)>,
    /// When somebody or something else last touched anything.
    touched: f64,
    /// When somebody last edited what AWS holds.
    edited: f64,
    /// The runs of each definition: the tasks' ARNs by family and image.
    runs: BTreeMap<(String, String), BTreeSet<String>>,
    /// Versions at which each stack was seen complete.
    complete: BTreeSet<(String, String)>,
    /// The fleet's, when they were last counted.
    deployments: usize,
    /// Writes of agents since the last reset.
    writes: Vec<Seen>,
    /// How often each copy sent the same update of a service since it was started and anything was last touched.
    updates: BTreeMap<(&'static str, String), u32>,
    /// All that GitLab was sent, and that a person was shown.
    told: String,
    pub calls: Vec<String>,
    pub broken: Vec<Broken>,
}

impl Observer {
    pub fn new() -> Self {
        Observer {
            began: Instant::now(),
            trees: BTreeMap::new(),
            tip: (0.0, String::new()),
            behind: None,
            touched: 0.0,
            edited: f64::NEG_INFINITY,
            runs: BTreeMap::new(),
            complete: BTreeSet::new(),
            deployments: 0,
            writes: Vec::new(),
            updates: BTreeMap::new(),
            told: String::new(),
            calls: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// The branch's tip is this commit now.
    pub fn pushed(&mut self, sha: &str, tree: &Tree) {
        self.trees.insert(sha.to_owned(), tree.clone());
        self.tip = (self.now(), sha.to_owned());
        self.touch();
    }

    /// The agent reads from a replica that shows this; None: the tip.
    pub fn is_behind(&mut self, tree: Option<Tree>) {
        let now = self.now();
        match tree {
            Some(tree) => self.behind = Some((f64::INFINITY, tree)),
            None => self.behind.iter_mut().for_each(|(until, _)| *until = until.min(now + A_READ)),
        }
        self.touch();
    }

    /// Every commit that was ever the tip.
    pub fn commits(&self) -> Vec<String> {
        self.trees.keys().cloned().collect()
    }

    /// Something happened that an agent cannot know of yet.
    pub fn touch(&mut self) {
        self.touched = self.now();
        self.updates.clear();
    }

    /// A copy is started: it knows nothing of what it did before.
    pub fn starts(&mut self, who: &'static str) {
        self.updates.retain(|(one, _), _| *one != who);
    }

    /// What a person was shown.
    pub fn hears(&mut self, told: &str) {
        self.told.push_str(told);
    }

    /// Somebody edits what AWS holds.
    pub fn edit(&mut self) {
        self.edited = self.now();
        self.touch();
    }

    /// The same as text.
    pub fn told(&self) -> &str {
        &self.told
    }

    /// The writes since this was last asked.
    pub fn written(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.writes)
    }

    fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    pub fn breaks(&mut self, law: &'static str, how: impl Into<String>) {
        let how = format!("at {:.1} s: {}", self.now(), how.into());
        self.broken.push(Broken { law, how });
    }

    fn tip(&self) -> Option<&Tree> {
        self.trees.get(&self.tip.1)
    }

    /// A request has come to its server.
    pub fn before(&mut self, seen: &Seen, simulator: &Simulator) {
        if !seen.action.is_empty() {
            self.calls.push(format!("{:.3} {} {} {}{}", self.now(), seen.who, seen.action, seen.path, short(&seen.input)));
        }
        match seen.action.as_str() {
            "GitLab" => self.told_gitlab(seen, simulator),
            "DeleteService" | "DeleteStack" | "DeleteObject" => self.deletes(seen, simulator),
            "RegisterTaskDefinition" => {
                self.ran(seen.who, simulator);
                self.keeps_order(seen);
            }
            "UpdateService" => self.updates(seen),
            _ => {}
        }
        if seen.writes() {
            self.leaves_others_alone(seen);
            self.writes.push(seen.clone());
        }
    }

    /// It was answered, or not.
    pub fn after(&mut self, seen: &Seen, answer: Option<&Response<Bytes>>, simulator: &Simulator) {
        match (seen.action.as_str(), answer) {
            ("RunTask" | "ListTasks" | "DescribeTasks", _) => self.ran(seen.who, simulator),
            ("CreateDeployment", _) => self.deployed(seen, simulator),
            ("DescribeStacks", Some(_)) => {
                for (name, (status, version)) in aws::stacks(simulator) {
                    if matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") {
                        self.complete.insert((name, version));
                    }
                }
            }
            _ => {}
        }
    }

    /// Nothing is deleted that is declared at the source's newest revision.
    fn deletes(&mut self, seen: &Seen, simulator: &Simulator) {
        let Some(tip) = self.tip().cloned() else { return };
        let declared = declared(&tip, seen);
        // What its replica shows is all that an agent can know.
        let behind = self.behind.as_ref().filter(|(until, _)| seen.who == "agent" && *until > self.now());
        if behind.is_some_and(|(_, shown)| self::declared(shown, seen).is_none()) {
            return;
        }
        // A first creation that failed is nothing: it has to go before the next.
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
        if declared == Some(Slot::Network)
            && let Some((status, _)) = aws::stacks(simulator).get(&tip.stack_name())
            && matches!(status.as_str(), "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "REVIEW_IN_PROGRESS")
        {
            return;
        }
        if let Some(slot) = declared
            && self.now() - self.tip.0 > A_READ
        {
            let who = seen.who;
            self.breaks("nothing declared is deleted", format!("{who}: {} of {slot:?}, which the tip declares", seen.action));
        }
    }

    /// Nothing of others is touched.
    fn leaves_others_alone(&mut self, seen: &Seen) {
        let named = ["service", "StackName", "family", "taskDefinition", "resourceArn", "ResourceARN"];
        let names: Vec<&str> = named.iter().map(|member| seen.text(member)).chain([seen.path.as_str()]).collect();
        if names.iter().any(|name| name.contains("theirs")) {
            self.breaks("nothing of others is touched", format!("{}: {} of {names:?}", seen.who, seen.action));
        }
    }

    /// No dependent before its dependency. A task definition says at which revision it is registered.
    fn keeps_order(&mut self, seen: &Seen) {
        let revision = seen.tag("driftless:revision").unwrap_or_default().to_owned();
        let Some(tree) = self.trees.get(&revision).cloned() else { return };
        let family = seen.text("family");
        if family == tree.name(Slot::Api) && tree.spec(Slot::Migrate).is_some() {
            let key = tree.run();
            if !self.runs.contains_key(&key) {
                self.breaks("no dependent before its dependency", format!("{}: Api of {revision} before {key:?} ran", seen.who));
            }
        }
        if family == tree.name(Slot::Worker)
            && let Some(spec) = tree.spec(Slot::Network)
            && !self.complete.contains(&(tree.stack_name(), spec.version.to_string()))
        {
            let how = format!("{}: Worker of {revision} before {} was at {}", seen.who, tree.stack_name(), spec.version);
            self.breaks("no dependent before its dependency", how);
        }
    }

    /// No second run of one definition.
    fn ran(&mut self, who: &str, simulator: &Simulator) {
        for (family, image, arn) in aws::tasks(simulator, "migrate") {
            let runs = self.runs.entry((family.clone(), image.clone())).or_default();
            if runs.insert(arn) && runs.len() == 2 {
                let runs = runs.clone();
                self.breaks("no second run of one definition", format!("{who}: {image} in {family}: {runs:?}"));
            }
        }
    }

    /// No second deployment of one definition: neither after one that ended well, nor after one that failed. One that was
    /// stopped for a newer commit may be begun again, when that commit is taken back.
    fn deployed(&mut self, seen: &Seen, simulator: &Simulator) {
        let all = aws::deployments(simulator);
        let [newest, before, ..] = all.as_slice() else { return };
        let ours = |one: &Value| one["description"].as_str().is_some_and(|text| text.contains("[driftless:"));
        let same = newest["revision"] == before["revision"] && before["status"] != "Stopped";
        if ours(newest) && ours(before) && same && self.deployments != all.len() {
            let how = format!("{}: {} after one that is {}", seen.who, newest["revision"]["s3Location"], before["status"]);
            self.breaks("no second deployment of one definition", how);
        }
        self.deployments = all.len();
    }

    /// No more writes than the digest allows: twice for each change that is not the agent's own, and a copy that was started
    /// anew cannot know of its last one.
    fn updates(&mut self, seen: &Seen) {
        let key = (seen.who, seen.input.to_string());
        let count = self.updates.entry(key.clone()).or_default();
        *count += 1;
        if *count == 3 {
            self.breaks("no more writes than the digest allows", format!("UpdateService a third time: {key:?}"));
        }
    }

    /// How AWS differs from what is declared, with what only somebody who has looked on can tell.
    pub fn differences(&mut self, simulator: &Simulator, tree: &Tree, alone: bool) -> Vec<String> {
        let mut differ = aws::differences(simulator, tree, alone);
        self.ran("nobody", simulator);
        let key = tree.run();
        if tree.spec(Slot::Migrate).is_some() && !self.runs.contains_key(&key) {
            differ.push(format!("{key:?} has never run"));
        }
        differ
    }

    /// No `status` is Ready of all that the newest revision declares before AWS holds it.
    pub fn says_ready(&mut self, sha: &str, simulator: &Simulator) {
        let unedited = self.now() - self.edited > A_LOOK;
        let waited_for = sha == self.tip.1 && self.now() - self.tip.0 < A_WAIT;
        let Some(tip) = self.tip().filter(|tip| unedited && waited_for && !tip.broken).cloned() else { return };
        let differs = self.differences(simulator, &tip, false);
        if !differs.is_empty() || tip.fails() {
            self.breaks("no status says Ready before AWS holds it", format!("{differs:?}"));
            // Told once.
            self.edited = self.now();
        }
    }

    /// No final status that contradicts AWS.
    fn told_gitlab(&mut self, seen: &Seen, simulator: &Simulator) {
        self.told.push_str(&format!("{}\n", seen.input));
        let overall = seen.text("name") == "driftless/chaos";
        // A commit and a fault are no excuse: only what was edited since it was looked at.
        let (calm, unedited) = (self.now() - self.touched > A_LOOK, self.now() - self.edited > A_LOOK);
        if !(overall && unedited && seen.path.ends_with(&self.tip.1)) {
            return;
        }
        let Some(tip) = self.tip().cloned() else { return };
        let state = seen.text("state");
        if state == "success" {
            let differs = self.differences(simulator, &tip, false);
            if !differs.is_empty() || tip.fails() || tip.broken {
                self.breaks("no final status that contradicts AWS", format!("success, and {differs:?}, {tip:?}"));
            }
        }
        if state == "canceled" && calm {
            self.breaks("no final status that contradicts AWS", "canceled, and it is the tip");
        }
    }
}

/// What of a tree is deleted by this.
fn declared(tree: &Tree, seen: &Seen) -> Option<Slot> {
    match seen.action.as_str() {
        "DeleteService" => {
            let (cluster, name) = (aws::last(seen.text("cluster")), aws::last(seen.text("service")));
            let services = tree.declared.keys().filter(|slot| slot.is_service());
            services.copied().find(|slot| tree.name(*slot) == name && tree.cluster(*slot) == cluster)
        }
        "DeleteStack" => {
            let stack = seen.text("StackName");
            let name = if stack.contains('/') { stack.split('/').nth(1).unwrap_or_default() } else { stack };
            (tree.spec(Slot::Network).is_some() && tree.stack_name() == name).then_some(Slot::Network)
        }
        _ => (tree.spec(Slot::Bundle).is_some() && seen.path.ends_with(&format!("/{}", tree.key()))).then_some(Slot::Bundle),
    }
}

fn short(input: &Value) -> String {
    let named = ["cluster", "service", "serviceName", "family", "taskDefinition", "StackName", "ChangeSetName", "state", "name"];
    let named = named.iter().filter_map(|member| Some(format!("{member}={}", input[*member].as_str()?)));
    named.collect::<Vec<_>>().join(" ")
}
