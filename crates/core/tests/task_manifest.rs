//! `kind: EcsTask` as people write it: AWS's own documents, and what is Driftless's own to say.

use crate::manifest_source::*;
use driftless_core::desired::{EcsTask, Packed, Spec, TaskDefinition};
use driftless_core::resource::{Kind, ResourceId};
use insta::assert_snapshot;
use serde_json::{Value, json};

const MIGRATE: &str = "apiVersion: driftless/v1alpha1\nkind: EcsTask\nmetadata: {name: migrate}\nspec:\n";

const DEFINITION: &str = "  taskDefinition:
    inline:
      family: migrate
      networkMode: awsvpc
      containerDefinitions: [{name: app, image: migrate:1, memory: 64}]
";

const NETWORK: &str = "networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0a1b2c3d]}}";

/// What is wrong with a manifest of `migrate` with these members of `spec`.
fn of_spec(spec: &str) -> String {
    told(&[("migrate.yaml", format!("{MIGRATE}{spec}"))])
}

/// What is wrong with this document in `spec.task.inline`.
fn of_task(document: &str) -> String {
    of_spec(&format!("{DEFINITION}  task: {{inline: {{{document}}}}}\n"))
}

#[track_caller]
fn task<B: AsRef<[u8]>>(files: &[(&str, B)]) -> EcsTask {
    let desired = read(files);
    assert_eq!(desired.errors, []);
    let Spec::EcsTask(task) = &desired.resources[&ResourceId::new(Kind::EcsTask, "migrate")].spec else { panic!("a task") };
    task.clone()
}

#[test]
fn a_task_is_a_definition_a_document_and_a_timeout() {
    let spec = format!("{MIGRATE}  cluster: shop\n{DEFINITION}  task: {{file: run.json}}\n  timeout: 90m\n");
    let run = json!({"launchType": "EC2", "count": 1, "group": "db", "futureMember": {"x": 1}, "lastStatus": "STOPPED",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}}, "referenceId": null});
    let read = task(&[("migrate.yaml", spec), ("run.json", run.to_string())]);
    assert_eq!((read.cluster.as_str(), read.timeout.as_secs(), read.family()), ("shop", 5400, "migrate".to_owned()));
    let sent = json!({"launchType": "EC2", "group": "db", "futureMember": {"x": 1},
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}}});
    assert_eq!(Value::Object(read.task.open()), sent, "without nulls, what only AWS says, and a count that is sent anyway");
}

#[test]
fn cluster_and_definition_may_stand_in_the_document() {
    let read =
        task(&[("migrate.yaml", format!("{MIGRATE}  task: {{inline: {{cluster: shop, taskDefinition: 'migrate:3'}}}}\n"))]);
    assert_eq!((read.cluster.as_str(), read.timeout), ("shop", EcsTask::TIMEOUT));
    assert_eq!(read.task_definition, TaskDefinition::Family { family: "migrate".to_owned(), revision: Some(3) });
    assert_eq!(read.task, Packed::default());
    assert_snapshot!(of_spec("  cluster: web\n  task: {inline: {cluster: shop, taskDefinition: migrate}}\n"), @"migrate.yaml:6:19: EcsTask/migrate: the document's `cluster` is `shop`, and `spec.cluster` is `web`; remove one");
    assert_snapshot!(of_spec("  cluster: web\n"), @"migrate.yaml:5:3: EcsTask/migrate: `taskDefinition` is missing; `file: NAME`, `inline: {…}` or `family: NAME` is expected under it, or a `taskDefinition` in AWS's document");
}

#[test]
fn images_are_laid_over_the_definition() {
    let spec = format!("{MIGRATE}{}    images: {{app: 'migrate:2'}}\n  task: {{inline: {{{NETWORK}}}}}\n", DEFINITION);
    let read = task(&[("migrate.yaml", spec)]);
    let TaskDefinition::Document(document) = &read.task_definition else { panic!("a document") };
    assert_eq!(document.open()["containerDefinitions"][0]["image"], "migrate:2");
}

#[test]
fn what_is_driftlesss_own_is_refused_with_its_reason() {
    assert_snapshot!(of_task(&format!("{NETWORK}, clientToken: a")), @"migrate.yaml:10:94: EcsTask/migrate: `clientToken` is Driftless's own: it is what keeps a run from happening twice, and a fixed one would keep the next run from happening at all; remove it");
    assert_snapshot!(of_task(&format!("{NETWORK}, startedBy: ci")), @"migrate.yaml:10:94: EcsTask/migrate: `startedBy` is Driftless's own: it is how a run is found again after a restart; remove it, and mark the task with `tags` or `group`");
    assert_snapshot!(of_task(&format!("{NETWORK}, count: 2")), @"migrate.yaml:10:94: EcsTask/migrate: `count` is 2; an EcsTask is one task, which runs once: remove it, or write one EcsTask for each");
}

#[test]
fn what_run_task_does_not_take_is_told_offline() {
    assert_snapshot!(of_task(&format!("{NETWORK}, propagateTags: SERVICE")), @"migrate.yaml:10:94: EcsTask/migrate: `propagateTags` is `SERVICE`, and there is no service; AWS accepts `TASK_DEFINITION` here");
    assert_snapshot!(of_task(&format!("{NETWORK}, launchType: EC2, capacityProviderStrategy: [{{capacityProvider: a}}]")), @"migrate.yaml:10:94: EcsTask/migrate: `launchType` (`EC2`) and `capacityProviderStrategy` exclude each other: remove one");
    assert_snapshot!(of_task(&format!("{NETWORK}, overrides: {{containerOverrides: [{{name: ap}}, {{cpu: 1}}]}}")), @"
    migrate.yaml:10:128: EcsTask/migrate: `overrides.containerOverrides[0].name` names the container `ap`, which the task definition does not have; did you mean `app`?
    migrate.yaml:10:139: EcsTask/migrate: `overrides.containerOverrides[1]` has no `name`; AWS requires the container's
    ");
    assert_snapshot!(of_task(&format!("{NETWORK}, launchTyp: EC2")), @"warning: migrate.yaml:10:94: EcsTask/migrate: AWS's model knows no member `launchTyp` here, and it is sent as it is; did you mean `launchType`?");
    assert_snapshot!(of_task(&format!("{NETWORK}, desiredCount: 2, enableExecuteCommand: 'yes'")), @"
    migrate.yaml:10:111: EcsTask/migrate: `enableExecuteCommand` is the string `yes`, where AWS takes true or false
    warning: migrate.yaml:10:94: EcsTask/migrate: AWS's model knows no member `desiredCount` here, and it is sent as it is; did you mean `count`?
    ");
    let long = "x".repeat(8200);
    let told = of_task(&format!("{NETWORK}, overrides: {{containerOverrides: [{{name: app, command: [{long}]}}]}}"));
    assert!(told.contains("AWS accepts at most 8192"), "{told}");
}

#[test]
fn the_network_has_to_fit_the_definition() {
    assert_snapshot!(of_task("launchType: EC2"), @"migrate.yaml:10:18: EcsTask/migrate: the task definition has networkMode `awsvpc`, and `task` has no `networkConfiguration.awsvpcConfiguration`; AWS requires it, with subnets");
    let bridge = DEFINITION.replace("      networkMode: awsvpc\n", "");
    assert_snapshot!(of_spec(&format!("{bridge}  task: {{inline: {{{NETWORK}}}}}\n")), @"migrate.yaml:9:19: EcsTask/migrate: `networkConfiguration` is given, and the task definition has no networkMode, which means `bridge`; AWS accepts it with `awsvpc` only");
    assert_snapshot!(of_spec(&format!("{bridge}  task: {{inline: {{launchType: FARGATE}}}}\n")), @"migrate.yaml:9:19: EcsTask/migrate: `launchType` is `FARGATE`, and Fargate cannot run the task definition: `networkMode` is missing, which means `bridge`; Fargate requires `awsvpc`");
}

#[test]
fn members_of_a_service_are_none_of_a_task() {
    assert_snapshot!(of_spec(&format!("{DEFINITION}  service: {{inline: {{}}}}\n  task: {{inline: {{{NETWORK}}}}}\n  timeout: forever\n")), @"
    migrate.yaml:10:3: EcsTask/migrate: there is no field `service` in `spec`; known are `target`, `dependsOn`, `cluster`, `taskDefinition`, `task`, `timeout` and `adopt`
    migrate.yaml:12:12: EcsTask/migrate: `spec.timeout` is the string `forever`; a duration such as `10s`, `60m` or `1h30m` is expected
    ");
    assert_snapshot!(of_spec(&format!("{DEFINITION}  task: {{}}\n")), @"
    migrate.yaml:10:3: EcsTask/migrate: the task definition has networkMode `awsvpc`, and `task` has no `networkConfiguration.awsvpcConfiguration`; AWS requires it, with subnets
    migrate.yaml:10:9: EcsTask/migrate: `spec.task` has no document; `file: NAME` or `inline: {…}` is expected
    ");
}

#[test]
fn references_in_its_documents_are_dependencies() {
    let files = [
        ("stack.yaml", "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {name: network}\nspec: {template: {inline: {}}}\n".to_owned()),
        ("migrate.yaml", format!("{MIGRATE}{DEFINITION}  task: {{inline: {{networkConfiguration: {{awsvpcConfiguration: {{subnets: ['${{stack.network.outputs.Subnet}}']}}}}}}}}\n")),
    ];
    let desired = read(&files);
    let resource = &desired.resources[&ResourceId::new(Kind::EcsTask, "migrate")];
    assert_eq!(resource.depends_on, [ResourceId::new(Kind::CloudFormationStack, "network")], "{:?}", desired.errors);
}
