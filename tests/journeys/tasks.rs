//! Tasks that run to their end: once for each definition, before what depends on them, whatever happens to the agent.

use std::time::Duration;

use driftless_core::resource::{Kind, ResourceId};
use driftless_simulator::{Fault, Options, When};
use serde_json::{Value, json};

use crate::killing::{die_at, die_at_nth, kill_at, killed};
use crate::world::{CAREFUL, PACE, World, service};

/// An `EcsTask` `migrate` of this image; `more` are further members of `spec`.
fn migrate(image: &str, more: &str) -> String {
    format!(
        r#"apiVersion: driftless/v1alpha1
kind: EcsTask
metadata: {{name: migrate}}
spec:
  cluster: shop
  taskDefinition:
    inline:
      family: migrate
      requiresCompatibilities: [FARGATE]
      networkMode: awsvpc
      cpu: "256"
      memory: "512"
      executionRoleArn: arn:aws:iam::123456789012:role/execution
      containerDefinitions:
        - name: app
          image: {image}
          logConfiguration:
            logDriver: awslogs
            options: {{awslogs-group: /shop/migrate, awslogs-region: eu-central-1, awslogs-stream-prefix: run}}
  task:
    inline:
      launchType: FARGATE
      networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-0a1b2c3d], securityGroups: [sg-0a1b2c3d]}}}}
{more}
"#
    )
}

/// A service `web` that waits for `migrate`.
fn dependent(image: &str) -> String {
    let manifest = service("web", image, CAREFUL);
    manifest.replace("  cluster: shop\n", "  cluster: shop\n  dependsOn: [{kind: EcsTask, name: migrate}]\n")
}

impl World {
    /// The tasks of the family `migrate`, whether they run or have stopped less than an hour ago, oldest first.
    async fn runs(&self) -> Vec<Value> {
        let mut arns = Vec::new();
        for status in ["RUNNING", "STOPPED"] {
            let body = json!({"cluster": "shop", "family": "migrate", "desiredStatus": status});
            arns.extend(self.call("ListTasks", body).await["taskArns"].as_array().cloned().unwrap_or_default());
        }
        if arns.is_empty() {
            return Vec::new();
        }
        let body = json!({"cluster": "shop", "tasks": arns, "include": ["TAGS"]});
        let mut tasks = self.call("DescribeTasks", body).await["tasks"].as_array().cloned().unwrap_or_default();
        tasks.sort_by(|one, other| {
            one["createdAt"].as_f64().unwrap_or_default().total_cmp(&other["createdAt"].as_f64().unwrap_or_default())
        });
        tasks
    }

    /// What stands on record of `migrate`'s runs, at the family's newest revision.
    async fn record(&self) -> String {
        let answer = self.call("DescribeTaskDefinition", json!({"taskDefinition": "migrate", "include": ["TAGS"]})).await;
        let tags = answer["tags"].as_array().cloned().unwrap_or_default();
        let runs = tags.iter().filter(|tag| tag["key"].as_str().is_some_and(|key| key.starts_with("driftless:run/")));
        runs.map(|tag| tag["value"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>().join("\n")
    }
}

fn id() -> ResourceId {
    ResourceId::new(Kind::EcsTask, "migrate")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_runs_once_and_the_service_that_depends_on_it_waits_for_its_end() {
    let world = World::start().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:1-takes-60", "")), ("web.yaml", &dependent("web:1"))]);
    world.ends_as(&sha, "success").await;
    let runs = world.runs().await;
    assert_eq!(runs.len(), 1, "{runs:#?}");
    assert_eq!(runs[0]["containers"][0]["exitCode"], 0);
    let ended = runs[0]["stoppedAt"].as_f64().expect("it has ended");
    let created = world.service("web").await["createdAt"].as_f64().expect("a time");
    assert!(created >= ended, "the service was created {} seconds before the migration's end", ended - created);
    assert!(world.record().await.starts_with("succeeded attempt=1"), "{}", world.record().await);

    let writes = world.simulator.mutations();
    agent.reconciler.look();
    world.pass(180.0).await;
    assert_eq!(world.simulator.mutations(), writes, "{:#?}", world.simulator.calls());
    agent.stop().await;

    // Nor after a restart, nor a day later, nor for a commit that changes something else.
    world.simulator.skip(Duration::from_secs(26 * 3600));
    let agent = world.agent().await;
    let sha = world.commit(&[("web.yaml", &dependent("web:2"))]);
    world.ends_as(&sha, "success").await;
    assert_eq!(world.count("RunTask"), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_migration_stops_its_dependents_and_is_run_again_by_a_person_or_a_change_only() {
    let world = World::start().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:1-exit-3", "")), ("web.yaml", &dependent("web:1"))]);
    world.ends_as(&sha, "failed").await;
    let row = world.row(&sha, "driftless/journey/EcsTask/migrate").expect("the resource's own status");
    let said = row.description.clone().unwrap_or_default();
    assert!(said.contains("app") && said.contains("exited with code 3"), "{row:?}");
    assert!(world.service("web").await.is_null(), "the service was created all the same");
    world.pass(180.0).await;
    assert_eq!(world.count("RunTask"), 1);

    // An unrelated commit, and a restart.
    agent.stop().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("other.yaml", &service("other", "other:1", CAREFUL))]);
    world.ends_as(&sha, "failed").await;
    assert_eq!(world.count("RunTask"), 1);

    agent.reconciler.retry(&id());
    world.until("it was run again", async || world.runs().await.len() == 2).await;
    world.until("that is on record", async || world.record().await.starts_with("failed attempt=2")).await;

    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:2", ""))]);
    world.ends_as(&sha, "success").await;
    assert_eq!((world.runs().await.len(), world.count("RunTask")), (3, 3));
    assert_eq!(world.service("web").await["runningCount"], 2);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_to_a_definition_that_has_run_does_not_run_it_again() {
    let world = World::start().await;
    let agent = world.agent().await;
    for (image, runs) in [("migrate:1", 1), ("migrate:2", 2), ("migrate:1", 2)] {
        let sha = world.commit(&[("migrate.yaml", &migrate(image, ""))]);
        world.ends_as(&sha, "success").await;
        assert_eq!(world.count("RunTask"), runs, "{image}");
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_revisions_others_register_nothing_runs_twice() {
    let world = World::start().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:1", ""))]);
    world.ends_as(&sha, "success").await;
    agent.stop().await;
    for _ in 0..60 {
        let container = json!({"name": "app", "image": "others:1", "memory": 128});
        world.call("RegisterTaskDefinition", json!({"family": "migrate", "containerDefinitions": [container]})).await;
    }
    let asked = world.count("GetResources");
    let mut agent = world.agent().await;
    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:1", "")), ("README.md", "x")]);
    world.ends_as(&sha, "success").await;
    assert_eq!(world.count("RunTask"), 1, "it is found below sixty others");
    assert!(world.count("GetResources") > asked, "the index is asked for it");
    agent.stop().await;

    // Without the right to ask the index.
    let (action, code) = ("GetResources".into(), "AccessDeniedException".into());
    world.simulator.add_fault(Fault { action, code, status: 400, ..Fault::default() });
    agent = world.agent().await;
    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:1", "")), ("README.md", "y")]);
    world.ends_as(&sha, "success").await;
    assert_eq!(world.count("RunTask"), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_commit_waits_for_the_run_that_is_under_way() {
    let world = World::start().await;
    let agent = world.agent().await;
    world.commit(&[("migrate.yaml", &migrate("migrate:1-takes-120", ""))]);
    world.until("the first runs", async || world.runs().await.iter().any(|task| task["lastStatus"] == "RUNNING")).await;
    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:2", ""))]);
    world.ends_as(&sha, "success").await;
    let runs = world.runs().await;
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0]["containers"][0]["exitCode"], 0);
    assert_eq!(runs[0]["stopCode"], "EssentialContainerExited", "nobody stopped it");
    assert!(runs[1]["createdAt"].as_f64() >= runs[0]["stoppedAt"].as_f64());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_its_timeout_a_task_is_stopped_and_has_failed() {
    let world = World::start().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:1-forever", "  timeout: 2m"))]);
    world.ends_as(&sha, "failed").await;
    let status = agent.reconciler.statuses().remove(0);
    assert_eq!(status.reason, "TaskTimedOut", "{}", status.message);
    world.pass(120.0).await;
    assert_eq!((world.count("RunTask"), world.count("StopTask")), (1, 1));
    assert!(world.record().await.starts_with("timedout"), "{}", world.record().await);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_it_is_tried_again_until_there_is() {
    let world = World::start().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:1-noroom-2", ""))]);
    world
        .until("the reason is told", async || {
            agent.reconciler.statuses().first().is_some_and(|status| status.message.contains("Capacity"))
        })
        .await;
    world.ends_as(&sha, "success").await;
    assert_eq!(world.runs().await.len(), 1);
    assert!(world.record().await.starts_with("succeeded attempt=3"), "{}", world.record().await);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_cannot_be_started_has_run_nothing_and_is_tried_again_until_a_commit_mends_it() {
    let world = World::start().await;
    let agent = world.agent().await;
    world.commit(&[("migrate.yaml", &migrate("migrate:1-nopull", ""))]);
    world.until("it was tried again", async || world.count("RunTask") == 2).await;
    world
        .until("the reason is told", async || {
            let statuses = agent.reconciler.statuses();
            let status = statuses.first().expect("its status");
            status.reason == "NotStarted" && status.message.contains("CannotPullContainerError")
        })
        .await;
    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:2", ""))]);
    world.ends_as(&sha, "success").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_answers_and_lost_ones_run_nothing_twice() {
    let lag = Some(Duration::from_secs(20));
    let world = World::with(Options { pace: PACE, eventual_consistency: lag, ..Options::default() }).await;
    world.simulator.add_fault(Fault::lost_answer("RunTask", 1));
    world.simulator.add_fault(Fault::lost_answer("TagResource", 2));
    let agent = world.agent().await;
    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:1-takes-60", ""))]);
    world.ends_as(&sha, "success").await;
    assert_eq!(world.runs().await.len(), 1, "{:#?}", world.simulator.calls());
    agent.stop().await;
}

/// Kills the agent at a call, starts it again, and expects that the migration has run exactly once.
async fn runs_once(action: &str, nth: u64, when: When) {
    let world = World::start().await;
    let sha = world.commit(&[("migrate.yaml", &migrate("migrate:1-takes-60", "")), ("web.yaml", &dependent("web:1"))]);
    die_at_nth(&world, action, nth, when).await;
    let mut agent = world.agent_process();
    world.ends_as(&sha, "success").await;
    let runs = world.runs().await;
    assert_eq!(runs.len(), 1, "it ran {} times: {:#?}", runs.len(), world.simulator.calls());
    assert_eq!(runs[0]["containers"][0]["exitCode"], 0);
    assert!(world.record().await.starts_with("succeeded attempt=1"), "{}", world.record().await);
    let row = world.row(&sha, "driftless/journey/EcsTask/migrate").expect("the resource's status");
    assert_eq!(row.state, "success", "{row:?}");
    agent.kill().await.expect("killed");
}

// TagResource comes three times: the intent, the task that was seen, the outcome.
killed! {
    killed_before_the_revision_is_registered: runs_once, "RegisterTaskDefinition" nth 1, Hang;
    killed_after_the_revision_is_registered: runs_once, "RegisterTaskDefinition" nth 1, HangAfter;
    killed_before_the_intent_is_on_record: runs_once, "TagResource" nth 1, Hang;
    killed_after_the_intent_is_on_record: runs_once, "TagResource" nth 1, HangAfter;
    killed_before_the_task_runs: runs_once, "RunTask" nth 1, Hang;
    killed_after_the_task_runs: runs_once, "RunTask" nth 1, HangAfter;
    killed_before_the_task_is_on_record: runs_once, "TagResource" nth 2, Hang;
    killed_after_the_task_is_on_record: runs_once, "TagResource" nth 2, HangAfter;
    killed_before_the_outcome_is_on_record: runs_once, "TagResource" nth 3, Hang;
    killed_after_the_outcome_is_on_record: runs_once, "TagResource" nth 3, HangAfter;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_stop_at_the_timeout_it_is_stopped_all_the_same() {
    for when in [When::Hang, When::HangAfter] {
        let world = World::start().await;
        let sha = world.commit(&[("migrate.yaml", &migrate("migrate:1-forever", "  timeout: 1m"))]);
        let mut agent = kill_at(&world, "StopTask", when).await;
        world.ends_as(&sha, "failed").await;
        assert_eq!(world.runs().await.len(), 1);
        assert!(world.record().await.starts_with("timedout"), "{}", world.record().await);
        agent.kill().await.expect("killed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_nobody_saw_for_an_hour_or_a_day_is_left_to_a_person() {
    for hours in [2, 26] {
        let world = World::start().await;
        let sha = world.commit(&[("migrate.yaml", &migrate("migrate:1", "")), ("web.yaml", &dependent("web:1"))]);
        die_at(&world, "RunTask", When::HangAfter).await;
        world.simulator.skip(Duration::from_secs(hours * 3600));

        let agent = world.agent().await;
        world.ends_as(&sha, "failed").await;
        let status = agent.reconciler.statuses().into_iter().find(|status| status.resource == id()).expect("its status");
        assert_eq!(status.reason, "OutcomeUnknown", "{}", status.message);
        assert!(status.message.contains("driftless retry EcsTask/migrate"), "{}", status.message);
        assert!(world.service("web").await.is_null());
        world.pass(180.0).await;
        assert_eq!(world.count("RunTask"), 1, "nothing runs by itself");

        agent.reconciler.retry(&id());
        world.until("the person's word counts", async || world.record().await.starts_with("succeeded attempt=2")).await;
        assert_eq!(world.count("RunTask"), 2);
        agent.stop().await;
    }
}
