//! Two writes of one change, and no third, for every kind; equality begins the count anew.

use serde_json::json;

use super::*;
use crate::plan::artifact::{ArtifactStep, Delete};
use crate::plan::deployment::DeploymentStep;
use crate::plan::stack::StackStep;
use crate::plan::{Cause, EcsStep};
use crate::resource::{Kind, ResourceId};

fn id(kind: Kind) -> ResourceId {
    ResourceId::new(kind, "web")
}

fn change(path: &str, old: &str, new: &str) -> Change {
    let shown = |text: &str| Some(Shown::Plain(json!(text)));
    Change { path: path.into(), old: shown(old), new: shown(new), cause: Cause::Declared, deploys: true }
}

fn plan(kind: Kind, changes: Vec<Change>, steps: Vec<Step>) -> Plan {
    let verdict = Verdict::Progressing { reason: "Updating", message: "…".into(), requeue: 10 };
    Plan { changes, steps, ..Plan::new(&id(kind), verdict) }
}

fn document(value: Value) -> crate::desired::Document {
    value.as_object().cloned().unwrap_or_default()
}

/// Long after whatever was written before.
fn check(guard: &Guard, plan: &Plan) -> Check {
    guard.check(plan, 1e9)
}

fn stops(check: Check) -> bool {
    matches!(check, Check::Stop(Verdict::Stalled { reason: "NotConverging", .. }))
}

/// The `attempt`th plan of each kind that wants the same each time, with all that differs from one to the next.
fn stuck(attempt: u32) -> Vec<Plan> {
    let member = || vec![change("/member", &format!("seen-{attempt}"), "wanted")];
    let (token, at) = (format!("driftless-change-{attempt}"), attempt * 60);
    vec![
        plan(
            Kind::EcsService,
            member(),
            vec![
                EcsStep::UpdateService {
                    document: document(json!({"service": "web", "clientToken": token})),
                    task_definition: None,
                    memory: None,
                }
                .into(),
            ],
        ),
        plan(
            Kind::EcsTask,
            vec![],
            vec![
                EcsStep::TagResource { document: document(json!({"value": format!("refused attempt={attempt} at={at}")})) }
                    .into(),
            ],
        ),
        plan(
            Kind::CloudFormationStack,
            member(),
            vec![
                StackStep::ExecuteChangeSet {
                    stack: "web".into(),
                    change_set: token.clone(),
                    token: token.clone(),
                    disable_rollback: false,
                    creates: false,
                }
                .into(),
            ],
        ),
        plan(
            Kind::S3Artifact,
            member(),
            vec![
                ArtifactStep::DeleteObjects {
                    bucket: "b".into(),
                    objects: vec![Delete { key: "a".into(), etag: token.clone() }],
                }
                .into(),
            ],
        ),
        plan(
            Kind::Ec2Deployment,
            member(),
            vec![
                DeploymentStep::CreateDeployment { document: document(json!({"description": token})), first: attempt == 1 }
                    .into(),
            ],
        ),
    ]
}

#[test]
fn no_kind_writes_a_third_time_whatever_its_tokens_and_whatever_was_seen() {
    let kinds = stuck(1).len();
    for kind in 0..kinds {
        let mut guard = Guard::default();
        for attempt in 1..=2 {
            let plan = &stuck(attempt)[kind];
            assert_eq!(check(&guard, plan), Check::Go, "{plan:?}");
            guard.wrote(plan, 0.0);
        }
        let third = &stuck(3)[kind];
        assert!(stops(check(&guard, third)), "{third:?} was made");
    }
}

#[test]
fn equality_begins_the_count_anew_and_a_rollout_under_way_does_not() {
    let mut guard = Guard::default();
    for edit in 1..=10 {
        let plan = &stuck(edit)[0];
        assert_eq!(check(&guard, plan), Check::Go, "edit {edit} is put back");
        guard.wrote(plan, 0.0);
        guard.saw(&Plan::new(
            &plan.resource,
            Verdict::Progressing { reason: "RollingOut", message: "1 of 3".into(), requeue: 10 },
        ));
        guard.saw(&Plan::new(&plan.resource, Verdict::Ready { message: "3 of 3".into() }));
    }
    let mut guard = Guard::default();
    for attempt in 1..=2 {
        guard.wrote(&stuck(attempt)[0], 0.0);
        guard.saw(&Plan::new(
            &id(Kind::EcsService),
            Verdict::Progressing { reason: "RollingOut", message: "…".into(), requeue: 10 },
        ));
    }
    assert!(stops(check(&guard, &stuck(3)[0])), "AWS rolled back twice");
}

#[test]
fn whatever_moves_from_one_place_to_another_is_one_count() {
    let mut guard = Guard::default();
    let moving = |place: u32| {
        let member = change(&format!("/member-{place}"), "a", &format!("wanted-{place}"));
        plan(Kind::EcsService, vec![member], stuck(1).remove(0).steps)
    };
    for place in 1..=2 {
        assert_eq!(check(&guard, &moving(place)), Check::Go);
        guard.wrote(&moving(place), 0.0);
    }
    assert!(stops(check(&guard, &moving(3))));
}

#[test]
fn what_is_made_of_several_calls_goes_on_though_one_of_them_was_made_twice() {
    let quiet =
        |path: &str| plan(Kind::EcsService, vec![Change { deploys: false, ..change(path, "5", "3") }], stuck(1).remove(0).steps);
    let rolling = Verdict::Progressing { reason: "RollingOut", message: "1 of 3".into(), requeue: 10 };
    let rolling = Plan::new(&id(Kind::EcsService), rolling);
    let mut guard = Guard::default();
    guard.wrote(&stuck(1)[0], 0.0);
    // Edits while the rollout is under way: each was seen as healed.
    for path in ["/desiredCount", "/desiredCount", "/propagateTags", "/desiredCount"] {
        guard.saw(&rolling);
        assert_eq!(check(&guard, &quiet(path)), Check::Go);
        guard.wrote(&quiet(path), 0.0);
    }
    // And one more that nobody has seen healed.
    assert_eq!(check(&guard, &quiet("/propagateTags")), Check::Go);
    guard.wrote(&quiet("/propagateTags"), 0.0);
    assert!(stops(check(&guard, &quiet("/desiredCount"))));
    // A rollout that failed leaves what it wants as a difference, and what begins none is as declared beside it.
    let failed = Verdict::Failed { reason: "RolloutFailed", message: "…".into() };
    guard.saw(&plan(Kind::EcsService, vec![change("/image", "a", "b")], vec![]));
    guard.saw(&Plan { changes: vec![change("/image", "a", "b")], ..Plan::new(&id(Kind::EcsService), failed) });
    assert_eq!(check(&guard, &quiet("/desiredCount")), Check::Go);
}

#[test]
fn bookkeeping_while_a_rollout_has_failed_is_counted_from_each_look_that_found_nothing_to_write() {
    let step = EcsStep::TagResource { document: document(json!({"tags": [{"key": "driftless:written", "value": "d 0"}]})) };
    let tag = plan(Kind::EcsService, vec![], vec![step.into()]);
    let failed = Verdict::Failed { reason: "RolloutFailed", message: "…".into() };
    let failed = Plan { changes: vec![change("/image", "a", "b")], ..Plan::new(&id(Kind::EcsService), failed) };
    let mut guard = Guard::default();
    for _ in 0..5 {
        assert_eq!(check(&guard, &tag), Check::Go);
        guard.wrote(&tag, 0.0);
        guard.saw(&failed);
    }
    guard.wrote(&tag, 0.0);
    guard.wrote(&tag, 0.0);
    assert!(stops(check(&guard, &tag)));
}

#[test]
fn what_puts_back_drift_is_counted_until_a_look_for_drift_finds_none() {
    let heal = |attempt: u32| {
        let token = format!("driftless-heal-{}-{attempt}-01234567-a", "0".repeat(32));
        let step = StackStep::ExecuteChangeSet {
            stack: "web".into(),
            change_set: token.clone(),
            token,
            disable_rollback: false,
            creates: false,
        };
        plan(Kind::CloudFormationStack, vec![Change { deploys: false, ..change("/drift/Topic", "a", "b") }], vec![step.into()])
    };
    let ready = || Plan::new(&id(Kind::CloudFormationStack), Verdict::Ready { message: "UPDATE_COMPLETE".into() });
    let mut guard = Guard::default();
    for attempt in 1..=2 {
        assert_eq!(check(&guard, &heal(attempt)), Check::Go);
        guard.wrote(&heal(attempt), 0.0);
        guard.saw(&Plan { unchecked: true, ..ready() });
        assert!(!guard.is_equal());
    }
    assert!(stops(check(&guard, &heal(3))));
    guard.saw(&ready());
    assert_eq!(check(&guard, &heal(3)), Check::Go);
}

#[test]
fn each_object_is_counted_by_itself_and_each_attempt_of_a_task() {
    let put = |key: &str| {
        let objects = vec![Delete { key: key.into(), etag: "e".into() }];
        plan(
            Kind::S3Artifact,
            vec![change(&format!("/{key}"), "a", "b")],
            vec![ArtifactStep::DeleteObjects { bucket: "b".into(), objects }.into()],
        )
    };
    let mut guard = Guard::default();
    guard.wrote(&put("one"), 0.0);
    guard.wrote(&put("one"), 0.0);
    assert!(stops(check(&guard, &put("one"))));
    assert_eq!(check(&guard, &put("two")), Check::Go);
    let mut guard = Guard::default();
    for attempt in 1..=9 {
        let document = document(json!({"clientToken": format!("token-{attempt}")}));
        let step = EcsStep::RunTask {
            document: crate::plan::Secret(document),
            task_definition: crate::plan::TaskDefinitionRef::Registered,
            refused: Default::default(),
        };
        let run = plan(Kind::EcsTask, vec![], vec![step.into()]);
        assert_eq!(check(&guard, &run), Check::Go, "attempt {attempt}");
        guard.wrote(&run, 0.0);
    }
}

#[test]
fn what_was_seen_as_declared_since_the_last_write_differs_by_somebody_elses_doing() {
    let mut guard = Guard::default();
    assert!(!guard.is_equal());
    guard.saw(&Plan::new(&id(Kind::EcsService), Verdict::Unknown { message: "throttled".into() }));
    assert!(!guard.is_equal());
    guard.saw(&Plan::new(&id(Kind::EcsService), Verdict::Ready { message: "3 of 3".into() }));
    assert!(guard.is_equal());
    guard.wrote(&stuck(1)[0], 0.0);
    assert!(!guard.is_equal());
}

#[test]
fn a_services_writes_are_counted_by_what_is_declared_and_those_of_others_by_the_revision() {
    let service = |image: &str| {
        let mut service = crate::desired::EcsService {
            cluster: "shop".into(),
            service_name: "web".into(),
            task_definition: crate::desired::TaskDefinition::Family { family: image.into(), revision: None },
            images: Default::default(),
            service: Default::default(),
            rollout: Default::default(),
            ignore: Vec::new(),
            removed: Vec::new(),
        };
        service.removed.push("/service/propagateTags".into());
        let location = crate::location::Location::new("web.yaml", 1, 1);
        Resource::new(id(Kind::EcsService), location, "prod", Spec::EcsService(service))
    };
    assert_eq!(digest(&service("a"), "1"), digest(&service("a"), "2"));
    assert_ne!(digest(&service("a"), "1"), digest(&service("b"), "1"));
}

#[test]
fn the_steps_of_one_run_are_different_things_and_looks_count_for_nothing() {
    let mut guard = Guard::default();
    for state in ["intended", "started", "succeeded", "failed"] {
        let step = EcsStep::TagResource { document: document(json!({"value": format!("{state} attempt=1 task=0a1b2c")})) };
        let plan = plan(Kind::EcsTask, vec![], vec![step.into()]);
        assert_eq!(check(&guard, &plan), Check::Go, "{state}");
        guard.wrote(&plan, 0.0);
    }
    let look = plan(Kind::CloudFormationStack, vec![], vec![StackStep::DetectStackDrift { stack: "web".into() }.into()]);
    for _ in 0..9 {
        assert_eq!(check(&guard, &look), Check::Go);
        guard.wrote(&look, 0.0);
    }
}

#[test]
fn a_restarted_agent_writes_once_more_at_the_revision_that_has_written_already() {
    let mut guard = Guard::after_a_restart();
    assert_eq!(check(&guard, &stuck(1)[0]), Check::Go);
    guard.wrote(&stuck(1)[0], 0.0);
    assert!(stops(check(&guard, &stuck(2)[0])));
    let mut guard = Guard::after_a_restart();
    guard.saw(&Plan::new(&id(Kind::EcsService), Verdict::Ready { message: "as declared".into() }));
    assert_eq!(guard, Guard { equal: true, ..Guard::default() });
}

#[test]
fn the_message_names_members_both_values_and_the_way_out() {
    let mut guard = Guard::default();
    let stuck =
        plan(Kind::EcsService, vec![change("/service/placementStrategy/0/field", "MEMORY", "memory")], stuck(1).remove(0).steps);
    guard.wrote(&stuck, 0.0);
    guard.wrote(&stuck, 0.0);
    let Check::Stop(Verdict::Stalled { message, .. }) = check(&guard, &stuck) else { panic!() };
    insta::assert_snapshot!(message, @r#"EcsService/web was written twice, AWS took it both times, and it still is not as declared: `/service/placementStrategy/0/field` is "MEMORY" and should be "memory"; there is no third UpdateService. Declare the value that AWS shows, or put the pointer into `spec.ignore`; if somebody else writes it, agree on one of the two; then change the manifest, or `driftless retry EcsService/web`"#);
}

#[test]
fn what_was_written_a_moment_ago_is_looked_for_and_not_written_again() {
    let mut guard = Guard::default();
    guard.wrote(&stuck(1)[0], 1000.0);
    assert_eq!(guard.check(&stuck(2)[0], 1059.0), Check::Late);
    assert_eq!(guard.check(&stuck(2)[0], 1061.0), Check::Go);
    // Its effect was seen: what differs now is somebody else's doing.
    let rolling = Verdict::Progressing { reason: "RollingOut", message: "1 of 3".into(), requeue: 10 };
    guard.saw(&Plan::new(&id(Kind::EcsService), rolling));
    assert_eq!(guard.check(&stuck(2)[0], 1010.0), Check::Go);
    // An answer that could not be had shows nothing.
    guard.wrote(&stuck(2)[0], 2000.0);
    guard.saw(&Plan::new(&id(Kind::EcsService), Verdict::Unknown { message: "throttled".into() }));
    assert_eq!(guard.check(&stuck(3)[0], 2010.0), Check::Late);
    assert!(stops(guard.check(&stuck(3)[0], 2061.0)));
}

#[test]
fn what_is_made_after_a_deletion_is_another_thing_and_deletions_are_counted_on() {
    let step = |token: &str| StackStep::DeleteStack { stack: "arn".into(), token: token.into() };
    let kind = Kind::CloudFormationStack;
    let deletion = |token: &str| plan(kind, vec![], vec![step(token).into()]);
    let creation = plan(
        kind,
        vec![change("/template", "", "net.yaml")],
        vec![EcsStep::TagResource { document: document(json!({})) }.into()],
    );
    let mut guard = Guard::default();
    guard.wrote(&creation, 0.0);
    guard.wrote(&creation, 0.0);
    assert!(stops(check(&guard, &creation)));
    guard.wrote(&deletion("1a"), 0.0);
    assert!(!stops(check(&guard, &creation)), "AWS has taken it away");
    guard.wrote(&deletion("2b"), 0.0);
    assert!(stops(check(&guard, &deletion("3c"))));
}

#[test]
fn another_value_is_not_late_and_after_a_minute_nothing_is() {
    let wants = |value: &str| plan(Kind::EcsService, vec![change("/member", "seen", value)], stuck(1).remove(0).steps);
    let mut guard = Guard::default();
    guard.wrote(&wants("a"), 1000.0);
    assert_eq!(guard.check(&wants("a"), 1059.9), Check::Late);
    assert_eq!(guard.check(&wants("a"), 1060.0), Check::Go);
    assert_eq!(guard.check(&wants("b"), 1001.0), Check::Go, "it is another value");
}

#[test]
fn a_look_is_no_write_and_five_members_are_named() {
    let look = plan(Kind::CloudFormationStack, vec![], vec![StackStep::DetectStackDrift { stack: "net".into() }.into()]);
    let mut guard = Guard::default();
    for _ in 0..5 {
        assert_eq!(check(&guard, &look), Check::Go);
        guard.wrote(&look, 0.0);
    }
    assert_eq!(guard, Guard::default());
    let told = |members: usize| {
        let changes = (0..members).map(|n| change(&format!("/m{n}"), "a", "b")).collect();
        message(&plan(Kind::EcsService, changes, stuck(1).remove(0).steps))
    };
    assert!(told(5).contains("`/m4` is") && !told(5).contains("more"), "{}", told(5));
    assert!(told(6).contains("; and 1 more; there is no third UpdateService"), "{}", told(6));
    assert!(told(0).contains("as declared: UpdateService; there is no third"), "{}", told(0));
    let comes = Change { old: None, ..change("/m", "a", "b") };
    let goes = Change { new: None, ..change("/m", "a", "b") };
    assert_eq!(
        (difference(&comes), difference(&goes)),
        ("`/m` is nothing and should be \"b\"".into(), "`/m` is \"a\" and should be nothing".into())
    );
}
