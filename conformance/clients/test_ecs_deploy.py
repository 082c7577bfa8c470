"""fabfuel's ecs-deploy, which many pipelines call: <https://github.com/fabfuel/ecs-deploy>."""
import uuid

import pytest

from harness import shop
from harness.clients import PYTHON


@pytest.fixture
def ecs(client):
    """ecs("deploy", ...) -> the finished process of the command `ecs`."""
    return lambda *words, **more: client(PYTHON / "ecs", *words, **more)


@pytest.fixture
def service(paced):
    """The cluster and the name of a running service of one task, without a role."""
    ecs, cluster = paced.client("ecs"), f"c-{uuid.uuid4().hex[:8]}"
    ecs.register_task_definition(
        family=cluster,
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "app", "image": shop.IMAGE}],
    )
    network = {"awsvpcConfiguration": {"subnets": [shop.SUBNET]}}
    ecs.create_service(
        cluster=cluster, serviceName="web", taskDefinition=cluster, desiredCount=1, launchType="FARGATE", networkConfiguration=network
    )
    ecs.get_waiter("services_stable").wait(cluster=cluster, services=["web"], WaiterConfig={"Delay": 1})
    return cluster


def running(paced, cluster):
    """What the service's tasks run, and the revision's number."""
    ecs = paced.client("ecs")
    live = ecs.describe_services(cluster=cluster, services=["web"])["services"][0]
    definition = ecs.describe_task_definition(taskDefinition=live["taskDefinition"])["taskDefinition"]
    return definition["containerDefinitions"][0]["image"], definition["revision"], live["desiredCount"]


def test_a_second_deployment_follows_the_first(ecs, service, paced):
    for number, tag in ((2, "1.1.0"), (3, "1.2.0")):
        said = ecs("deploy", service, "web", "--tag", tag)
        assert "Deployment successful" in said.stdout
        image, revision, _ = running(paced, service)
        assert (image.rsplit(":", 1)[1], revision) == (tag, number)


def test_a_service_is_scaled(ecs, service, paced):
    ecs("scale", service, "web", "2")
    assert running(paced, service)[2] == 2


def test_a_task_is_run(ecs, service, paced):
    words = ("--launchtype", "FARGATE", "--subnet", shop.SUBNET, "--securitygroup", shop.SECURITY_GROUP)
    assert "Successfully started 1 instances" in ecs("run", service, service, *words).stdout


def test_a_deployment_whose_image_cannot_be_pulled_fails(ecs, service):
    said = ecs("deploy", service, "web", "--image", "app", "registry.example.com/shop/nopull:1", "--timeout", "5", code=None)
    assert said.returncode != 0, said.stdout
