"""The simulator under the AWS CLI: what a newcomer types."""
import json
import pathlib
import subprocess
import sys

import pytest

from harness.processes import clean_environment
from harness.servers import REGION


@pytest.fixture
def aws(strict):
    """aws("ecs", "list-clusters") -> the parsed answer; with fails=True, what it said instead."""

    def run(*words, fails=False):
        program = pathlib.Path(sys.executable).parent / "aws"
        command = [str(program), *words, "--endpoint-url", strict.url, "--region", REGION, "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), timeout=120)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else json.loads(done.stdout or "{}")

    return run


def test_a_services_life(aws, tmp_path):
    document = {
        "family": "cli-web",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "registry.example.com/shop/web:1.0.0"}],
    }
    file = tmp_path / "task-definition.json"
    file.write_text(json.dumps(document))
    aws("ecs", "create-cluster", "--cluster-name", "cli")
    registered = aws("ecs", "register-task-definition", "--cli-input-json", f"file://{file}")["taskDefinition"]
    assert registered["revision"] == 1 and registered["status"] == "ACTIVE"
    network = "awsvpcConfiguration={subnets=[subnet-0a1b2c3d4e5f60718],securityGroups=[sg-0a1b2c3d4e5f60718]}"
    options = ["--desired-count", "1", "--launch-type", "FARGATE", "--network-configuration", network]
    aws("ecs", "create-service", "--cluster", "cli", "--service-name", "web", "--task-definition", "cli-web", *options)
    # The CLI's own waiter polls every 15 s, and the simulator's clock is faster than that.
    aws("ecs", "wait", "services-stable", "--cluster", "cli", "--services", "web")
    service = aws("ecs", "describe-services", "--cluster", "cli", "--services", "web")["services"][0]
    assert service["runningCount"] == 1
    aws("ecs", "update-service", "--cluster", "cli", "--service", "web", "--desired-count", "0")
    aws("ecs", "delete-service", "--cluster", "cli", "--service", "web", "--force")
    aws("ecs", "wait", "services-inactive", "--cluster", "cli", "--services", "web")


def test_an_error_reads_as_awss(aws):
    said = aws("ecs", "describe-services", "--cluster", "never-made", "--services", "web", fails=True)
    assert "(ClusterNotFoundException)" in said and "DescribeServices" in said


def test_the_caller_is_known(aws):
    assert aws("sts", "get-caller-identity")["Account"] == "123456789012"
