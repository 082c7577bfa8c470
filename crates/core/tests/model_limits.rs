//! Every limit that AWS documents for its documents: what stands at it is taken, one past it is refused, and the message names it.

use crate::model_documents::*;
use driftless_core::model::{Checked, check_deployment, check_run_task, check_service, check_task_definition, check_together};
use serde_json::{Value, json};

/// What is limited, the least and the most that AWS takes, and what the model says of a document at this number.
type Limit = (&'static str, Bounds, fn(i64) -> Vec<String>);
type Bounds = (Option<i64>, Option<i64>);

const fn up_to(most: i64) -> Bounds {
    (None, Some(most))
}

const fn between(least: i64, most: i64) -> Bounds {
    (Some(least), Some(most))
}

const fn from(least: i64) -> Bounds {
    (Some(least), None)
}

fn errors(found: Checked) -> Vec<String> {
    checked(found).into_iter().filter(|line| !line.starts_with("warning: ")).collect()
}

fn of_service(changes: Value) -> Vec<String> {
    errors(check_service(&service(changes)))
}

fn of_task(changes: Value) -> Vec<String> {
    errors(check_task_definition(&task(changes)))
}

fn of_container(changes: Value) -> Vec<String> {
    errors(check_task_definition(&role(changes)))
}

fn of_fargate(changes: Value) -> Vec<String> {
    errors(check_task_definition(&fargate(changes)))
}

fn of_run(changes: Value) -> Vec<String> {
    errors(check_run_task(&changes))
}

fn of_deployment(changes: Value) -> Vec<String> {
    let mut document = json!({"applicationName": "shop", "deploymentGroupName": "web"});
    document.as_object_mut().expect("an object").extend(object(changes));
    errors(check_deployment(&document))
}

fn many(count: i64, element: Value) -> Value {
    json!(vec![element; usize::try_from(count).expect("a count")])
}

fn long(count: i64) -> String {
    "a".repeat(usize::try_from(count).expect("a length"))
}

fn vpc(changes: Value) -> Vec<String> {
    of_service(json!({"networkConfiguration": {"awsvpcConfiguration": changes}}))
}

fn connect(service: Value) -> Vec<String> {
    of_service(json!({"serviceConnectConfiguration": {"enabled": true, "services": [service]}}))
}

fn deployed(changes: Value) -> Vec<String> {
    of_service(json!({"deploymentConfiguration": changes}))
}

fn alarms(names: impl Iterator<Item = String>) -> Vec<String> {
    let alarms: Vec<Value> = names.map(|name| json!({"name": name})).collect();
    of_deployment(json!({"overrideAlarmConfiguration": {"enabled": true, "alarms": alarms}}))
}

#[track_caller]
fn assert_limits(limits: &[Limit]) {
    for (what, (least, most), found) in limits {
        let ends = [least.map(|least| (least, least - 1)), most.map(|most| (most, most + 1))];
        for (bound, past) in ends.into_iter().flatten() {
            assert_eq!(found(bound), Vec::<String>::new(), "{what} at {bound}");
            let refused = found(past);
            let told = |line: &String| line.contains(&bound.to_string()) || bound == 1 && line.contains(" one");
            assert!(matches!(&refused[..], [line] if told(line)), "{what} at {past}: {refused:?}");
        }
    }
}

#[test]
fn a_service_is_taken_up_to_each_of_aws_s_limits() {
    assert_limits(&[
        ("a name", up_to(255), |n| of_service(json!({"serviceName": long(n)}))),
        ("a client token", up_to(36), |n| of_service(json!({"clientToken": long(n)}))),
        ("the desired count", between(0, 2_147_483_647), |n| of_service(json!({"desiredCount": n}))),
        ("the grace period", between(0, 2_147_483_647), |n| of_service(json!({"healthCheckGracePeriodSeconds": n}))),
        ("capacity providers", up_to(20), |n| {
            of_service(json!({"capacityProviderStrategy": many(n, json!({"capacityProvider": "a", "weight": 1}))}))
        }),
        ("capacity providers with a base", up_to(1), |n| {
            let with = |base: i64| json!({"capacityProvider": "a", "weight": 1, "base": base});
            of_service(json!({"capacityProviderStrategy": [with(1), with(n - 1), with(0)]}))
        }),
        ("placement constraints", up_to(10), |n| {
            of_service(json!({"placementConstraints": many(n, json!({"type": "distinctInstance"}))}))
        }),
        ("placement strategies", up_to(5), |n| of_service(json!({"placementStrategy": many(n, json!({"type": "random"}))}))),
        ("an expression", up_to(2000), |n| {
            of_service(json!({"placementConstraints": [{"type": "memberOf", "expression": long(n)}]}))
        }),
        ("load balancers", up_to(5), |n| of_service(json!({"loadBalancers": many(n, target())}))),
        ("a load balancer's port", between(1, 65_535), |n| {
            let mut target = target();
            target["containerPort"] = json!(n);
            of_service(json!({"loadBalancers": [target]}))
        }),
        ("service registries", up_to(1), |n| {
            let registry = "arn:aws:servicediscovery:eu-central-1:123456789012:service/srv-1";
            of_service(json!({"serviceRegistries": many(n, json!({"registryArn": registry}))}))
        }),
        ("subnets", between(1, 16), |n| vpc(json!({"subnets": many(n, json!("subnet-1"))}))),
        ("security groups", up_to(5), |n| vpc(json!({"subnets": ["subnet-1"], "securityGroups": many(n, json!("sg-1"))}))),
        ("a discovery name", up_to(64), |n| connect(json!({"portName": "http", "discoveryName": long(n)}))),
        ("client aliases", up_to(1), |n| connect(json!({"portName": "http", "clientAliases": many(n, json!({"port": 80}))}))),
        ("an alias's name", up_to(127), |n| {
            connect(json!({"portName": "http", "clientAliases": [{"port": 80, "dnsName": long(n)}]}))
        }),
        ("a role's name", up_to(64), |n| of_service(json!({"loadBalancers": [target()], "role": long(n)}))),
    ]);
}

#[test]
fn a_deployment_configuration_is_taken_up_to_each_of_aws_s_limits() {
    assert_limits(&[
        ("the least that stays healthy", from(0), |n| deployed(json!({"minimumHealthyPercent": n}))),
        ("the most that runs", from(0), |n| deployed(json!({"maximumPercent": n}))),
        ("the bake time", between(0, 1440), |n| deployed(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": n}))),
        ("a step's bake time", between(0, 1440), |n| {
            deployed(json!({"strategy": "LINEAR", "linearConfiguration": {"stepBakeTimeInMinutes": n}}))
        }),
        ("the canary's bake time", between(0, 1440), |n| {
            deployed(json!({"strategy": "CANARY", "canaryConfiguration": {"canaryBakeTimeInMinutes": n}}))
        }),
        ("a step", between(3, 100), |n| {
            deployed(json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": n as f64}}))
        }),
        ("the canary", up_to(100), |n| {
            deployed(json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": n as f64}}))
        }),
    ]);
    // What stands in quotes is advised only where it is a number.
    let quoted =
        |percent: &str| deployed(json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": percent}})).join("");
    assert!(
        quoted("5.5").ends_with("is the string `5.5`, where AWS takes a number: write 5.5 without quotes"),
        "{}",
        quoted("5.5")
    );
    assert!(quoted("some").ends_with("is the string `some`, where AWS takes a number"), "{}", quoted("some"));
    let canary = |percent: f64| deployed(json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": percent}}));
    assert_eq!(canary(0.1), Vec::<String>::new());
    assert_eq!((canary(0.0).len(), canary(0.05).len(), canary(5.25).len(), canary(99.9).len()), (1, 1, 1, 0));
}

#[test]
fn a_task_definition_is_taken_up_to_each_of_aws_s_limits() {
    assert_limits(&[
        ("a family", up_to(255), |n| of_task(json!({"family": long(n)}))),
        ("the storage", between(21, 200), |n| of_task(json!({"ephemeralStorage": {"sizeInGiB": n}}))),
        ("placement constraints", up_to(10), |n| {
            of_task(json!({"placementConstraints": many(n, json!({"type": "memberOf", "expression": "a"}))}))
        }),
        ("the document's bytes", up_to(65_536), |n| {
            let label = |length: i64| container(json!({"dockerLabels": {"a": long(length)}}));
            let frame = serde_json::to_vec(&label(0)).expect("JSON").len();
            errors(check_task_definition(&label(n - i64::try_from(frame).expect("a length"))))
        }),
        ("the task's CPU units", between(128, 196_608), |n| of_task(json!({"cpu": n.to_string()}))),
        ("volumes configured at launch", up_to(1), |n| {
            let volume = |n: i64| json!({"name": format!("v{n}"), "configuredAtLaunch": true});
            of_task(json!({"volumes": (0..n).map(volume).collect::<Vec<_>>()}))
        }),
        ("the port of encrypted transit", between(0, 65_535), |n| {
            of_task(
                json!({"volumes": [{"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "transitEncryptionPort": n}}]}),
            )
        }),
        ("a container's memory in the task's", up_to(512), |n| {
            errors(check_task_definition(&pair_of(json!({"memory": "512"}), json!({"memory": n - 64}), json!({"memory": 64}))))
        }),
        ("a reservation in the memory", up_to(64), |n| of_container(json!({"memory": 64, "memoryReservation": n}))),
        ("its execution role's name", up_to(64), |n| of_task(json!({"executionRoleArn": long(n)}))),
    ]);
}

#[test]
fn a_container_is_taken_up_to_each_of_aws_s_limits() {
    assert_limits(&[
        ("a name", up_to(255), |n| of_container(json!({"name": long(n)}))),
        ("an image", up_to(255), |n| of_container(json!({"image": long(n)}))),
        ("its CPU units", from(0), |n| of_container(json!({"cpu": n}))),
        ("environment files", up_to(10), |n| {
            of_container(json!({"environmentFiles": many(n, json!({"type": "s3", "value": "arn:aws:s3:::bucket/app.env"}))}))
        }),
        ("the interval", between(5, 300), |n| of_container(json!({"healthCheck": {"command": ["CMD"], "interval": n}}))),
        ("the retries", between(1, 10), |n| of_container(json!({"healthCheck": {"command": ["CMD"], "retries": n}}))),
        ("the start period", between(0, 300), |n| of_container(json!({"healthCheck": {"command": ["CMD"], "startPeriod": n}}))),
        ("the time between restarts", between(60, 1800), |n| {
            of_container(json!({"restartPolicy": {"enabled": true, "restartAttemptPeriod": n}}))
        }),
        ("exit codes", up_to(50), |n| {
            of_container(json!({"restartPolicy": {"enabled": true, "ignoredExitCodes": many(n, json!(1))}}))
        }),
        ("swappiness", between(0, 100), |n| of_container(json!({"linuxParameters": {"swappiness": n}}))),
        ("swap", from(0), |n| of_container(json!({"linuxParameters": {"maxSwap": n}}))),
        ("the start's time", from(0), |n| of_container(json!({"startTimeout": n}))),
        ("the stop's time", from(0), |n| of_container(json!({"stopTimeout": n}))),
        ("credential specifications", up_to(1), |n| of_container(json!({"credentialSpecs": many(n, json!("a"))}))),
        ("its port", between(1, 65_535), |n| of_container(json!({"portMappings": [{"containerPort": n}]}))),
        ("the host's port", between(0, 65_535), |n| {
            of_container(json!({"portMappings": [{"containerPort": 80, "hostPort": n}]}))
        }),
        ("a range's last port", up_to(65_535), |n| {
            of_container(json!({"portMappings": [{"containerPortRange": format!("80-{n}")}]}))
        }),
        ("a range's first port", from(1), |n| of_container(json!({"portMappings": [{"containerPortRange": format!("{n}-80")}]}))),
        ("a port's name", up_to(64), |n| of_container(json!({"portMappings": [{"containerPort": 80, "name": long(n)}]}))),
    ]);
    let range = |range: &str| of_container(json!({"portMappings": [{"containerPortRange": range}]})).len();
    assert_eq!((range("80-81"), range("80-80"), range("81-80")), (0, 1, 1));
    let parameter = |length: i64| of_container(json!({"secrets": [{"name": "A", "valueFrom": long(length)}]})).len();
    assert_eq!((parameter(2048), parameter(2049)), (0, 1));
    let image = |digits: i64| of_container(json!({"image": format!("web@sha256:{}", long(digits))})).len();
    assert_eq!((image(63), image(64), image(65)), (1, 0, 1));
    let timeout = |seconds: i64| {
        let found = check_task_definition(&role(json!({"healthCheck": {"command": ["CMD"], "timeout": seconds}})));
        (found.errors.len(), found.warnings.len())
    };
    assert_eq!([1, 2, 60, 61, 120, 121].map(timeout), [(1, 0), (0, 0), (0, 0), (0, 1), (0, 1), (1, 0)]);
    let memory = |mib: i64| {
        let found = check_task_definition(&task(
            json!({"memory": "512", "containerDefinitions": [{"name": "app", "image": "web:1", "memory": mib}]}),
        ));
        (found.errors.len(), found.warnings.len())
    };
    assert_eq!([-1, 0, 1, 5, 6].map(memory), [(1, 0), (0, 0), (0, 1), (0, 1), (0, 0)]);
    let containers = |count: usize| {
        let one = |n: usize| json!({"name": format!("c{n}"), "image": "web:1", "memory": 64});
        check_task_definition(&task(json!({"containerDefinitions": (0..count).map(one).collect::<Vec<_>>()}))).warnings.len()
    };
    assert_eq!((containers(10), containers(11)), (0, 1));
}

#[test]
fn fargate_takes_a_task_up_to_each_of_its_limits() {
    let sized = |cpu: i64, memory: i64| of_fargate(json!({"cpu": cpu.to_string(), "memory": memory.to_string()})).len();
    for (cpu, least, most, step) in [
        (512, 1024, 4096, 1024),
        (1024, 2048, 8192, 1024),
        (2048, 4096, 16_384, 1024),
        (4096, 8192, 30_720, 1024),
        (8192, 16_384, 61_440, 4096),
        (16_384, 32_768, 122_880, 8192),
    ] {
        let taken: Vec<i64> =
            (0..=most + 2 * step).step_by(512).filter(|memory| *memory > 0 && sized(cpu, *memory) == 0).collect();
        let wanted: Vec<i64> = (least..=most).step_by(usize::try_from(step).expect("a step")).collect();
        assert_eq!(taken, wanted, "{cpu} CPU units");
    }
    let smallest: Vec<i64> = (512..=4096).step_by(512).filter(|memory| sized(256, *memory) == 0).collect();
    assert_eq!(smallest, [512, 1024, 2048]);
    let windows = |cpu: i64| {
        let memory = (cpu * 4).to_string();
        of_fargate(json!({"cpu": cpu.to_string(), "memory": memory, "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}})).len()
    };
    assert_eq!([512, 1024, 4096, 8192].map(windows), [1, 0, 0, 1]);
    assert_limits(&[
        ("the containers' CPU units in the task's", up_to(256), |n| {
            errors(check_task_definition(&on_fargate(json!({"cpu": n}))))
        }),
        ("the start's time", between(2, 120), |n| errors(check_task_definition(&on_fargate(json!({"startTimeout": n}))))),
        ("the stop's time", between(2, 120), |n| errors(check_task_definition(&on_fargate(json!({"stopTimeout": n}))))),
    ]);
}

#[test]
fn a_run_is_taken_up_to_each_of_aws_s_limits() {
    assert_limits(&[
        ("its overrides", up_to(8192), |n| {
            let of = |length: i64| json!({"containerOverrides": [{"name": "app", "command": [long(length)]}]});
            let frame = i64::try_from(of(0).to_string().len()).expect("a length");
            of_run(json!({"overrides": of(n - frame)}))
        }),
        ("capacity providers", up_to(20), |n| {
            of_run(json!({"capacityProviderStrategy": many(n, json!({"capacityProvider": "a", "weight": 1}))}))
        }),
    ]);
    let constraints = |definition: i64, service: i64| {
        let constraint = json!({"type": "distinctInstance"});
        let definition = object(task(json!({"placementConstraints": many(definition, constraint.clone())})));
        together(check_together(Some(&definition), &object(json!({"placementConstraints": many(service, constraint)}))))
    };
    assert_eq!(constraints(5, 5), Vec::<String>::new());
    assert!(matches!(&constraints(5, 6)[..], [line] if line.contains("11") && line.contains("at most 10")));
}

#[test]
fn a_code_deploy_deployment_is_taken_up_to_each_of_aws_s_limits() {
    assert_limits(&[
        ("its description", up_to(256), |n| of_deployment(json!({"description": long(n)}))),
        ("tag groups", up_to(3), |n| {
            of_deployment(json!({"targetInstances": {"ec2TagSet": {"ec2TagSetList": many(n, json!([]))}}}))
        }),
        ("alarms", up_to(10), |n| alarms((0..n).map(|n| format!("a{n}")))),
        ("an alarm's name", up_to(255), |n| alarms(std::iter::once(long(n)))),
    ]);
    let commit = |digits: i64| {
        let location = json!({"repository": "shop/web", "commitId": long(digits)});
        of_deployment(json!({"revision": {"revisionType": "GitHub", "gitHubLocation": location}})).len()
    };
    assert_eq!((commit(39), commit(40), commit(41)), (1, 0, 1));
}
