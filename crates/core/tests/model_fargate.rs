//! Each rule about a task definition on Fargate, as a sentence, and what a person reads when it is broken.

use crate::model_documents::*;
use driftless_core::model::check_task_definition;
use serde_json::json;

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
            "/containerDefinitions/0/stopTimeout | container `app`: `stopTimeout` is 1 second; Fargate accepts 2 to 120",
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
