"""The adoption property over recorded answers of AWS: the document that a person would have written for what AWS shows plans
to nothing but our own tags."""
import json

import pytest
import yaml

from harness.agent import Project, show

from . import recorded
from .server import AnsweringServer

SERVICES = recorded.service_cases()
DEFINITIONS = recorded.task_definition_cases()


def planned(folder, service, definition, spec):
    """The one plan that `driftless plan` makes for `spec`, where AWS shows `service`."""
    server = AnsweringServer(service, definition)
    try:
        project = Project(folder, server.url)
        config = yaml.safe_load((project.folder / "driftless.yaml").read_text())
        config["spec"]["targets"][0]["region"] = service["serviceArn"].split(":")[3]
        (project.folder / "driftless.yaml").write_text(yaml.safe_dump(config))
        project.service("adopted", spec)
        done = project.run("plan", "--output", "json")
        assert server.writes == []
        plans = json.loads(done.stdout).get("plans", [])
        assert len(plans) == 1, show(done)
        return plans[0]
    finally:
        server.stop()


def assert_only_our_tags(plan):
    """Nothing is to be changed but our own tags."""
    others = [change for change in plan["changes"] if change["cause"] != "Ownership"]
    assert others == [], json.dumps(plan, indent=2)
    actions = {next(iter(step)) for step in plan["steps"]}
    assert actions <= {"TagResource"}, json.dumps(plan, indent=2)
    # The pass that adopts judges nobody's rollout.
    assert "driftless:failed" not in json.dumps(plan["steps"]), json.dumps(plan, indent=2)
    # A service without its tasks is told as what it is; that is no change.
    assert not {"Stalled", "Unknown"} & set(plan["verdict"]), json.dumps(plan["verdict"], indent=2)


def short(arn):
    """The old form of a service's ARN, which takes no tags."""
    return len(arn.split(":", 5)[5].split("/")) == 2


@pytest.mark.parametrize(("name", "service", "form", "document"), SERVICES, ids=[f"{case[0]}-{case[2]}" for case in SERVICES])
def test_a_recorded_service_is_adopted_without_a_change(tmp_path, name, service, form, document):
    family = service["taskDefinition"].rsplit("/", 1)[-1]
    definition = {
        "taskDefinitionArn": service["taskDefinition"],
        "family": family.rsplit(":", 1)[0],
        "revision": int(family.rsplit(":", 1)[1]),
        "status": "ACTIVE",
        "networkMode": "awsvpc" if service.get("networkConfiguration") else "bridge",
        "containerDefinitions": [{"name": "app", "image": "registry.example.com/app:1", "cpu": 0, "memory": 128, "essential": True}],
        "compatibilities": ["EC2", "FARGATE"],
        "volumes": [],
    }
    cluster = service["clusterArn"].rsplit("/", 1)[-1]
    spec = {"cluster": cluster, "taskDefinition": {"family": family}, "service": {"inline": document}}
    if form == "whole answer":
        # The document names its task definition and its cluster itself.
        spec = {"service": {"inline": document}}
    plan = planned(tmp_path, service, definition, spec)
    if short(service["serviceArn"]):
        # TagResource would answer "Long arn format must be used for tagging operations".
        assert "Stalled" in plan["verdict"] and plan["steps"] == [], json.dumps(plan, indent=2)
        return
    assert_only_our_tags(plan)


@pytest.mark.parametrize(
    ("name", "definition", "form", "document"), DEFINITIONS, ids=[f"{case[0]}-{case[2]}" for case in DEFINITIONS]
)
def test_a_recorded_task_definition_is_adopted_without_a_new_revision(tmp_path, name, definition, form, document):
    arn = definition["taskDefinitionArn"]
    service_arn = arn.rsplit(":task-definition/", 1)[0] + ":service/shop/adopted"
    launch = "FARGATE" if "FARGATE" in (definition.get("requiresCompatibilities") or []) else "EC2"
    service = {
        "serviceArn": service_arn,
        "serviceName": "adopted",
        "clusterArn": service_arn.replace(":service/shop/adopted", ":cluster/shop"),
        "status": "ACTIVE",
        "desiredCount": 1,
        "runningCount": 1,
        "pendingCount": 0,
        "launchType": launch,
        "taskDefinition": arn,
        "deployments": [
            {
                "id": "ecs-svc/1718156036370285947",
                "status": "PRIMARY",
                "taskDefinition": arn,
                "desiredCount": 1,
                "runningCount": 1,
                "pendingCount": 0,
                "rolloutState": "COMPLETED",
            }
        ],
        "events": [],
        "tags": [],
    }
    inline = {"launchType": launch}
    if definition.get("networkMode") == "awsvpc":
        network = {"awsvpcConfiguration": {"subnets": ["subnet-00872ab56d5fa4cdc"], "assignPublicIp": "DISABLED"}}
        inline["networkConfiguration"] = service["networkConfiguration"] = network
    spec = {"cluster": "shop", "taskDefinition": {"inline": document}, "service": {"inline": inline}}
    assert_only_our_tags(planned(tmp_path, {**service, "serviceName": "adopted"}, definition, spec))
