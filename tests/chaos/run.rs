//! Runs a script from nothing to its end: its steps, then quiet, in which all must converge, and then be left alone.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use driftless::ambient;
use driftless_simulator::gitlab::{Outage, Refusal};
use driftless_simulator::{Fault, On, StackFailure, When};
use serde_json::json;

use crate::aws;
use crate::laws::Broken;
use crate::script::{Away, Cache, Change, Code, Edit, Script, Step};
use crate::tree::{CANARIES, Slot, Spec, TEMPLATE, Tree};
use crate::world::{Copy, INTERVAL, START, World};

/// How long all may take to converge once nothing goes wrong any more, in seconds.
const PATIENCE: u64 = 3_000;

/// How long a stop may take with a write in hand, in seconds.
const STOPS_WITHIN: f64 = 10.5;

/// How a run went.
pub struct Outcome {
    pub broken: Vec<Broken>,
    /// Every call that the agents made.
    pub calls: Vec<String>,
    pub log: String,
}

/// Runs it on this thread, in a runtime of its own.
pub fn run(script: &Script) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).with_env_filter("driftless=debug").finish();
    let mut outcome = tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let _guard = ambient::bring(START, script.seed);
            let mut run = Run::new(script).await;
            // What comes after a broken law tells little, and may take long.
            for step in &script.steps {
                if run.holds() {
                    run.step(step).await;
                }
            }
            if run.holds() {
                run.quiet().await;
            }
            let mut observer = run.world.servers.observer();
            let (calls, mut broken) = (std::mem::take(&mut observer.calls), std::mem::take(&mut observer.broken));
            let said = log.text();
            for canary in CANARIES.iter().filter(|canary| said.contains(**canary) || observer.told().contains(**canary)) {
                let line = said.lines().chain(observer.told().lines()).find(|line| line.contains(*canary)).unwrap_or_default();
                broken.push(Broken { law: "no secret in any output", how: line.to_owned() });
            }
            Outcome { broken, calls, log: String::new() }
        })
    });
    outcome.log = log.text();
    outcome
}

struct Run {
    world: World,
    agent: Option<Copy>,
    second: Option<Copy>,
    applying: Option<Copy>,
    /// Something failed, or was refused, for good: only another version ends that.
    failed: bool,
}

impl Run {
    async fn new(script: &Script) -> Run {
        let mut world = World::new(script.seed, script.lag, script.spelling);
        let agent = Some(world.start("agent", 0).await);
        Run { world, agent, second: None, applying: None, failed: false }
    }

    fn holds(&self) -> bool {
        self.world.servers.observer().broken.is_empty()
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Commit(changes) => {
                let mut tree = self.world.tip();
                changes.iter().for_each(|change| apply(&mut tree, *change, self.world.branch.len() as u8));
                if tree != self.world.tip() || self.world.branch.is_empty() {
                    self.world.commit(tree);
                    // Somebody looks at every third commit before it is applied.
                    if self.world.branch.len() % 3 == 2 {
                        let told = tokio::time::timeout(Duration::from_secs(60), self.world.plan()).await.unwrap_or_default();
                        self.world.servers.observer().hears(&told);
                    }
                }
            }
            Step::Revert => {
                let before = self.world.branch.iter().rev().nth(1).map(|(_, tree)| tree.clone());
                if let Some(tree) = before {
                    self.world.commit(tree);
                }
            }
            Step::ForcePush(back) => self.world.force_push(usize::from(*back)),
            Step::Console(slot, edit) => self.console(*slot, *edit),
            Step::Fault { action, when, code, after, times } => {
                let (code, status) = match code {
                    Code::Throttle => ("ThrottlingException", 400),
                    Code::Server => ("ServerException", 500),
                    Code::Denied => ("AccessDeniedException", 400),
                };
                // A rule that skips its first calls: those are struck by nothing.
                let nth = (*after > 0).then(|| u64::from(*after) + 1);
                let (action, times) = ((*action).to_owned(), Some(u64::from(*times)));
                let fault = Fault { action, code: code.into(), status, when: *when, nth, times, ..Fault::default() };
                self.world.servers.simulator.add_fault(fault);
                self.world.servers.observer().touch();
            }
            Step::Quota { action, seconds } => {
                // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html and the services' own pages.
                let (code, message) = ("LimitExceededException", "The limit for the resource was exceeded.");
                let (action, code, message) = ((*action).to_owned(), code.to_owned(), message.to_owned());
                let seconds = Some(f64::from(*seconds));
                let fault = Fault { action, code, status: 400, message, when: When::Before, seconds, ..Fault::default() };
                self.world.servers.simulator.add_fault(fault);
                self.world.servers.observer().touch();
            }
            Step::Theirs(slot) => self.theirs(*slot),
            Step::StackFails { update, times } => {
                let tree = self.world.tip();
                let on = if *update { On::Update } else { On::Create };
                self.world.servers.simulator.fail_stack_resource(StackFailure {
                    stack: tree.stack_name(),
                    logical_id: "Queue".to_owned(),
                    on,
                    reason: "Resource handler returned message: \"no room\" (HandlerErrorCode: ServiceLimitExceeded)".to_owned(),
                    times: Some(u32::from(*times)),
                });
                self.failed = true;
                self.world.servers.observer().touch();
            }
            Step::ClearFaults => self.world.servers.simulator.clear_faults(),
            Step::Kill { request, effect } => self.agent.iter().for_each(|agent| agent.line.dies_at(*request, *effect)),
            Step::Restart(cache) => self.restart(*cache).await,
            Step::Stop => {
                if let Some(agent) = self.agent.take() {
                    let took = agent.stop().await.unwrap_or_default();
                    if took > STOPS_WITHIN {
                        self.world.servers.observer().breaks("a stop ends in time", format!("it took {took:.1} s"));
                    }
                }
                self.restart(Cache::Kept).await;
            }
            Step::Second { minutes } => {
                let next = self.world.start("second", u64::from(*minutes)).await;
                if let Some(old) = self.second.replace(next) {
                    old.kill().await;
                }
            }
            Step::EndSecond => self.end_second().await,
            Step::Apply => {
                let next = self.world.apply().await;
                if let Some(old) = self.applying.replace(next) {
                    old.kill().await;
                }
            }
            Step::GitLab(away) => self.gitlab_is(*away),
            Step::GitLabRefuses { status, times } => {
                let refusal = Refusal::Answer(*status, "the simulator was told to refuse".to_owned());
                let refusals = std::iter::repeat_n(refusal, usize::from(*times));
                self.world.servers.simulator.gitlab().refuse_next(refusals);
                self.failed |= is_for_good(*status);
            }
            Step::Git(away) => self.world.servers.git_is(*away),
            Step::GitBreaks { after, times } => self.world.servers.git_breaks(*after, *times),
            Step::Replica(back) => {
                // Two copies that are shown different branches have no branch in common.
                self.end_second().await;
                let behind = self.world.branch.iter().rev().nth(usize::from(*back)).filter(|_| *back > 0).cloned();
                self.world.servers.replica_is(behind.as_ref().map(|(sha, _)| sha.clone()));
                self.world.servers.observer().is_behind(behind.map(|(_, tree)| tree));
            }
            Step::Skip(seconds) => {
                self.world.servers.simulator.skip(Duration::from_secs(u64::from(*seconds)));
                ambient::skip(f64::from(*seconds));
                self.world.servers.observer().touch();
            }
            Step::Pass(seconds) => self.pass(u64::from(*seconds)).await,
        }
    }

    /// Time passes, and somebody looks at `driftless status` meanwhile.
    async fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds.div_ceil(2) {
            pass(2).await;
            let ready = self.agent.as_ref().filter(|agent| agent.lives()).and_then(Copy::all_ready_at);
            if let Some(sha) = ready {
                self.world.servers.observer().says_ready(&sha, &self.world.servers.simulator);
            }
        }
    }

    async fn restart(&mut self, cache: Cache) {
        if let Some(agent) = self.agent.take() {
            agent.kill().await;
        }
        self.world.cache_is("agent", cache);
        self.agent = Some(self.world.start("agent", 0).await);
    }

    async fn end_second(&mut self) {
        if let Some(second) = self.second.take() {
            second.kill().await;
        }
    }

    fn gitlab_is(&self, away: Away) {
        self.world.servers.gitlab_is(if away == Away::Hanging { away } else { Away::No });
        self.world.servers.simulator.gitlab().set_down(match away {
            Away::Refusing => Some(Outage::Unavailable),
            Away::Breaking => Some(Outage::Closed),
            Away::No | Away::Hanging => None,
        });
    }

    /// Somebody else makes what the tip declares, or may declare one day.
    fn theirs(&self, slot: Slot) {
        let (tip, simulator) = (self.world.tip(), &self.world.servers.simulator);
        let definition = |name: &str| {
            let container = json!({"name": "app", "image": "registry.example.com/before:1"});
            let definition = json!({"family": name, "containerDefinitions": [container], "networkMode": "awsvpc",
                "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
                "executionRoleArn": "arn:aws:iam::123456789012:role/execution"});
            aws::ask(simulator, "ecs", "RegisterTaskDefinition", &definition);
        };
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]}});
        match slot {
            Slot::Web | Slot::Api | Slot::Worker => {
                let name = tip.name(slot);
                definition(&name);
                let service = json!({"cluster": tip.cluster(slot), "serviceName": name, "taskDefinition": name, "desiredCount": 2,
                    "launchType": "FARGATE", "networkConfiguration": network});
                aws::ask(simulator, "ecs", "CreateService", &service);
            }
            Slot::Migrate => definition(&tip.name(slot)),
            Slot::Network => {
                let name = tip.stack_name();
                let stack = json!({"StackName": name, "TemplateBody": TEMPLATE,
                    "Parameters.member.1.ParameterKey": "Name", "Parameters.member.1.ParameterValue": name,
                    "Parameters.member.2.ParameterKey": "Display", "Parameters.member.2.ParameterValue": "before"});
                aws::ask(simulator, "cloudformation", "CreateStack", &stack);
            }
            Slot::Bundle if simulator.object("artifacts", &tip.key()).is_none() => {
                simulator.put_object("artifacts", &tip.key(), b"before".to_vec());
            }
            Slot::Bundle | Slot::Fleet => {}
        }
        self.world.servers.observer().edit();
    }

    /// Somebody at the console.
    fn console(&self, slot: Slot, edit: Edit) {
        let (tip, simulator) = (self.world.tip(), &self.world.servers.simulator);
        if tip.spec(slot).is_none() {
            return;
        }
        self.world.servers.observer().edit();
        match slot {
            Slot::Web | Slot::Api | Slot::Worker => {
                let mut update = json!({"cluster": tip.cluster(slot), "service": tip.name(slot)});
                match edit {
                    Edit::Simple => update["desiredCount"] = 4.into(),
                    Edit::Force => update["forceNewDeployment"] = true.into(),
                    Edit::Hard => {
                        let container = json!({"name": "app", "image": "registry.example.com/edited:1"});
                        let definition = json!({"family": tip.name(slot), "containerDefinitions": [container], "networkMode": "awsvpc",
                            "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
                            "executionRoleArn": "arn:aws:iam::123456789012:role/execution"});
                        update["taskDefinition"] = aws::ask(simulator, "ecs", "RegisterTaskDefinition", &definition)["taskDefinition"]
                            ["taskDefinitionArn"]
                            .clone();
                    }
                }
                aws::ask(simulator, "ecs", "UpdateService", &update);
            }
            Slot::Network => {
                let name = tip.stack_name();
                let update = json!({"StackName": name, "UsePreviousTemplate": "true",
                    "Parameters.member.1.ParameterKey": "Name", "Parameters.member.1.UsePreviousValue": "true",
                    "Parameters.member.2.ParameterKey": "Key", "Parameters.member.2.UsePreviousValue": "true",
                    "Parameters.member.3.ParameterKey": "Display", "Parameters.member.3.ParameterValue": "edited"});
                aws::ask(simulator, "cloudformation", "UpdateStack", &update);
            }
            Slot::Bundle => drop(simulator.put_object("artifacts", &tip.key(), b"edited".to_vec())),
            Slot::Fleet => {
                let location = json!({"bucket": "bundles", "key": "v1.zip", "bundleType": "zip"});
                let input = json!({"applicationName": "shop", "deploymentGroupName": "fleet",
                    "revision": {"revisionType": "S3", "s3Location": location}});
                aws::ask(simulator, "codedeploy", "CreateDeployment", &input);
            }
            Slot::Migrate => {}
        }
    }

    /// Nothing goes wrong any more: all converges, and then nothing is written over three intervals.
    async fn quiet(&mut self) {
        self.end_second().await;
        if let Some(applying) = self.applying.take() {
            applying.kill().await;
        }
        self.world.servers.simulator.clear_faults();
        self.world.servers.simulator.clear_stack_failures();
        self.world.servers.simulator.gitlab().refuse_no_more();
        self.world.servers.git_is(Away::No);
        self.world.servers.git_breaks(0, 0);
        self.world.servers.replica_is(None);
        self.world.servers.observer().is_behind(None);
        self.gitlab_is(Away::No);
        if self.world.branch.is_empty() || self.world.tip().broken || self.failed {
            let mut tree = self.world.tip();
            tree.broken = false;
            let version = self.world.branch.len() as u8;
            tree.declared.get_mut(&Slot::Network).into_iter().for_each(|spec| spec.version = version);
            self.world.commit(tree);
        }
        match &self.agent {
            Some(agent) if agent.lives() => agent.line.forgets_its_trap(),
            _ => self.restart(Cache::Kept).await,
        }
        let (sha, tree) = self.world.branch.last().cloned().unwrap_or_default();
        let wanted = if tree.fails() { "failed" } else { "success" };
        let mut waited = 0;
        let (mut state, mut differs) = (String::new(), Vec::new());
        while waited < PATIENCE {
            pass(10).await;
            waited += 10;
            state = self.state(&sha);
            if state == wanted {
                differs = self.differences(&tree);
                if differs.is_empty() {
                    break;
                }
            }
        }
        let servers = self.world.servers.clone();
        if state != wanted || !differs.is_empty() {
            let row = servers
                .simulator
                .gitlab()
                .statuses(&sha)
                .into_iter()
                .map(|row| format!("{} {}: {:?}", row.name, row.state, row.description));
            let rows = row.collect::<Vec<_>>().join("\n    ");
            let now = self.differences(&tree);
            let how = format!(
                "after {PATIENCE} s GitLab shows `{state}` where `{wanted}` belongs, and AWS differs: {now:?}\n    {rows}"
            );
            servers.observer().breaks("all converges after quiet", how);
            return;
        }
        pass(INTERVAL).await;
        servers.observer().written();
        pass(3 * INTERVAL).await;
        self.unfinished();
        let written: Vec<String> =
            servers.observer().written().into_iter().map(|seen| format!("{} {}", seen.action, seen.path)).collect();
        let written: Vec<String> = written.into_iter().filter(|write| !write.starts_with("GitLab")).collect();
        if !written.is_empty() {
            servers.observer().breaks("nothing is written after all has converged", format!("{written:?}"));
        }
    }

    /// How AWS differs from what is declared. Where something fails, the rest may wait for it.
    fn differences(&self, tree: &Tree) -> Vec<String> {
        let simulator = &self.world.servers.simulator;
        let mut differs = self.world.servers.observer().differences(simulator, tree, !tree.fails());
        // Nothing in AWS leads to an object: only the process that pushed it knows of it (src/reconcile/left.rs).
        if self.world.starts == 1 && !tree.fails() {
            differs.extend(aws::left_objects(simulator, tree));
        }
        differs
    }

    /// No status that GitLab was ever told is left unfinished, of whichever commit.
    fn unfinished(&self) {
        let gitlab = self.world.servers.simulator.gitlab();
        let mut observer = self.world.servers.observer();
        let refused = gitlab.posts().into_iter().filter(|post| is_for_good(post.answer)).map(|post| post.sha);
        let refused: BTreeSet<String> = refused.collect();
        for sha in observer.commits().into_iter().filter(|sha| !refused.contains(sha)) {
            let left = gitlab.statuses(&sha).into_iter().filter(|row| ["pending", "running"].contains(&row.state.as_str()));
            let left: Vec<String> = left.map(|row| format!("{} is {}", row.name, row.state)).collect();
            if !left.is_empty() {
                observer.breaks("no status is left unfinished", format!("{sha}: {left:?}"));
            }
        }
    }

    /// The state of the newest row of the agent's own status of a commit.
    fn state(&self, sha: &str) -> String {
        let rows = self.world.servers.simulator.gitlab().statuses(sha);
        rows.into_iter().rev().find(|row| row.name == "driftless/chaos").map(|row| row.state).unwrap_or_default()
    }
}

fn apply(tree: &mut Tree, change: Change, version: u8) {
    let edit = |tree: &mut Tree, slot: Slot, edit: &dyn Fn(&mut Spec)| tree.declared.get_mut(&slot).into_iter().for_each(edit);
    match change {
        Change::Add(slot) => drop(tree.declared.entry(slot).or_insert(Spec { version, count: 1, ..Spec::default() })),
        Change::Edit(slot) => edit(tree, slot, &|spec| (spec.version, spec.crash) = (version, false)),
        Change::Crash(slot) => edit(tree, slot, &|spec| (spec.version, spec.crash) = (version, true)),
        Change::Scale(slot, count) => edit(tree, slot, &|spec| spec.count = count + 1),
        Change::Extra(slot) => edit(tree, slot, &|spec| spec.extra = !spec.extra),
        Change::Secret(slot) => edit(tree, slot, &|spec| spec.secret += 1),
        Change::Remove(slot) => drop(tree.declared.remove(&slot)),
        Change::Rename(slot) => edit(tree, slot, &|spec| spec.name += 1),
        Change::Move(slot) => edit(tree, slot, &|spec| spec.place += 1),
        Change::MoveFile(slot) => edit(tree, slot, &|spec| spec.folder = (spec.folder + 1) % 3),
        Change::Break => tree.broken = true,
        Change::Mend => tree.broken = false,
    }
}

/// What GitLab says so is not asked again before there is news.
fn is_for_good(status: u16) -> bool {
    matches!(status, 403 | 404 | 422)
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// What the agents log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}
