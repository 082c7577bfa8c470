//! Each rule about a task definition's containers and what they refer to, as a sentence, and what a person reads.

use crate::model_documents::*;
use driftless_core::model::check_task_definition;
use serde_json::json;

// Containers

#[test]
fn a_container_or_its_task_has_memory() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"containerDefinitions": [{"name": "app", "image": "web"}]})))),
        &[
            "/containerDefinitions/0 | container `app`: neither `memory` nor `memoryReservation` is given, and the task has no `memory`; AWS requires one of them",
        ],
    );
}

#[test]
fn memory_is_not_less_than_its_reservation() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"memory": 64, "memoryReservation": 128})))),
        &[
            "/containerDefinitions/0/memory | container `app`: `memory` is 64 MiB, less than `memoryReservation`, 128; AWS requires it to be more",
        ],
    );
}

#[test]
fn memory_may_equal_its_reservation() {
    assert_findings(&checked(check_task_definition(&container(json!({"memory": 64, "memoryReservation": 64})))), &[]);
}

#[test]
fn memory_that_aws_batch_registers_is_a_warning() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"memory": 1})))),
        &["warning: /containerDefinitions/0/memory | container `app`: `memory` is 1 MiB; Docker from 20.10 on needs at least 6"],
    );
}

#[test]
fn memory_is_not_below_nothing() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"memory": -1})))),
        &["/containerDefinitions/0/memory | container `app`: `memory` is -1 MiB; AWS accepts none below 0"],
    );
}

#[test]
fn what_is_taken_from_elsewhere_is_no_misspelt_value() {
    let arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/x";
    assert_findings(
        &checked(check_task_definition(&container(json!({"environment": [{"name": "TOKEN", "valueFrom": arn}]})))),
        &[
            "/containerDefinitions/0/environment/0/valueFrom | container `app`: `environment[0].valueFrom` (`TOKEN`): `environment` holds plain values, and what is taken from Secrets Manager or SSM belongs into `secrets`; move the entry there",
        ],
    );
    let both = json!({"environment": [{"name": "TOKEN", "value": "", "valueFrom": arn}]});
    assert_eq!(check_task_definition(&container(both)).errors.len(), 1);
}

#[test]
fn an_environment_entry_has_a_value() {
    for entry in [json!({"name": "A"}), json!({"name": "A", "value": null}), json!({"name": "A", "Value": "x"})] {
        let checked = check_task_definition(&container(json!({"environment": [entry]})));
        assert_eq!(
            checked.errors.iter().map(|error| (error.pointer.as_str(), error.message.as_str())).collect::<Vec<_>>(),
            [(
                "/containerDefinitions/0/environment/0",
                "container `app`: `environment[0]` (`A`) has no `value`; write one (`value: \"\"` for an empty one), or, where it comes from Secrets Manager or SSM, put it into `secrets` with a `valueFrom`"
            )]
        );
    }
    assert_eq!(check_task_definition(&container(json!({"environment": [{"name": "A", "value": ""}]}))).errors, []);
}

#[test]
fn a_secret_s_value_does_not_stand_in_a_document() {
    let told = checked(check_task_definition(&role(json!({"secrets": [{"name": "A", "value": "hunter2"}]}))));
    assert!(told.iter().any(|line| line.contains("`secrets[0].value`: `secrets` names where a value is kept, by `valueFrom`, and holds none; a plain value belongs into `environment`")), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("hunter2") || line.contains("did you mean")), "{told:?}");
}

#[test]
fn a_member_of_another_list_is_misplaced_and_not_misspelt() {
    assert_findings(
        &checked(check_task_definition(&container(
            json!({"mountPoints": [{"sourceVolume": "data", "containerPath": "/x", "sourceContainer": "db"}]}),
        ))),
        &[
            "/containerDefinitions/0/mountPoints/0/sourceVolume | container `app`: `mountPoints[0].sourceVolume` names the volume `data`, which the task definition does not have",
            "warning: /containerDefinitions/0/mountPoints/0/sourceContainer | AWS's model knows no member `sourceContainer` here, and it is sent as it is; it is a member of `volumesFrom`: does this belong there?",
        ],
    );
}

#[test]
fn memory_of_4_is_a_warning() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"memory": 4})))),
        &["warning: /containerDefinitions/0/memory | container `app`: `memory` is 4 MiB; Docker from 20.10 on needs at least 6"],
    );
}

#[test]
fn containers_reserve_no_more_than_their_task_has() {
    assert_findings(
        &checked(check_task_definition(&container_of(json!({"memory": "128"}), json!({"memory": 256})))),
        &["/memory | `memory` is 128 MiB, and the containers reserve 256 together; AWS accepts no more than the task's"],
    );
}

#[test]
fn one_container_is_essential() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"essential": false})))),
        &["/containerDefinitions | every container has `essential: false`; AWS requires at least one essential container"],
    );
}

#[test]
fn a_secret_and_a_variable_have_two_names() {
    assert_findings(
        &checked(check_task_definition(&role(
            json!({"environment": [{"name": "A", "value": "1"}], "secrets": [{"name": "A", "valueFrom": "a"}]}),
        ))),
        &[
            "/containerDefinitions/0/secrets/0/name | container `app`: `secrets[0].name`: `A` is also an environment variable or another secret; AWS requires distinct names",
        ],
    );
}

#[test]
fn secrets_need_an_execution_role() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"secrets": [{"name": "A", "valueFrom": "a"}]})))),
        &[
            "/containerDefinitions/0/secrets | container `app`: `secrets` need an execution role to be read, and `executionRoleArn` is missing; AWS requires it",
        ],
    );
}

#[test]
fn a_variable_set_twice_is_a_warning() {
    assert_findings(
        &checked(check_task_definition(&container(
            json!({"environment": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}),
        ))),
        &[
            "warning: /containerDefinitions/0/environment/1 | container `app`: `environment[1]`: `A` is set twice; the container sees one of them",
        ],
    );
}

#[test]
fn a_health_check_has_bounds() {
    assert_findings(
        &checked(check_task_definition(&container(
            json!({"healthCheck": {"command": ["CMD", "true"], "interval": 1, "timeout": 1, "retries": 11, "startPeriod": 301}}),
        ))),
        &[
            "/containerDefinitions/0/healthCheck/interval | container `app`: `healthCheck.interval` is 1; AWS accepts 5 to 300 seconds",
            "/containerDefinitions/0/healthCheck/timeout | container `app`: `healthCheck.timeout` is 1; AWS accepts 2 to 60 seconds",
            "/containerDefinitions/0/healthCheck/retries | container `app`: `healthCheck.retries` is 11; AWS accepts 1 to 10 retries",
            "/containerDefinitions/0/healthCheck/startPeriod | container `app`: `healthCheck.startPeriod` is 301; AWS accepts 0 to 300 seconds",
        ],
    );
}

#[test]
fn a_health_check_without_cmd_is_a_warning() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"healthCheck": {"command": ["/healthcheck"]}})))),
        &[
            "warning: /containerDefinitions/0/healthCheck/command | container `app`: `healthCheck.command` begins with `/healthcheck`; AWS's reference asks for `CMD` or `CMD-SHELL` first",
        ],
    );
}

#[test]
fn a_health_check_has_a_command() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"healthCheck": {"command": []}})))),
        &["/containerDefinitions/0/healthCheck/command | container `app`: `healthCheck`: `command` is empty; AWS requires one"],
    );
}

#[test]
fn awslogs_requires_group_and_region() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"logConfiguration": {"logDriver": "awslogs"}})))),
        &[
            "/containerDefinitions/0/logConfiguration | container `app`: `logConfiguration.options` has no `awslogs-group`; the log driver `awslogs` requires it",
            "/containerDefinitions/0/logConfiguration | container `app`: `logConfiguration.options` has no `awslogs-region`; the log driver `awslogs` requires it",
        ],
    );
}

#[test]
fn awsfirelens_without_a_router_is_a_warning() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"logConfiguration": {"logDriver": "awsfirelens"}})))),
        &[
            "warning: /containerDefinitions/0/logConfiguration/logDriver | container `app`: `logConfiguration.logDriver` is `awsfirelens`, and no container has a `firelensConfiguration`",
        ],
    );
}

#[test]
fn a_restart_policy_has_bounds() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"restartPolicy": {"enabled": true, "restartAttemptPeriod": 30}})))),
        &[
            "/containerDefinitions/0/restartPolicy/restartAttemptPeriod | container `app`: `restartPolicy.restartAttemptPeriod` is 30; AWS accepts 60 to 1800 seconds",
        ],
    );
}

#[test]
fn a_task_definition_has_64_kib_at_most() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"command": ["x".repeat(70_000)]})))),
        &[" | the task definition is 70099 bytes long; AWS accepts at most 65536"],
    );
}

#[test]
fn ephemeral_storage_is_21_to_200() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"ephemeralStorage": {"sizeInGiB": 20}})))),
        &["/ephemeralStorage/sizeInGiB | `ephemeralStorage.sizeInGiB` is 20; AWS accepts 21 to 200 GiB"],
    );
}

// References

#[test]
fn a_dependency_exists() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"dependsOn": [{"containerName": "ap", "condition": "START"}]})))),
        &[
            "/containerDefinitions/0/dependsOn/0/containerName | container `app`: `dependsOn[0].containerName` names the container `ap`, which the task definition does not have; did you mean `app`?",
        ],
    );
}

#[test]
fn healthy_needs_a_health_check() {
    assert_findings(
        &checked(check_task_definition(&pair(
            json!({"dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]}),
            json!({}),
        ))),
        &[
            "/containerDefinitions/0/dependsOn/0/condition | container `app`: `dependsOn[0]` waits for `db` to be HEALTHY, and `db` has no `healthCheck`; AWS requires one",
        ],
    );
}

#[test]
fn complete_needs_a_container_that_may_end() {
    assert_findings(
        &checked(check_task_definition(&pair(
            json!({"dependsOn": [{"containerName": "db", "condition": "COMPLETE"}]}),
            json!({}),
        ))),
        &[
            "/containerDefinitions/0/dependsOn/0/condition | container `app`: `dependsOn[0]` waits for `db` to end (COMPLETE), and `db` is essential; AWS requires `essential: false` there",
        ],
    );
}

#[test]
fn success_of_a_container_that_may_end_is_taken() {
    assert_findings(
        &checked(check_task_definition(&pair(
            json!({"dependsOn": [{"containerName": "db", "condition": "SUCCESS"}]}),
            json!({"essential": false}),
        ))),
        &[],
    );
}

#[test]
fn dependencies_go_in_no_circle() {
    assert_findings(
        &checked(check_task_definition(&pair(
            json!({"dependsOn": [{"containerName": "db", "condition": "START"}]}),
            json!({"dependsOn": [{"containerName": "app", "condition": "START"}]}),
        ))),
        &["/containerDefinitions/0/dependsOn | containers wait for each other: app → db → app; AWS accepts no circle"],
    );
}

#[test]
fn two_ways_to_one_dependency_are_no_circle() {
    assert_findings(
        &checked(check_task_definition(&task(
            json!({"containerDefinitions": [{"name": "a", "image": "a", "memory": 64, "dependsOn": [{"containerName": "b", "condition": "START"}, {"containerName": "c", "condition": "START"}]}, {"name": "b", "image": "b", "memory": 64, "dependsOn": [{"containerName": "c", "condition": "START"}]}, {"name": "c", "image": "c", "memory": 64}]}),
        ))),
        &[],
    );
}

#[test]
fn a_mounted_volume_exists() {
    assert_findings(
        &checked(check_task_definition(&container_of(
            json!({"volumes": [{"name": "data"}]}),
            json!({"mountPoints": [{"sourceVolume": "date", "containerPath": "/d"}]}),
        ))),
        &[
            "/containerDefinitions/0/mountPoints/0/sourceVolume | container `app`: `mountPoints[0].sourceVolume` names the volume `date`, which the task definition does not have; did you mean `data`?",
        ],
    );
}

#[test]
fn a_container_to_take_volumes_from_exists() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"volumesFrom": [{"sourceContainer": "db"}]})))),
        &[
            "/containerDefinitions/0/volumesFrom/0/sourceContainer | container `app`: `volumesFrom[0].sourceContainer` names the container `db`, which the task definition does not have",
        ],
    );
}

#[test]
fn a_linked_container_exists() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"links": ["db:database"]})))),
        &[
            "/containerDefinitions/0/links/0 | container `app`: `links[0]` names the container `db`, which the task definition does not have",
        ],
    );
}

#[test]
fn a_proxy_exists() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"proxyConfiguration": {"containerName": "envoy"}})))),
        &[
            "/proxyConfiguration/containerName | `proxyConfiguration.containerName` names the container `envoy`, which the task definition does not have",
        ],
    );
}

#[test]
fn ten_environment_files_are_taken_and_no_more() {
    let files = |count: usize| {
        let files: Vec<_> = (0..count).map(|n| json!({"type": "s3", "value": format!("arn:aws:s3:::bucket/{n}.env")})).collect();
        check_task_definition(&role(json!({"environmentFiles": files}))).errors.len()
    };
    assert_eq!((files(10), files(11), files(12)), (0, 1, 1));
}
