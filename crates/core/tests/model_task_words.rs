//! Which words and which members of a task definition go together: a row for each that does, and one for each that does not.

use crate::model_documents::*;
use driftless_core::model::check_task_definition;
use serde_json::{Value, json};

#[test]
fn images_are_named_as_a_registry_has_them() {
    let image = |name: &str| container(json!({"image": name}));
    let digest = "a".repeat(64);
    assert_task_places(&[
        (image("registry.example.com:5000/shop/web:1.0"), ""),
        (image(&format!("web@sha256:{digest}")), ""),
        (image(&format!("web@sha512:{digest}")), "@/image"),
        (image(&format!("web@sha256:{}g", &digest[1..])), "@/image"),
        (image("web 1"), "@/image"),
        (image("web,1"), "@/image"),
        (image("Web:1"), "@/image?"),
        (image("shop/Web"), "@/image?"),
        // A tag, a registry or a folder may have capitals.
        (image("web:RC1"), ""),
        (image("Registry.example.com/web"), ""),
        (image("Registry:5000/web"), ""),
        (image("${artifact.image.name}"), ""),
    ]);
}

#[test]
fn a_container_has_memory_of_its_own_or_of_the_task() {
    let bare = |task: Value, container: Value| {
        let mut document = object(json!({"family": "web"}));
        let mut one = object(json!({"name": "app", "image": "web:1"}));
        one.extend(object(container));
        document.insert("containerDefinitions".into(), json!([one]));
        document.extend(object(task));
        Value::Object(document)
    };
    assert_task_places(&[
        (bare(json!({}), json!({})), "@"),
        (bare(json!({"memory": "512"}), json!({})), ""),
        (bare(json!({}), json!({"memory": 64})), ""),
        (bare(json!({}), json!({"memoryReservation": 64})), ""),
        (bare(json!({}), json!({"memory": 0})), "@"),
        (bare(json!({}), json!({"memory": 0, "memoryReservation": 64})), "@/memory"),
        (bare(json!({}), json!({"memory": "64"})), "@/memory"),
        (bare(json!({}), json!({"memory": 64, "memoryReservation": 65})), "@/memory"),
        (bare(json!({"memory": "100"}), json!({"memory": 200, "memoryReservation": 100})), ""),
        (bare(json!({"memory": "100"}), json!({"memory": 200, "memoryReservation": 101})), "/memory"),
        (bare(json!({}), json!({"memory": 64, "essential": false})), "/containerDefinitions"),
    ]);
}

#[test]
fn variables_and_secrets_have_names_and_values_of_their_own_kind() {
    let environment = |variable: Value| role(json!({"environment": [variable]}));
    let secret = |secret: Value| role(json!({"secrets": [secret]}));
    let from = |from: &str| secret(json!({"name": "A", "valueFrom": from}));
    let file = |value: &str| role(json!({"environmentFiles": [{"type": "s3", "value": value}]}));
    let credentials = json!({"repositoryCredentials": {"credentialsParameter": "registry"}});
    let given = json!({"name": "A", "valueFrom": "parameter"});
    assert_task_places(&[
        (environment(json!({"name": "A", "value": "1"})), ""),
        (environment(json!({"name": "A"})), "@/environment/0"),
        (environment(json!({"name": "", "value": "1"})), "@/environment/0?"),
        (environment(json!({"value": "1"})), "@/environment/0?"),
        (environment(json!({"name": "A", "valueFrom": "x"})), "@/environment/0/valueFrom"),
        (role(json!({"environment": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]})), "@/environment/1?"),
        (role(json!({"environment": [{"name": "A", "value": "1"}], "secrets": [given]})), "@/secrets/0/name"),
        (role(json!({"secrets": [given, given]})), "@/secrets/1/name"),
        (secret(json!({"name": "A", "valueFrom": "a", "value": "b"})), "@/secrets/0/value"),
        (from("shop/db_1.a-b"), ""),
        (from("shop db"), "@/secrets/0/valueFrom"),
        (from("${stack.net.outputs.Secret}"), ""),
        (from(&arn("ssm", "parameter/a")), ""),
        (from(&arn("ssm", "document/a")), "@/secrets/0/valueFrom"),
        (from(&arn("secretsmanager", "secret:a")), ""),
        (from(&arn("secretsmanager", "secret:a:key:stage:id")), ""),
        (from(&arn("secretsmanager", "secret:a:key:stage:id:more")), "@/secrets/0/valueFrom"),
        (from(&arn("secretsmanager", "other:a")), "@/secrets/0/valueFrom"),
        (from(&arn("s3", "parameter/a")), "@/secrets/0/valueFrom"),
        (from("arn:aws:ssm"), "@/secrets/0/valueFrom"),
        (container(json!({"secrets": [given]})), "@/secrets"),
        (container(json!({"secrets": []})), ""),
        (container(credentials.clone()), "@/repositoryCredentials?"),
        (role(credentials), ""),
        (file("arn:aws:s3:::bucket/app.env"), ""),
        (file("arn:aws:s3:::bucket/app.txt"), "@/environmentFiles/0/value?"),
        (file("arn:aws:s3:::bucket"), "@/environmentFiles/0/value"),
        (file("s3://bucket/app.env"), "@/environmentFiles/0/value"),
    ]);
}

#[test]
fn health_checks_logs_and_limits_say_what_they_need() {
    let health = |check: Value| container(json!({"healthCheck": check}));
    let log = |driver: &str, options: Value| container(json!({"logConfiguration": {"logDriver": driver, "options": options}}));
    let region = json!({"awslogs-group": "a", "awslogs-region": "b"});
    let router = |driver: &str| {
        pair(json!({"logConfiguration": {"logDriver": driver}}), json!({"firelensConfiguration": {"type": "fluentbit"}}))
    };
    let linux = |linux: Value, privileged: bool| container(json!({"linuxParameters": linux, "privileged": privileged}));
    assert_task_places(&[
        (health(json!({"command": ["CMD", "true"]})), ""),
        (health(json!({"command": ["CMD-SHELL", "true"]})), ""),
        (health(json!({"command": ["NONE"]})), ""),
        (health(json!({"command": ["true"]})), "@/healthCheck/command?"),
        (health(json!({"command": []})), "@/healthCheck/command"),
        (health(json!({})), "@/healthCheck"),
        (health(json!({"command": "true"})), "@/healthCheck/command"),
        (health(json!({"command": ["CMD"], "interval": 61})), ""),
        (health(json!({"command": ["CMD"], "startPeriod": 61})), ""),
        (log("awslogs", region), ""),
        (log("awslogs", json!({"awslogs-group": "a"})), "@/logConfiguration"),
        (log("awslogs", json!({"awslogs-region": "a"})), "@/logConfiguration"),
        (log("json-file", json!({})), ""),
        (log("awsfirelens", json!({})), "@/logConfiguration/logDriver?"),
        (router("awsfirelens"), ""),
        (
            role(json!({"logConfiguration": {"logDriver": "splunk", "secretOptions": [{"name": "t", "valueFrom": "a b"}]}})),
            "@/logConfiguration/secretOptions/0/valueFrom",
        ),
        (linux(json!({"capabilities": {"add": ["SYS_PTRACE"]}}), false), ""),
        (linux(json!({"capabilities": {"add": ["SYS_PTRACE"]}}), true), "@/linuxParameters/capabilities?"),
        (linux(json!({"swappiness": 1}), true), ""),
    ]);
}

#[test]
fn ports_are_mapped_as_the_network_mode_has_them() {
    let of = |mode: &str, container: Value| container_of(json!({"networkMode": mode}), container);
    let port = |mode: &str, mapping: Value| of(mode, json!({"portMappings": [mapping]}));
    let place = "@/portMappings/0";
    assert_task_places(&[
        (of("bridge", json!({"links": ["app"]})), ""),
        (of("host", json!({"links": ["app"]})), "@/links"),
        (of("awsvpc", json!({"links": []})), ""),
        (of("awsvpc", json!({"hostname": "a"})), "@/hostname"),
        (of("awsvpc", json!({"hostname": ""})), ""),
        (of("host", json!({"hostname": "a"})), ""),
        (of("awsvpc", json!({"extraHosts": [{"hostname": "a", "ipAddress": "1"}]})), "@/extraHosts"),
        (of("bridge", json!({"extraHosts": [{"hostname": "a", "ipAddress": "1"}]})), ""),
        (of("none", json!({"portMappings": []})), ""),
        (of("none", json!({"portMappings": [{"containerPort": 80}]})), "@/portMappings"),
        (port("bridge", json!({})), place),
        (port("awsvpc", json!({"containerPort": 80, "hostPort": 80})), ""),
        (port("awsvpc", json!({"containerPort": 80, "hostPort": 81})), &format!("{place}/hostPort")),
        (port("host", json!({"containerPort": 80, "hostPort": 0})), &format!("{place}/hostPort?")),
        (port("bridge", json!({"containerPort": 80, "hostPort": 81})), ""),
        (port("bridge", json!({"containerPortRange": "80-90"})), ""),
        (port("host", json!({"containerPortRange": "80-90"})), &format!("{place}/containerPortRange")),
        (port("bridge", json!({"containerPortRange": "80-90", "hostPort": 80})), &format!("{place}/hostPort")),
        (port("bridge", json!({"containerPortRange": "80"})), &format!("{place}/containerPortRange")),
        (port("bridge", json!({"containerPort": 80, "name": "http_1-a"})), ""),
        (port("bridge", json!({"containerPort": 80, "name": "-http"})), &format!("{place}/name")),
        (port("bridge", json!({"containerPort": 80, "name": "Http"})), &format!("{place}/name")),
        (port("bridge", json!({"containerPort": 80, "name": "http.1"})), &format!("{place}/name")),
        (port("bridge", json!({"containerPort": 80, "appProtocol": "http"})), &format!("{place}/appProtocol?")),
        (port("bridge", json!({"containerPort": 80, "appProtocol": "http", "name": "http"})), ""),
        (
            of("bridge", json!({"portMappings": [{"containerPort": 80}, {"containerPort": 80}]})),
            "@/portMappings/1/containerPort?",
        ),
        (
            of("bridge", json!({"portMappings": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]})),
            "@/portMappings/1/name?",
        ),
    ]);
}

#[test]
fn containers_and_volumes_name_what_there_is() {
    let depends = |condition: &str, other: Value| {
        let app = json!({"dependsOn": [{"containerName": "db", "condition": condition}]});
        pair(app, other)
    };
    let check = json!({"healthCheck": {"command": ["CMD"]}});
    let condition = "@/dependsOn/0/condition";
    assert_task_places(&[
        (depends("START", json!({})), ""),
        (depends("HEALTHY", check), ""),
        (depends("HEALTHY", json!({})), condition),
        (depends("COMPLETE", json!({"essential": false})), ""),
        (depends("COMPLETE", json!({})), condition),
        (depends("SUCCESS", json!({"essential": true})), condition),
        (container(json!({"dependsOn": [{"containerName": "db", "condition": "START"}]})), "@/dependsOn/0/containerName"),
        (container(json!({"links": ["db:alias"]})), "@/links/0"),
        (pair(json!({"links": ["db:alias"]}), json!({})), ""),
        (container(json!({"volumesFrom": [{"sourceContainer": "db"}]})), "@/volumesFrom/0/sourceContainer"),
        (container(json!({"mountPoints": [{"sourceVolume": "data", "containerPath": "/d"}]})), "@/mountPoints/0/sourceVolume"),
        (
            container_of(
                json!({"volumes": [{"name": "data"}]}),
                json!({"mountPoints": [{"sourceVolume": "data", "containerPath": "/d"}]}),
            ),
            "",
        ),
        (
            pair(
                json!({"dependsOn": [{"containerName": "db", "condition": "START"}]}),
                json!({"dependsOn": [{"containerName": "app", "condition": "START"}]}),
            ),
            "@/dependsOn",
        ),
        (task(json!({"proxyConfiguration": {"containerName": "envoy"}})), "/proxyConfiguration/containerName"),
    ]);
}

#[test]
fn volumes_are_of_one_kind_and_encrypted_where_they_are_authorised() {
    let volume = |volume: Value| {
        let mut all = object(json!({"name": "data"}));
        all.extend(object(volume));
        task(json!({"volumes": [all]}))
    };
    let efs = |efs: Value| {
        let mut all = object(json!({"fileSystemId": "fs-1"}));
        all.extend(object(efs));
        volume(json!({"efsVolumeConfiguration": all}))
    };
    let place = "/volumes/0/efsVolumeConfiguration";
    let point = |encryption: &str, root: Value| json!({"transitEncryption": encryption, "rootDirectory": root, "authorizationConfig": {"accessPointId": "fsap-1"}});
    assert_task_places(&[
        (volume(json!({"host": {}, "configuredAtLaunch": false})), ""),
        (volume(json!({"host": {}, "dockerVolumeConfiguration": {}})), ""),
        (volume(json!({"host": {"sourcePath": "/a"}, "dockerVolumeConfiguration": {}})), "/volumes/0"),
        (volume(json!({"configuredAtLaunch": true, "dockerVolumeConfiguration": {}})), "/volumes/0"),
        (volume(json!({"configuredAtLaunch": false, "dockerVolumeConfiguration": {}})), ""),
        (task(json!({"volumes": [{}]})), "/volumes/0?"),
        (task(json!({"volumes": [{"name": "a"}, {"name": "a"}]})), "/volumes/1/name"),
        (efs(json!({})), ""),
        (efs(point("ENABLED", json!("/"))), ""),
        (efs(point("ENABLED", json!(null))), ""),
        (efs(point("ENABLED", json!("/data"))), &format!("{place}/rootDirectory")),
        (efs(point("DISABLED", json!("/"))), place),
        (efs(json!({"rootDirectory": "/data", "authorizationConfig": {"iam": "DISABLED"}})), ""),
        (efs(json!({"authorizationConfig": {"iam": "ENABLED"}})), place),
        (efs(json!({"transitEncryption": "ENABLED", "authorizationConfig": {"iam": "ENABLED"}})), ""),
    ]);
}

#[test]
fn tags_have_keys_of_their_own_and_accepted_letters() {
    let tags = |pairs: &[(&str, &str)]| {
        let tags: Vec<Value> = pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        task(json!({"tags": tags}))
    };
    assert_task_places(&[
        (tags(&[("team a_.:/=+-@é", "x")]), ""),
        (tags(&[("team", "a"), ("Team", "b")]), ""),
        (tags(&[("team", "a"), ("team", "b")]), "/tags/1/key"),
        (tags(&[("aws:team", "a")]), "/tags/0/key"),
        (tags(&[("AWS:team", "a")]), "/tags/0/key"),
        (tags(&[("team", "Aws:a")]), "/tags/0/value?"),
        (tags(&[("awsteam", "a!")]), "/tags/0/value"),
        (tags(&[("te,am", "a")]), "/tags/0/key"),
        (tags(&[("team", "${stack.net.outputs.Team!}")]), ""),
    ]);
}

#[test]
fn fargate_takes_what_needs_no_host() {
    let of = |container: Value| on_fargate(container);
    let linux = |linux: Value| on_fargate(json!({"linuxParameters": linux}));
    let log = |driver: &str, options: Value| {
        let mut document = object(on_fargate(json!({"logConfiguration": {"logDriver": driver, "options": options}})));
        document.insert("executionRoleArn".into(), json!("execution"));
        Value::Object(document)
    };
    let awslogs = json!({"awslogs-group": "a", "awslogs-region": "b", "awslogs-stream-prefix": "c"});
    let unprefixed = json!({"awslogs-group": "a", "awslogs-region": "b"});
    let ecr = |image: &str| of(json!({"image": image}));
    let volume = |volume: Value| fargate(json!({"volumes": [volume]}));
    assert_task_places(&[
        (fargate(json!({})), ""),
        (fargate(json!({"networkMode": null})), "/"),
        (fargate(json!({"networkMode": "bridge"})), "/networkMode"),
        (fargate(json!({"cpu": null})), "/"),
        (fargate(json!({"cpu": "300"})), "/cpu"),
        (fargate(json!({"pidMode": "task"})), ""),
        (fargate(json!({"pidMode": "host"})), "/pidMode"),
        (fargate(json!({"ipcMode": "none"})), "/ipcMode"),
        (fargate(json!({"placementConstraints": [{"type": "memberOf", "expression": "a"}]})), "/placementConstraints"),
        (fargate(json!({"requiresCompatibilities": ["EC2", "FARGATE"]})), ""),
        (of(json!({"privileged": true})), "@/privileged"),
        (of(json!({"privileged": false, "dockerSecurityOptions": [], "dnsServers": [], "disableNetworking": false})), ""),
        (of(json!({"dockerSecurityOptions": ["a"]})), "@/dockerSecurityOptions"),
        (of(json!({"dnsServers": ["1"]})), "@/dnsServers?"),
        (of(json!({"disableNetworking": true})), "@/disableNetworking?"),
        (of(json!({"resourceRequirements": [{"type": "GPU", "value": "1"}]})), "@/resourceRequirements/0?"),
        (linux(json!({"devices": []})), ""),
        (linux(json!({"devices": [{"hostPath": "/d"}]})), "@/linuxParameters/devices"),
        (linux(json!({"sharedMemorySize": 1})), "@/linuxParameters/sharedMemorySize"),
        (linux(json!({"capabilities": {"add": ["SYS_PTRACE"]}})), ""),
        (linux(json!({"capabilities": {"add": ["SYS_ADMIN"]}})), "@/linuxParameters/capabilities/add/0"),
        (log("awslogs", awslogs), ""),
        (log("awslogs", unprefixed.clone()), "@/logConfiguration"),
        (log("splunk", json!({})), ""),
        (log("json-file", json!({})), "@/logConfiguration/logDriver"),
        (
            on_fargate(
                json!({"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "a", "awslogs-region": "b", "awslogs-stream-prefix": "c"}}}),
            ),
            "@/logConfiguration",
        ),
        (ecr("123456789012.dkr.ecr.eu-central-1.amazonaws.com/web:1"), "@/image"),
        (ecr("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/web:1"), "@/image"),
        (ecr("12345678901.dkr.ecr.eu-central-1.amazonaws.com/web:1"), ""),
        (ecr("12345678901x.dkr.ecr.eu-central-1.amazonaws.com/web:1"), ""),
        (ecr("123456789012.dkr.ecr.eu-central-1.example.com/web:1"), ""),
        (ecr("public.ecr.aws/web:1"), ""),
        (volume(json!({"name": "data", "host": {}})), ""),
        (volume(json!({"name": "data", "host": {"sourcePath": "/a"}})), "/volumes/0/host/sourcePath"),
        (volume(json!({"name": "data", "dockerVolumeConfiguration": {}})), "/volumes/0/dockerVolumeConfiguration"),
    ]);
}

#[test]
fn a_truth_value_in_quotes_is_sent_as_one_at_the_top_of_a_task_definition() {
    for (text, sent) in [("true", true), ("false", false)] {
        let found = check_task_definition(&task(json!({"enableFaultInjection": text})));
        assert_eq!((found.document.get("enableFaultInjection"), found.errors.len()), (Some(&json!(sent)), 0), "{text}");
        assert!(checked(found).join("").contains("AWS takes true or false here"));
    }
    assert_task_places(&[
        (task(json!({"enableFaultInjection": "yes"})), "/enableFaultInjection"),
        (task(json!({"cpu": 256})), "/cpu?"),
        (task(json!({"cpu": 256.0})), "/cpu?"),
        (task(json!({"cpu": 0.5})), "/cpu"),
        (task(json!({"family": 1})), "/family?"),
    ]);
}
