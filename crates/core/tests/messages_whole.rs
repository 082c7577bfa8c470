//! AWS need not give a reason: whatever it leaves out or leaves empty, no message shows the hole where it would stand.

use driftless_core::desired::Resource;
use driftless_core::observed::{Observation, Observed, StackEvent, StackObservation, StackResource, TaskObservation};
use driftless_core::plan::{Context, Plan, plan};
use driftless_core::rollout::{Judgement, judge};
use serde_json::{Value, json};

use crate::{deployment_world, rollout_world, stack_world, task_world};

/// What a hole looks like to a reader: a joint with nothing behind it.
#[track_caller]
fn assert_whole(message: &str, of: &str) {
    let hole = ["()", ": ;", ": )", ": ,", "; ;", ": :", "``"].iter().find(|hole| message.contains(**hole));
    assert!(hole.is_none(), "`{}` in {message:?}, of {of}", hole.unwrap_or(&""));
    assert!(!message.ends_with([':', ';', ',', ' ', '(']), "{message:?} of {of}");
    assert!(!message.is_empty(), "no message of {of}");
}

#[track_caller]
fn assert_whole_plan(plan: &Plan, of: &str) {
    assert_whole(plan.verdict.standing().2, of);
    plan.notes.iter().for_each(|note| assert_whole(note, of));
}

/// The answer with one text of it empty, or one member of it not there, for each; and with none of its reasons.
fn thinned(answer: &Value) -> Vec<Value> {
    fn places(value: &Value, at: &str, all: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                    all.push(at.clone());
                    places(value, &at, all);
                }
            }
            Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), all)),
            _ => {}
        }
    }
    let mut all = vec![];
    places(answer, "", &mut all);
    let said = |place: &String| {
        let name = place.rsplit('/').next().unwrap_or_default().to_lowercase();
        ["reason", "message", "code", "description", "logtail", "scriptname"].iter().any(|word| name.contains(word))
    };
    let without = |places: &[&String], empty: bool| {
        let mut thin = answer.clone();
        for place in places {
            let Some(value) = thin.pointer_mut(place).filter(|value| !empty || value.is_string()) else { continue };
            *value = if empty { json!("") } else { Value::Null };
        }
        thin
    };
    let reasons: Vec<&String> = all.iter().filter(|place| said(place)).collect();
    let each = all.iter().flat_map(|place| [without(&[place], true), without(&[place], false)]);
    each.chain([without(&reasons, true), without(&reasons, false)]).collect()
}

#[test]
fn a_stack_without_reasons_is_told_in_whole_sentences() {
    use driftless_core::plan::stack::{Kind, Token};
    use stack_world::*;
    const STATUSES: [&str; 18] = [
        "CREATE_IN_PROGRESS",
        "CREATE_FAILED",
        "CREATE_COMPLETE",
        "ROLLBACK_IN_PROGRESS",
        "ROLLBACK_FAILED",
        "ROLLBACK_COMPLETE",
        "DELETE_IN_PROGRESS",
        "DELETE_FAILED",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
        "REVIEW_IN_PROGRESS",
        "IMPORT_ROLLBACK_FAILED",
    ];
    let resource = declared("");
    let token = |kind| Token { kind, digest: &"0".repeat(32), attempt: 1, stack: "0a1b2c3d", revision: SHA }.to_string();
    let ours = token(Kind::Change);
    let told: [&[&str]; 4] = [
        &[],
        &["stack UPDATE_IN_PROGRESS", "Topic UPDATE_FAILED", "stack UPDATE_ROLLBACK_IN_PROGRESS", "Topic UPDATE_FAILED"],
        &["stack CREATE_IN_PROGRESS", "Topic CREATE_FAILED", "stack ROLLBACK_COMPLETE"],
        &["stack UPDATE_IN_PROGRESS", "stack UPDATE_ROLLBACK_FAILED"],
    ];
    let look = |observation: &StackObservation, of: &str| {
        for context in [context(), retry()] {
            assert_whole_plan(&plan_in(&resource, observation, &context), of);
        }
    };
    for status in STATUSES {
        for lines in told {
            for (reason, token) in [(None, None), (Some(""), None), (None, Some(ours.as_str())), (Some(""), Some(ours.as_str()))]
            {
                let reason = reason.map(str::to_owned);
                let mut observation = observed(live(status));
                let events = events(token, lines).into_iter().map(|event| StackEvent { reason: reason.clone(), ..event });
                observation.events = newest_first(vec![events.collect()]);
                if let Observed::Present(stack) = &mut observation.stack {
                    stack.status_reason = reason.clone();
                }
                for left in ["", "DELETE_FAILED", "CREATE_COMPLETE"] {
                    observation.resources = match left {
                        "" => vec![],
                        left => vec![StackResource {
                            logical_id: "Topic".into(),
                            physical_id: None,
                            resource_type: "AWS::SNS::Topic".into(),
                            status: left.into(),
                            reason: reason.clone(),
                        }],
                    };
                    look(&observation, &format!("{status} after {lines:?}, reason {reason:?}, with {left:?}"));
                }
            }
        }
    }
}

#[test]
fn a_change_set_that_failed_without_a_reason_is_told_in_whole_sentences() {
    use driftless_core::plan::stack::StackStep;
    use stack_world::*;
    let resource = declared("  parameters: {Size: large}\n");
    let observation = observed(live("CREATE_COMPLETE"));
    let first = plan(&resource, &observation);
    let name = steps(&first)
        .into_iter()
        .find_map(|step| match step {
            StackStep::CreateChangeSet(request) => Some(request.name.clone()),
            _ => None,
        })
        .expect("a change set is made");
    for reason in [None, Some(String::new())] {
        let mut observation = observed(live("CREATE_COMPLETE"));
        let failed = change_set(&name, "FAILED", "UNAVAILABLE");
        observation.change_sets =
            vec![driftless_core::observed::ChangeSet { status_reason: reason.clone(), created_at: Some(NOW), ..failed }];
        for context in [context(), retry()] {
            assert_whole_plan(&plan_in(&resource, &observation, &context), &format!("a failed change set, reason {reason:?}"));
        }
    }
}

#[test]
fn a_rollout_without_reasons_is_told_in_whole_sentences() {
    use rollout_world::*;
    let service = declared();
    let stopped = |more: Value| {
        let mut task = crashed();
        more.as_object().into_iter().flatten().for_each(|(name, value)| task[name] = value.clone());
        task
    };
    let tasks = [
        crashed(),
        stopped(json!({"containers": [{"name": "app", "reason": "OutOfMemoryError", "exitCode": 137}]})),
        stopped(json!({"containers": [{"name": "app", "healthStatus": "UNHEALTHY"}]})),
        stopped(json!({"stopCode": "ServiceSchedulerInitiated", "containers": [{"name": "app"}, {"name": "log"}]})),
        stopped(json!({"stopCode": "TaskFailedToStart", "containers": []})),
    ];
    for task in tasks {
        for state in ["FAILED", "IN_PROGRESS", "COMPLETED"] {
            let mut primary = deployment("PRIMARY", NEW, state, 0);
            primary["rolloutStateReason"] = json!("ECS deployment circuit breaker: tasks failed to start.");
            primary["failedTasks"] = json!(9);
            let mut bad = on_record(observed(vec![primary, deployment("ACTIVE", OLD, "COMPLETED", 2)], 2), NEW, "STOPPED");
            let seen = json!({"task": task, "record": bad.service_deployments, "service": bad.service.present()});
            for thin in thinned(&seen) {
                let Value::Object(_) = thin["service"] else { continue };
                bad.service = Observed::Present(thin["service"].clone());
                bad.stopped_tasks = vec![thin["task"].clone()];
                bad.service_deployments = thin["record"].as_array().cloned().unwrap_or_default();
                let (Judgement::Failed { message, .. } | Judgement::InProgress { message, .. } | Judgement::Settled { message }) =
                    judge(&target(&service), &bad);
                assert_whole(&message, &thin.to_string());
            }
        }
    }
}

#[test]
fn a_deployment_without_reasons_is_told_in_whole_sentences() {
    use deployment_world::*;
    let failed = json!({
        "completeTime": NOW - 10.0, "errorInformation": {"code": "HEALTH_CONSTRAINTS", "message": "Too many instances failed."},
        "deploymentOverview": {"Failed": 1, "Succeeded": 2}, "description": "by hand",
        "rollbackInfo": {"rollbackMessage": "No rollback", "rollbackDeploymentId": "d-2"},
    });
    let target = json!({"instanceTarget": {"targetId": "arn:aws:ec2:eu-central-1:1:instance/i-0abc", "lifecycleEvents": [
        {"lifecycleEventName": "AfterInstall", "status": "Failed", "diagnostics": {
            "errorCode": "ScriptFailed", "scriptName": "start.sh", "message": "it failed", "logTail": "one\ntwo"}}]}});
    for status in ["Created", "InProgress", "Ready", "Failed", "Stopped", "Succeeded"] {
        for own in [true, false] {
            let world = match own {
                true => World::new().had_own("d-1", "a", status, 600.0, json!({})),
                false => World::new().had("d-1", "a", status, 600.0, json!({})),
            };
            let mut seen = world.observed.deployments[0].clone();
            failed.as_object().expect("an object").iter().for_each(|(name, value)| seen[name] = value.clone());
            for thin in thinned(&json!({"deployment": seen, "target": target})) {
                let mut world = World::new();
                world.observed.deployments = vec![thin["deployment"].clone()];
                world.observed.failed_targets =
                    Some(driftless_core::observed::FailedTargets { shown: vec![thin["target"].clone()], all: 1 });
                for wanted in ["a", "b"] {
                    assert_whole_plan(&world.plan(&declared(wanted, json!({}))), &thin.to_string());
                }
            }
        }
    }
}

#[test]
fn a_task_without_reasons_is_told_in_whole_sentences() {
    use task_world::*;
    let look = |resource: &Resource, observed: TaskObservation, context: &Context<'_>| {
        plan(resource, &Observation::EcsTask(observed), context)
    };
    for never_started in [None, Some(("TaskFailedToStart".to_owned(), "CannotPullContainerError: not found".to_owned()))] {
        let (mut world, resource, context) = (World::new(), migrate("migrate:1"), context());
        world.ends = Some((5.0, 1));
        for _ in 0..4 {
            let plan = world.look(&resource, &context);
            assert_whole_plan(&plan, "a task");
            let _ = world.apply(&plan);
            world.now += 10.0;
            if let Some(task) = world.tasks.last_mut() {
                task.never_started = never_started.clone();
            }
            let observed = world.observe(&resource, &context);
            let Observed::Present(tasks) = &observed.tasks else { continue };
            for thin in thinned(&json!(tasks)) {
                let tasks = Observed::Present(thin.as_array().cloned().unwrap_or_default());
                assert_whole_plan(&look(&resource, TaskObservation { tasks, ..observed.clone() }, &context), &thin.to_string());
            }
        }
    }
}

/// Each of the lines `name: value` of the manifests and files that a newcomer copies, with an empty value in its place.
fn emptied() -> Vec<Vec<(&'static str, String)>> {
    let first = [
        ("web.yaml", include_str!("../../../examples/first-service/deploy/web.yaml")),
        ("web.task-definition.json", include_str!("../../../examples/first-service/deploy/web.task-definition.json")),
        ("worker.yaml", include_str!("../../../examples/first-service/deploy/worker.yaml")),
    ];
    let fargate = [
        ("network.yaml", include_str!("../../../examples/fargate-with-network/deploy/network.yaml")),
        ("network.template.yaml", include_str!("../../../examples/fargate-with-network/deploy/network.template.yaml")),
        ("migrate.yaml", include_str!("../../../examples/fargate-with-network/deploy/migrate.yaml")),
        ("web.yaml", include_str!("../../../examples/fargate-with-network/deploy/web.yaml")),
    ];
    let ec2 = [
        ("platform.yaml", include_str!("../../../examples/ec2-application/deploy/platform.yaml")),
        ("platform.template.yaml", include_str!("../../../examples/ec2-application/deploy/platform.template.yaml")),
        ("bundle.yaml", include_str!("../../../examples/ec2-application/deploy/bundle.yaml")),
        ("web.yaml", include_str!("../../../examples/ec2-application/deploy/web.yaml")),
    ];
    let mut all = vec![];
    for files in [&first[..], &fargate, &ec2] {
        for (at, (path, text)) in files.iter().enumerate() {
            for (number, line) in text.lines().enumerate() {
                let Some((name, _)) = line.split_once(": ") else { continue };
                let end = if line.ends_with(',') { "," } else { "" };
                let changed = text.lines().enumerate().map(|(other, line)| match other == number {
                    true => format!("{name}: \"\"{end}\n"),
                    false => format!("{line}\n"),
                });
                let mut files: Vec<(&str, String)> = files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
                files[at] = (path, changed.collect());
                all.push(files);
            }
        }
    }
    all
}

#[test]
fn an_empty_text_anywhere_in_a_manifest_is_told_in_words() {
    let mut wrong = 0;
    for files in emptied() {
        let desired = crate::manifest_source::read(&files);
        for problem in desired.errors.iter().chain(&desired.warnings) {
            assert_whole(&problem.message, &problem.to_string());
        }
        wrong += usize::from(!desired.errors.is_empty());
    }
    assert!(wrong > 100, "only {wrong} were refused");
}

#[test]
fn an_empty_text_anywhere_in_the_configuration_is_told_in_words() {
    let text = include_str!("../../../examples/ec2-application/driftless.yaml");
    for number in 0..text.lines().count() {
        let emptied = text.lines().enumerate().map(|(other, line)| match line.split_once(": ") {
            Some((name, _)) if other == number => format!("{name}: \"\"\n"),
            _ => format!("{line}\n"),
        });
        let read = driftless_core::manifest::read_agent("driftless.yaml", emptied.collect::<String>().as_bytes());
        for problem in read.map_or_else(|errors| errors, |(_, warnings)| warnings) {
            assert_whole(&problem.message, &problem.to_string());
        }
    }
}

#[test]
fn an_empty_api_version_is_as_good_as_none_and_what_to_write_is_told() {
    for (version, kind) in [("\"\"", "EcsService"), ("", "EcsServce"), ("\"\"", "Deployment")] {
        let text = format!("kind: {kind}\napiVersion: {version}\nmetadata: {{name: web}}\n");
        let told = crate::manifest_source::told(&[("web.yaml", text)]);
        let wanted =
            "the document has a `kind`, and its `apiVersion` is empty; for a manifest write `apiVersion: driftless/v1alpha1`";
        assert!(told.starts_with("web.yaml:2:1") && told.ends_with(wanted), "{told}");
    }
}
