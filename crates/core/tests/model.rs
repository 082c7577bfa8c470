//! What of a written document is sent, the sizes that Fargate has, and what holds for every document.

use crate::model_documents::*;
use driftless_core::model::{
    Operation, check_service, check_task_definition, check_together, cpu_units, memory_mib, read_only_members, without_read_only,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

#[test]
fn what_describe_task_definition_returns_is_sent_without_what_aws_does_not_take() {
    let written = json!({
        "taskDefinition": {
            "taskDefinitionArn": "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3", "revision": 3, "status": "ACTIVE",
            "compatibilities": ["EC2"], "requiresAttributes": [{"name": "x"}], "registeredAt": 1.5, "registeredBy": "me",
            "family": "web", "cpu": 256, "pidMode": "", "taskRoleArn": "", "executionRoleArn": null, "volumes": [],
            "runtimePlatform": "", "vendor": {"kept": null},
            "containerDefinitions": [{
                "name": "app", "image": "web:1", "memory": 64, "command": null, "links": [], "user": "", "healthCheck": "",
                "environment": [{"name": "EMPTY", "value": ""}, {"name": "NONE", "value": "x", "vendor": null}],
                "dockerLabels": {"a": "", "b": null}
            }]
        },
        "tags": [{"key": "team", "value": ""}]
    });
    let sent = json!({
        "family": "web", "cpu": "256", "volumes": [], "vendor": {"kept": null},
        "containerDefinitions": [{
            "name": "app", "image": "web:1", "memory": 64, "links": [], "user": "",
            "environment": [{"name": "EMPTY", "value": ""}, {"name": "NONE", "value": "x"}],
            "dockerLabels": {"a": ""}
        }],
        "tags": [{"key": "team", "value": ""}]
    });
    let checked = check_task_definition(&written);
    assert_eq!(Value::Object(checked.document), sent);
    assert_eq!(checked.errors, []);
}

#[test]
fn the_tags_in_a_task_definition_win_over_those_beside_it() {
    let written = json!({"taskDefinition": {"family": "web", "tags": [{"key": "a"}]}, "tags": [{"key": "b"}]});
    assert_eq!(check_task_definition(&written).document["tags"], json!([{"key": "a"}]));
    let written = json!({"taskDefinition": {"family": "web", "tags": null}, "tags": [{"key": "b"}]});
    assert_eq!(check_task_definition(&written).document["tags"], json!([{"key": "b"}]));
}

#[test]
fn what_describe_services_returns_is_sent_without_what_aws_does_not_take() {
    let inner = json!({
        "serviceArn": "x", "serviceName": "web", "status": "ACTIVE", "runningCount": 1, "platformFamily": "Linux", "events": [],
        "deployments": [{"id": "x"}], "roleArn": "x", "launchType": "", "desiredCount": 0, "loadBalancers": [], "tags": null
    });
    let sent = json!({"serviceName": "web", "desiredCount": 0, "loadBalancers": []});
    for written in [inner.clone(), json!({"service": inner}), json!({"services": [inner], "failures": []})] {
        let checked = check_service(&written);
        assert_eq!(Value::Object(checked.document), sent, "{written}");
        assert_eq!((checked.errors, checked.warnings), (vec![], vec![]), "{written}");
    }
}

#[test]
fn a_daemons_count_is_not_in_what_is_sent() {
    let checked = check_service(&json!({"schedulingStrategy": "DAEMON", "desiredCount": 3}));
    assert_eq!(Value::Object(checked.document), json!({"schedulingStrategy": "DAEMON"}));
}

#[test]
fn an_answer_of_aws_can_be_made_a_request() {
    let answer = object(json!({"family": "web", "revision": 3, "cpu": "256", "memory": null}));
    assert_eq!(without_read_only(&answer, Operation::RegisterTaskDefinition), object(json!({"family": "web", "cpu": "256"})));
    assert!(read_only_members(Operation::CreateService).any(|member| member == "deployments"));
}

#[test]
fn a_secret_value_of_the_wrong_type_is_not_repeated() {
    for environment in
        [json!([{"name": "PIN", "value": 73_313_371}]), json!("73313371"), json!([{"name": "PIN", "value": ["73313371"]}])]
    {
        let checked = check_task_definition(&container(json!({"environment": environment})));
        assert!(!checked.errors.is_empty());
        assert!(!format!("{:?}{:?}", checked.errors, checked.warnings).contains("73313371"), "{:?}", checked.errors);
    }
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size>
#[test]
fn fargate_takes_its_table_of_sizes_and_nothing_else() {
    let gib = |range: std::ops::RangeInclusive<u64>, step: usize| range.step_by(step).map(|gib| gib * 1024).collect::<Vec<_>>();
    let table = [
        (256, vec![512, 1024, 2048]),
        (512, gib(1..=4, 1)),
        (1024, gib(2..=8, 1)),
        (2048, gib(4..=16, 1)),
        (4096, gib(8..=30, 1)),
        (8192, gib(16..=60, 4)),
        (16384, gib(32..=120, 8)),
    ];
    for (cpu, taken) in table {
        for memory in (0..=248).map(|half| half * 512).filter(|memory| *memory > 0) {
            let checked = check_task_definition(&fargate(json!({"cpu": cpu.to_string(), "memory": memory.to_string()})));
            assert_eq!(checked.errors.is_empty(), taken.contains(&memory), "cpu {cpu}, memory {memory}: {:?}", checked.errors);
        }
    }
}

#[test]
fn sizes_are_read_as_aws_reads_them() {
    let units = ["256", ".25 vcpu", "0.25 vCPU", "0.25vCPU", "1 VCPU", "16 vCPU"].map(cpu_units);
    assert_eq!(units, [Some(256), Some(256), Some(256), Some(256), Some(1024), Some(16384)]);
    assert_eq!(["512", ".5 gb", "0.5GB", "2 GB"].map(memory_mib), [Some(512), Some(512), Some(512), Some(2048)]);
    assert_eq!(["", "vCPU", "-1", "inf vcpu", "0.1 vCPU", "1 GB", "1e3 vcpu"].map(cpu_units), [None; 7]);
}

/// A document with the members that AWS knows and values of any sort in them, right and wrong.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-zA-Z0-9:/ <>${}._-]{0,12}".prop_map(Value::String),
        prop_oneof![Just(""), Just("FARGATE"), Just("awsvpc"), Just("DAEMON"), Just("app"), Just("8000-8010"), Just("é:ü")]
            .prop_map(Value::from),
    ];
    let member = prop_oneof![
        Just("taskDefinition"),
        Just("services"),
        Just("service"),
        Just("tags"),
        Just("containerDefinitions"),
        Just("name"),
        Just("image"),
        Just("cpu"),
        Just("memory"),
        Just("networkMode"),
        Just("requiresCompatibilities"),
        Just("portMappings"),
        Just("containerPort"),
        Just("hostPort"),
        Just("dependsOn"),
        Just("containerName"),
        Just("condition"),
        Just("environment"),
        Just("secrets"),
        Just("valueFrom"),
        Just("healthCheck"),
        Just("command"),
        Just("logConfiguration"),
        Just("logDriver"),
        Just("options"),
        Just("volumes"),
        Just("host"),
        Just("linuxParameters"),
        Just("capabilities"),
        Just("add"),
        Just("launchType"),
        Just("loadBalancers"),
        Just("targetGroupArn"),
        Just("schedulingStrategy"),
        Just("deploymentConfiguration"),
        Just("a~/b"),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((member.clone(), inner), 0..6).prop_map(|members| Value::Object(
                members.into_iter().map(|(member, value)| (member.to_owned(), value)).collect::<Map<_, _>>()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_makes_it_panic(task in anything(), service in anything()) {
        let (task, service) = (check_task_definition(&task), check_service(&service));
        check_together(Some(&task.document), &service.document);
    }

    #[test]
    fn what_is_sent_is_sent_unchanged_the_second_time(written in anything()) {
        // A wrapper inside a wrapper is unwrapped once.
        prop_assume!(!format!("{written}").contains("\"taskDefinition\"") && !format!("{written}").contains("\"service"));
        let first = check_task_definition(&written).document;
        prop_assert_eq!(&check_task_definition(&Value::Object(first.clone())).document, &first);
        let first = check_service(&written).document;
        prop_assert_eq!(&check_service(&Value::Object(first.clone())).document, &first);
    }

    #[test]
    fn every_pointer_leads_into_what_was_written(written in anything()) {
        for checked in [check_task_definition(&written), check_service(&written)] {
            for finding in checked.errors.iter().chain(&checked.warnings) {
                prop_assert!(written.pointer(&finding.pointer).is_some(), "{:?} in {}", finding, written);
            }
        }
    }
}
