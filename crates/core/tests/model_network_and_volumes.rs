//! Each rule about network modes, ports, volumes and tags of a task definition, as a sentence, and what a person reads.

use crate::model_documents::*;
use driftless_core::model::check_task_definition;
use serde_json::json;

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
