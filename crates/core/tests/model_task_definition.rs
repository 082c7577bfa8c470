//! Each rule about a task definition, as a sentence, and what a person reads when it is broken.

mod model_documents;

use driftless_core::model::check_task_definition;
use model_documents::*;
use serde_json::json;

// What is sent

#[test]
fn a_task_definition_on_fargate_is_taken() {
    assert_findings(&checked(check_task_definition(&fargate(json!({})))), &[]);
}

#[test]
fn a_task_definition_on_instances_is_taken() {
    assert_findings(&checked(check_task_definition(&container(json!({})))), &[]);
}

#[test]
fn what_describe_task_definition_returns_is_unwrapped_and_pointers_lead_into_what_was_written() {
    assert_findings(
        &checked(check_task_definition(
            &json!({"taskDefinition": {"family": "a b", "containerDefinitions": [{"name": "app", "image": "web", "memory": 64}]}, "tags": [{"key": "aws:x", "value": "1"}]}),
        )),
        &[
            "/taskDefinition/family | `family` is `a b`, with a space; AWS accepts letters, digits, hyphens and underscores",
            "/tags/0/key | `tags[0].key` is `aws:x`; AWS keeps the prefix `aws:` to itself",
        ],
    );
}

#[test]
fn members_beside_the_wrapper_are_told() {
    assert_findings(
        &checked(check_task_definition(
            &json!({"taskDefinition": {"family": "web", "containerDefinitions": [{"name": "app", "image": "web", "memory": 64}]}, "cpu": "256"}),
        )),
        &["warning: /cpu | `cpu` stands beside `taskDefinition` and is not sent; move it into `taskDefinition` if it should be"],
    );
}

#[test]
fn a_document_that_is_no_object_is_refused() {
    assert_findings(
        &checked(check_task_definition(&json!(["family"]))),
        &[" | the document is a list, where an object is expected: the body of RegisterTaskDefinition"],
    );
}

#[test]
fn numbers_become_strings_at_task_level_only() {
    assert_findings(
        &checked(check_task_definition(&fargate(json!({"cpu": 256, "memory": 512})))),
        &[
            r#"warning: /cpu | `cpu` is 256, and is sent as "256": AWS takes a string here"#,
            r#"warning: /memory | `memory` is 512, and is sent as "512": AWS takes a string here"#,
        ],
    );
}

#[test]
fn a_number_in_a_string_is_refused_below() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"portMappings": [{"containerPort": "80"}]})))),
        &[
            "/containerDefinitions/0/portMappings/0/containerPort | container `app`: `portMappings[0].containerPort` is the string `80`, where AWS takes a whole number: write 80 without quotes",
        ],
    );
}

#[test]
fn an_unknown_member_is_sent_with_the_nearest_known() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"enviroment": []})))),
        &[
            "warning: /containerDefinitions/0/enviroment | AWS's model knows no member `enviroment` here, and it is sent as it is; did you mean `environment`?",
        ],
    );
}

#[test]
fn an_unknown_member_like_no_other_is_sent() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"zebraCrossings": 3})))),
        &["warning: /zebraCrossings | AWS's model knows no member `zebraCrossings` here, and it is sent as it is"],
    );
}

// Types

#[test]
fn a_string_is_wanted_for_an_environment_value() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"environment": [{"name": "PORT", "value": 80}]})))),
        &[
            "/containerDefinitions/0/environment/0/value | container `app`: `environment[0].value` is a number, where AWS takes a string: write it with quotes",
        ],
    );
}

#[test]
fn a_boolean_in_quotes_is_refused() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"essential": "true"})))),
        &[
            "/containerDefinitions/0/essential | container `app`: `essential` is the string `true`, where AWS takes true or false: write true without quotes",
        ],
    );
}

#[test]
fn a_list_is_wanted_for_a_command() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"command": "sleep 1"})))),
        &[
            "/containerDefinitions/0/command | container `app`: `command` is the string `sleep 1`, where AWS takes a list: put it in square brackets",
        ],
    );
}

#[test]
fn a_null_in_a_list_is_refused() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"command": ["sleep", null]})))),
        &["/containerDefinitions/0/command/1 | container `app`: `command[1]` is null, where AWS takes a string: remove it"],
    );
}

#[test]
fn half_a_number_is_refused() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"cpu": 0.5})))),
        &["/containerDefinitions/0/cpu | container `app`: `cpu` is 0.5, where AWS takes a whole number"],
    );
}

#[test]
fn a_number_with_a_decimal_point_is_a_warning() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"cpu": 256.0})))),
        &[
            "warning: /containerDefinitions/0/cpu | container `app`: `cpu` is 256.0; AWS may refuse the decimal point of a whole number: write 256",
        ],
    );
}

#[test]
fn a_number_has_32_bits() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"stopTimeout": 3_000_000_000_u32})))),
        &[
            "/containerDefinitions/0/stopTimeout | container `app`: `stopTimeout` is 3000000000; AWS accepts -2147483648 to 2147483647",
        ],
    );
}

#[test]
fn an_enum_is_one_of_its_values() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"networkMode": "bridged"})))),
        &["/networkMode | `networkMode` is `bridged`; AWS accepts `bridge`, `host`, `awsvpc` and `none`; did you mean `bridge`?"],
    );
}

#[test]
fn a_family_is_required() {
    assert_findings(
        &checked(check_task_definition(&json!({"containerDefinitions": [{"name": "app", "image": "web", "memory": 64}]}))),
        &[" | `family` is missing; AWS requires it"],
    );
}

#[test]
fn containers_are_required() {
    assert_findings(
        &checked(check_task_definition(&json!({"family": "web", "containerDefinitions": []}))),
        &["/containerDefinitions | `containerDefinitions` is empty; AWS requires it"],
    );
}

#[test]
fn a_container_requires_name_and_image() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"containerDefinitions": [{"memory": 64}]})))),
        &[
            "/containerDefinitions/0 | container 1 (it has no name): `name` is missing; AWS requires it",
            "/containerDefinitions/0 | container 1 (it has no name): `image` is missing; AWS requires it: write it here, or give it under the manifest's `taskDefinition.images`",
        ],
    );
}

#[test]
fn more_than_50_tags_are_refused() {
    assert_findings(
        &checked(check_task_definition(&task(
            json!({"tags": (0..51).map(|n| json!({"key": format!("k{n}")})).collect::<Vec<_>>()}),
        ))),
        &["/tags | `tags` has 51 elements; AWS accepts at most 50"],
    );
}

// Names, images and ARNs

#[test]
fn a_family_is_of_letters_digits_hyphens_and_underscores() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"family": "shop/web"})))),
        &["/family | `family` is `shop/web`, with `/`; AWS accepts letters, digits, hyphens and underscores"],
    );
}

#[test]
fn two_containers_have_two_names() {
    assert_findings(
        &checked(check_task_definition(&task(
            json!({"containerDefinitions": [{"name": "app", "image": "web", "memory": 64}, {"name": "app", "image": "web", "memory": 64}]}),
        ))),
        &["/containerDefinitions/1/name | two containers are called `app`; AWS requires distinct names"],
    );
}

#[test]
fn an_image_has_no_placeholder_in_it() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"image": "web:<tag>"})))),
        &[
            "/containerDefinitions/0/image | container `app`: `image` is `web:<tag>`, with `<>`; AWS accepts letters, digits and - _ : . / # (and @sha256: before a digest)",
        ],
    );
}

#[test]
fn an_image_may_be_given_by_digest() {
    assert_findings(
        &checked(check_task_definition(&container(
            json!({"image": "registry.example.com:5000/acme/web:1@sha256:94afd1f2e64d908bc90dbca0035a5b5794afd1f2e64d908bc90dbca0035a5b57"}),
        ))),
        &[],
    );
}

#[test]
fn a_digest_has_64_hex_digits() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"image": "web@sha256:94afd1"})))),
        &[
            "/containerDefinitions/0/image | container `app`: `image` is `web@sha256:94afd1`; AWS accepts `@sha256:` and 64 hex digits after the name",
        ],
    );
}

#[test]
fn an_image_in_capitals_is_a_warning() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"image": "REPLACED_BY_CI"})))),
        &[
            "warning: /containerDefinitions/0/image | container `app`: `image` is `REPLACED_BY_CI`; repositories are written in small letters, so no registry will have it",
        ],
    );
}

#[test]
fn a_role_may_be_a_short_name() {
    assert_findings(
        &checked(check_task_definition(&task(
            json!({"taskRoleArn": "Role.Arn", "executionRoleArn": "arn:aws-cn:iam::123456789012:role/service/execution"}),
        ))),
        &[],
    );
}

#[test]
fn a_role_is_no_placeholder() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"taskRoleArn": "<TASK_ROLE_ARN>"})))),
        &[
            "/taskRoleArn | `taskRoleArn` is `<TASK_ROLE_ARN>`: AWS accepts a role's ARN, as `arn:aws:iam::123456789012:role/name`, or its name (letters, digits and the characters + = , . @ - _)",
        ],
    );
}

#[test]
fn an_account_has_12_digits() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"executionRoleArn": "arn:aws:iam::11111111111:role/x"})))),
        &[
            "/executionRoleArn | `executionRoleArn` is `arn:aws:iam::11111111111:role/x`: `11111111111` is no account id, which has 12 digits; AWS accepts a role's ARN, as `arn:aws:iam::123456789012:role/name`, or its name",
        ],
    );
}

#[test]
fn a_role_is_no_user() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"taskRoleArn": "arn:aws:iam::123456789012:user/x"})))),
        &[
            "/taskRoleArn | `taskRoleArn` is `arn:aws:iam::123456789012:user/x`: AWS accepts a role's ARN, as `arn:aws:iam::123456789012:role/name`, or its name",
        ],
    );
}

#[test]
fn an_output_that_is_not_known_yet_is_not_judged() {
    assert_findings(
        &checked(check_task_definition(&container(
            json!({"image": "${stack.registry.outputs.Url}:1", "secrets": [{"name": "A", "valueFrom": "${stack.db.outputs.Secret}"}]}),
        ))),
        &[
            "/containerDefinitions/0/secrets | container `app`: `secrets` need an execution role to be read, and `executionRoleArn` is missing; AWS requires it",
        ],
    );
}

#[test]
fn a_secret_is_an_arn_or_a_parameters_name() {
    assert_findings(
        &checked(check_task_definition(&role(
            json!({"secrets": [{"name": "A", "valueFrom": "arn:aws:s3:::bucket"}, {"name": "B", "valueFrom": "{{ x }}"}, {"name": "C", "valueFrom": "/db/password"}, {"name": "D", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-1:password::"}]}),
        ))),
        &[
            "/containerDefinitions/0/secrets/0/valueFrom | container `app`: `secrets[0].valueFrom` is `arn:aws:s3:::bucket`: AWS accepts secrets of Secrets Manager and SSM parameters, not of `s3`",
            "/containerDefinitions/0/secrets/1/valueFrom | container `app`: `secrets[1].valueFrom` is `{{ x }}`: AWS accepts the ARN of a Secrets Manager secret or of an SSM parameter, or a parameter's name (letters, digits and _ . - /)",
        ],
    );
}

#[test]
fn a_secrets_arn_has_three_more_parts_at_most() {
    assert_findings(
        &checked(check_task_definition(&role(
            json!({"secrets": [{"name": "A", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db::KEY::"}]}),
        ))),
        &[
            "/containerDefinitions/0/secrets/0/valueFrom | container `app`: `secrets[0].valueFrom` is `arn:aws:secretsmanager:eu-central-1:123456789012:secret:db::KEY::`: after the secret's name AWS accepts `:json-key:version-stage:version-id`, and here is one more part",
        ],
    );
}

#[test]
fn an_environment_file_is_an_object_in_s3() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"environmentFiles": [{"type": "s3", "value": "app.env"}]})))),
        &[
            "/containerDefinitions/0/environmentFiles/0/value | container `app`: `environmentFiles[0].value` is `app.env`; AWS accepts the ARN of an object in S3, as `arn:aws:s3:::bucket/app.env`",
        ],
    );
}

#[test]
fn registry_credentials_are_a_secret() {
    assert_findings(
        &checked(check_task_definition(&role(json!({"repositoryCredentials": {"credentialsParameter": "$$$X$$$"}})))),
        &[
            "/containerDefinitions/0/repositoryCredentials/credentialsParameter | container `app`: `repositoryCredentials.credentialsParameter` is `$$$X$$$`: AWS accepts a secret's ARN, or its name: letters, digits and the characters / _ + = . @ -",
        ],
    );
}

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
fn memory_is_at_least_what_docker_takes() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"memory": 3})))),
        &[
            "/containerDefinitions/0/memory | container `app`: `memory` is 3 MiB; AWS accepts no less than 6 (4 with Docker before 20.10)",
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

// Network modes and ports

#[test]
fn awsvpc_maps_a_port_to_itself() {
    assert_findings(
        &checked(check_task_definition(&container_of(
            json!({"networkMode": "awsvpc"}),
            json!({"portMappings": [{"containerPort": 8000, "hostPort": 80}]}),
        ))),
        &[
            "/containerDefinitions/0/portMappings/0/hostPort | container `app`: `portMappings[0].hostPort` is 80, and `containerPort` is 8000; with networkMode `awsvpc` AWS accepts the same port, or none",
        ],
    );
}

#[test]
fn host_maps_a_port_to_itself() {
    assert_findings(
        &checked(check_task_definition(&container_of(
            json!({"networkMode": "host"}),
            json!({"portMappings": [{"containerPort": 8000, "hostPort": 80}]}),
        ))),
        &[
            "/containerDefinitions/0/portMappings/0/hostPort | container `app`: `portMappings[0].hostPort` is 80, and `containerPort` is 8000; with networkMode `host` AWS accepts the same port, or none",
        ],
    );
}

#[test]
fn bridge_maps_any_port() {
    assert_findings(
        &checked(check_task_definition(&container(
            json!({"portMappings": [{"containerPort": 8000, "hostPort": 80}, {"containerPort": 9000, "hostPort": 0}]}),
        ))),
        &[],
    );
}

#[test]
fn none_maps_no_port() {
    assert_findings(
        &checked(check_task_definition(&container_of(
            json!({"networkMode": "none"}),
            json!({"portMappings": [{"containerPort": 80}]}),
        ))),
        &[
            "/containerDefinitions/0/portMappings | container `app`: `portMappings` are given; with networkMode `none` AWS accepts no port mappings",
        ],
    );
}

#[test]
fn links_are_for_bridge() {
    assert_findings(
        &checked(check_task_definition(&pair_of(json!({"networkMode": "awsvpc"}), json!({"links": ["db"]}), json!({})))),
        &[
            "/containerDefinitions/0/links | container `app`: `links` work with networkMode `bridge` only, and it is `awsvpc`; containers of one task reach each other at localhost",
        ],
    );
}

#[test]
fn awsvpc_takes_no_hostname_and_no_extra_hosts() {
    assert_findings(
        &checked(check_task_definition(&container_of(
            json!({"networkMode": "awsvpc"}),
            json!({"hostname": "web", "extraHosts": [{"hostname": "db", "ipAddress": "10.0.0.1"}]}),
        ))),
        &[
            "/containerDefinitions/0/hostname | container `app`: `hostname` is not accepted with networkMode `awsvpc`: remove it",
            "/containerDefinitions/0/extraHosts | container `app`: `extraHosts` are not accepted with networkMode `awsvpc`: remove them",
        ],
    );
}

#[test]
fn a_mapping_has_a_port() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"portMappings": [{"hostPort": 80}]})))),
        &[
            "/containerDefinitions/0/portMappings/0 | container `app`: `portMappings[0]` has neither `containerPort` nor `containerPortRange`; AWS requires one",
        ],
    );
}

#[test]
fn a_port_is_in_range() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"portMappings": [{"containerPort": 70000}]})))),
        &[
            "/containerDefinitions/0/portMappings/0/containerPort | container `app`: `portMappings[0].containerPort` is 70000; a port is 1 to 65535",
        ],
    );
}

#[test]
fn a_port_range_is_first_to_last() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"portMappings": [{"containerPortRange": "90-80"}]})))),
        &[
            "/containerDefinitions/0/portMappings/0/containerPortRange | container `app`: `portMappings[0].containerPortRange` is `90-80`; AWS accepts first-last, as 8000-8010, within 1 to 65535",
        ],
    );
}

#[test]
fn a_port_name_is_small() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"portMappings": [{"containerPort": 80, "name": "Web"}]})))),
        &[
            "/containerDefinitions/0/portMappings/0/name | container `app`: `portMappings[0].name` is `Web`; AWS accepts up to 64 small letters, digits, underscores and hyphens, no hyphen first",
        ],
    );
}

#[test]
fn an_app_protocol_without_a_name_is_a_warning() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"portMappings": [{"containerPort": 80, "appProtocol": "http"}]})))),
        &[
            "warning: /containerDefinitions/0/portMappings/0/appProtocol | container `app`: `portMappings[0].appProtocol` has no effect without a `name`: only Service Connect uses it, by the port's name",
        ],
    );
}

#[test]
fn one_port_with_two_protocols_is_a_warning() {
    assert_findings(
        &checked(check_task_definition(&container(
            json!({"portMappings": [{"containerPort": 53, "protocol": "tcp"}, {"containerPort": 53, "protocol": "udp"}]}),
        ))),
        &[
            "warning: /containerDefinitions/0/portMappings/1/containerPort | container `app`: `portMappings[1]`: the container's port 53 is mapped twice; AWS's reference does not allow it",
        ],
    );
}

// Volumes and tags

#[test]
fn a_volume_is_of_one_kind() {
    assert_findings(
        &checked(check_task_definition(&task(
            json!({"volumes": [{"name": "v", "host": {"sourcePath": "/x"}, "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]}),
        ))),
        &["/volumes/0 | `volumes[0]` has `efsVolumeConfiguration` and `host`; AWS accepts one of them"],
    );
}

#[test]
fn an_efs_access_point_needs_transit_encryption_and_the_root() {
    assert_findings(
        &checked(check_task_definition(&task(
            json!({"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "rootDirectory": "/a", "authorizationConfig": {"accessPointId": "fsap-1"}}}]}),
        ))),
        &[
            "/volumes/0/efsVolumeConfiguration | `volumes[0].efsVolumeConfiguration.transitEncryption` must be `ENABLED` with an access point",
            "/volumes/0/efsVolumeConfiguration/rootDirectory | `volumes[0].efsVolumeConfiguration.rootDirectory` is `/a`; with an access point AWS accepts `/`, or none",
        ],
    );
}

#[test]
fn one_volume_is_configured_at_launch() {
    assert_findings(
        &checked(check_task_definition(&task(
            json!({"volumes": [{"name": "a", "configuredAtLaunch": true}, {"name": "b", "configuredAtLaunch": true}]}),
        ))),
        &["/volumes | 2 volumes have `configuredAtLaunch`; AWS accepts one"],
    );
}

#[test]
fn tags_have_distinct_keys_of_accepted_characters() {
    assert_findings(
        &checked(check_task_definition(&task(
            json!({"tags": [{"key": "a"}, {"key": "a"}, {"key": "AWS:b"}, {"key": "c", "value": "<d>"}]}),
        ))),
        &[
            "/tags/1/key | the tag `a` is given twice; AWS requires distinct keys",
            "/tags/2/key | `tags[2].key` is `AWS:b`; AWS keeps the prefix `aws:` to itself",
            "/tags/3/value | `tags[3].value` is `<d>`, with `<`; AWS accepts letters, digits, spaces and _ . : / = + - @",
        ],
    );
}

// Fargate

#[test]
fn fargate_requires_sizes_and_awsvpc() {
    assert_findings(
        &checked(check_task_definition(&container_of(json!({"requiresCompatibilities": ["EC2", "FARGATE"]}), json!({})))),
        &[
            " | `networkMode` is missing, which means `bridge`; Fargate requires `awsvpc`",
            " | `cpu` is missing; Fargate requires it for the task (256, 512, 1024, 2048, 4096, 8192 or 16384)",
            " | `memory` is missing; Fargate requires it for the task (512 and more)",
        ],
    );
}

#[test]
fn fargate_knows_its_cpu_values() {
    assert_findings(
        &checked(check_task_definition(&fargate(json!({"cpu": "300"})))),
        &["/cpu | `cpu` is 300; Fargate accepts `256`, `512`, `1024`, `2048`, `4096`, `8192` and `16384` CPU units"],
    );
}

#[test]
fn fargate_pairs_cpu_with_memory() {
    assert_findings(
        &checked(check_task_definition(&fargate(json!({"cpu": "256", "memory": "3072"})))),
        &["/memory | `memory` is 3072 MiB; with `cpu` 256 Fargate accepts 512, 1024 or 2048"],
    );
}

#[test]
fn fargate_has_steps_of_4_gib_at_8_vcpu() {
    assert_findings(
        &checked(check_task_definition(&fargate(json!({"cpu": "8 vCPU", "memory": "18 GB"})))),
        &["/memory | `memory` is 18432 MiB; with `cpu` 8192 Fargate accepts 16384 to 61440 in steps of 4096"],
    );
}

#[test]
fn fargate_has_steps_of_8_gib_at_16_vcpu() {
    assert_findings(
        &checked(check_task_definition(&fargate(json!({"cpu": "16384", "memory": "36864"})))),
        &["/memory | `memory` is 36864 MiB; with `cpu` 16384 Fargate accepts 32768 to 122880 in steps of 8192"],
    );
}

#[test]
fn a_cpu_that_is_no_number_is_refused() {
    assert_findings(
        &checked(check_task_definition(&fargate(json!({"cpu": "__TASK_CPU__", "memory": "much"})))),
        &[
            r#"/cpu | `cpu` is `__TASK_CPU__`; AWS accepts CPU units ("256") or vCPUs ("0.25 vCPU")"#,
            r#"/memory | `memory` is `much`; AWS accepts MiB ("512") or GB ("0.5 GB")"#,
        ],
    );
}

#[test]
fn a_task_on_instances_has_at_least_128_cpu_units() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"cpu": "100"})))),
        &["/cpu | `cpu` is 100 CPU units; AWS accepts 128 (0.125 vCPU) to 196608 (192 vCPU) for a task"],
    );
}

#[test]
fn containers_reserve_no_more_cpu_than_their_fargate_task_has() {
    assert_findings(
        &checked(check_task_definition(&on_fargate(json!({"cpu": 512})))),
        &["/cpu | `cpu` is 256, and the containers reserve 512 together; Fargate accepts no more than the task's"],
    );
}

#[test]
fn windows_on_fargate_takes_1_to_4_vcpu() {
    assert_findings(
        &checked(check_task_definition(&fargate(
            json!({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}),
        ))),
        &["/cpu | `cpu` is 256; Windows containers on Fargate take 1024 to 4096"],
    );
}

#[test]
fn fargate_runs_no_privileged_container() {
    assert_findings(
        &checked(check_task_definition(&on_fargate(json!({"privileged": true})))),
        &["/containerDefinitions/0/privileged | container `app`: `privileged`: Fargate runs no privileged containers: remove it"],
    );
}

#[test]
fn fargate_takes_members_that_say_nothing() {
    assert_findings(
        &checked(check_task_definition(&on_fargate(
            json!({"privileged": false, "links": [], "dnsServers": [], "dockerSecurityOptions": [], "disableNetworking": false}),
        ))),
        &[],
    );
}

#[test]
fn fargate_has_no_host_devices_and_little_of_linux() {
    assert_findings(
        &checked(check_task_definition(&on_fargate(
            json!({"linuxParameters": {"devices": [{"hostPath": "/dev/a"}], "sharedMemorySize": 64, "maxSwap": 1, "swappiness": 1, "capabilities": {"add": ["SYS_PTRACE", "NET_ADMIN"]}, "tmpfs": [{"containerPath": "/t", "size": 64}]}}),
        ))),
        &[
            "/containerDefinitions/0/linuxParameters/devices | container `app`: `linuxParameters.devices`: Fargate has no host devices: remove it",
            "/containerDefinitions/0/linuxParameters/sharedMemorySize | container `app`: `linuxParameters.sharedMemorySize`: Fargate does not take it: remove it",
            "/containerDefinitions/0/linuxParameters/maxSwap | container `app`: `linuxParameters.maxSwap`: Fargate does not take it: remove it",
            "/containerDefinitions/0/linuxParameters/swappiness | container `app`: `linuxParameters.swappiness`: Fargate does not take it: remove it",
            "/containerDefinitions/0/linuxParameters/capabilities/add/1 | container `app`: `linuxParameters.capabilities.add[1]`: Fargate adds `SYS_PTRACE` only, not `NET_ADMIN`",
        ],
    );
}

#[test]
fn fargate_has_no_docker_volume_and_no_host_path() {
    assert_findings(
        &checked(check_task_definition(&fargate(
            json!({"volumes": [{"name": "a", "dockerVolumeConfiguration": {"scope": "task"}}, {"name": "b", "host": {"sourcePath": "/b"}}, {"name": "c", "host": {}}]}),
        ))),
        &[
            "/volumes/0/dockerVolumeConfiguration | `volumes[0].dockerVolumeConfiguration`: Fargate has no Docker volumes: use `efsVolumeConfiguration`, or an empty `host`",
            "/volumes/1/host/sourcePath | `volumes[1].host.sourcePath`: Fargate has no host whose path could be mounted: leave `host` empty, or use `efsVolumeConfiguration`",
        ],
    );
}

#[test]
fn fargate_places_by_itself() {
    assert_findings(
        &checked(check_task_definition(&fargate(
            json!({"placementConstraints": [{"type": "memberOf", "expression": "x"}], "pidMode": "host", "ipcMode": "task"}),
        ))),
        &[
            "/placementConstraints | `placementConstraints`: Fargate has no instances to place tasks on: remove it",
            "/pidMode | `pidMode`: Fargate accepts `task` only",
            "/ipcMode | `ipcMode`: Fargate does not take it: remove it",
        ],
    );
}

#[test]
fn fargate_bounds_timeouts() {
    assert_findings(
        &checked(check_task_definition(&on_fargate(json!({"startTimeout": 600, "stopTimeout": 1})))),
        &[
            "/containerDefinitions/0/startTimeout | container `app`: `startTimeout` is 600 seconds; Fargate accepts 2 to 120",
            "/containerDefinitions/0/stopTimeout | container `app`: `stopTimeout` is 1 seconds; Fargate accepts 2 to 120",
        ],
    );
}

#[test]
fn fargate_knows_three_log_drivers() {
    assert_findings(
        &checked(check_task_definition(&on_fargate(json!({"logConfiguration": {"logDriver": "json-file"}})))),
        &[
            "/containerDefinitions/0/logConfiguration/logDriver | container `app`: `logConfiguration.logDriver` is `json-file`; Fargate accepts `awslogs`, `splunk` and `awsfirelens`",
        ],
    );
}

#[test]
fn awslogs_on_fargate_requires_a_prefix_and_an_execution_role() {
    assert_findings(
        &checked(check_task_definition(&on_fargate(
            json!({"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "r"}}}),
        ))),
        &[
            "/containerDefinitions/0/logConfiguration | container `app`: `logConfiguration.options` has no `awslogs-stream-prefix`; Fargate requires it",
            "/containerDefinitions/0/logConfiguration | container `app`: `logConfiguration.logDriver` is `awslogs`, and `executionRoleArn` is missing; Fargate requires an execution role to send logs",
        ],
    );
}

#[test]
fn fargate_needs_an_execution_role_for_a_private_image() {
    assert_findings(
        &checked(check_task_definition(&on_fargate(json!({"image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/web:1"})))),
        &[
            "/containerDefinitions/0/image | container `app`: `image` is in a private ECR registry, and `executionRoleArn` is missing; Fargate requires an execution role to pull it",
        ],
    );
}

#[test]
fn a_public_image_needs_no_execution_role() {
    assert_findings(&checked(check_task_definition(&on_fargate(json!({"image": "public.ecr.aws/nginx/nginx:1"})))), &[]);
}

#[test]
fn docker_only_members_are_a_warning_on_fargate() {
    assert_findings(
        &checked(check_task_definition(&on_fargate(
            json!({"dnsServers": ["10.0.0.2"], "resourceRequirements": [{"type": "GPU", "value": "1"}]}),
        ))),
        &[
            "warning: /containerDefinitions/0/dnsServers | container `app`: `dnsServers`: AWS's developer guide lists it as not valid on Fargate",
            "warning: /containerDefinitions/0/resourceRequirements/0 | container `app`: `resourceRequirements[0]`: AWS's developer guide lists GPUs as not available on Fargate",
        ],
    );
}
