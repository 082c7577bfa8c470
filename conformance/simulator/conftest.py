"""A boto3 client whose every answer is checked strictly, on a simulator that makes no clusters by itself."""
import time
import uuid

import pytest

from harness import servers, shapes


@pytest.fixture(scope="module")
def strict():
    """`driftless simulate`, which knows only the clusters that were created."""
    endpoint = servers.simulator(name="simulator-strict")
    yield endpoint
    endpoint.stop()


@pytest.fixture
def ecs(strict):
    """A client of ECS; the test fails when any answer had a member, type or error code that AWS's model has not."""
    client = strict.client("ecs")
    found = []
    shapes.watch(client, found)
    yield client
    assert found == []


@pytest.fixture
def cluster(ecs):
    """A new cluster's name."""
    name = f"c-{uuid.uuid4().hex[:8]}"
    ecs.create_cluster(clusterName=name)
    return name


class Shop:
    """Registers and deploys small services in one cluster."""

    NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d4e5f60718"], "securityGroups": ["sg-0a1b2c3d4e5f60718"]}}

    def __init__(self, ecs, cluster):
        self.ecs, self.cluster = ecs, cluster

    def register(self, family, image="registry.example.com/shop/web:1.0.0", container=None, **more):
        """A revision's ARN; `container` adds to its one container."""
        answer = self.ecs.register_task_definition(
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "app", "image": image, "portMappings": [{"containerPort": 8080}], **(container or {})}],
            **more,
        )
        return answer["taskDefinition"]["taskDefinitionArn"]

    def create(self, name, definition=None, count=1, **more):
        """The new service."""
        definition = definition or self.register(f"{self.cluster}-{name}")
        options = {"launchType": "FARGATE", "networkConfiguration": self.NETWORK, "desiredCount": count, **more}
        return self.ecs.create_service(cluster=self.cluster, serviceName=name, taskDefinition=definition, **options)["service"]

    def describe(self, name):
        """The service now, with its tags."""
        return self.ecs.describe_services(cluster=self.cluster, services=[name], include=["TAGS"])["services"][0]

    def until(self, name, true, seconds=30):
        """The service once `true(service)`; the simulator's clock is 200 times ours."""
        end = time.monotonic() + seconds
        while True:
            service = self.describe(name)
            if true(service):
                return service
            assert time.monotonic() < end, f"not within {seconds} s: {service}"
            time.sleep(0.1)

    def settled(self, name):
        """The service once its only deployment is COMPLETED."""
        return self.until(name, lambda service: [d["rolloutState"] for d in service["deployments"]] == ["COMPLETED"])


@pytest.fixture
def shop(ecs, cluster):
    """Services in a cluster of their own."""
    return Shop(ecs, cluster)
