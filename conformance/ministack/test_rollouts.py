"""Rollouts that MiniStack judges: success, a crash, an image that cannot be pulled, and the way back."""
import time

import pytest

from harness import shop
from harness.agent import show
from harness.proxy import mutations

BREAKER = {"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}}
GOOD = "registry.example.com/shop/web:1.0.0"


@pytest.fixture
def web(ministack, project_on, request):
    """(apply, client, proxy): apply(image, code) deploys the service `web` with that image."""
    cluster = f"rollouts-{abs(hash(request.node.name)) % 10**8}"
    client = ministack.client("ecs")
    client.create_cluster(clusterName=cluster)
    project, proxy = project_on(ministack)

    def apply(image, code, **service):
        options = {"timeout": "2m", **BREAKER, **service}
        project.service("web", shop.spec(cluster, f"{cluster}-web", image=f"registry.example.com/shop/web:{image}", **options))
        return project.run("apply", code=code)

    def service():
        return client.describe_services(cluster=cluster, services=["web"], include=["TAGS"])["services"][0]

    def primary():
        return next(deployment for deployment in service()["deployments"] if deployment["status"] == "PRIMARY")

    def running_image():
        definition = client.describe_task_definition(taskDefinition=service()["taskDefinition"])
        return definition["taskDefinition"]["containerDefinitions"][0]["image"]

    def goes_back_to(image):
        """The circuit breaker has spoken when the deployment is FAILED; it puts the old revision back a moment later."""
        end = time.monotonic() + 20
        while running_image() != image:
            assert time.monotonic() < end, service()["deployments"]
            time.sleep(0.2)

    apply.service, apply.primary, apply.running_image, apply.project = service, primary, running_image, project
    apply.goes_back_to = goes_back_to
    return apply, proxy


def test_a_good_image_is_rolled_out(web):
    apply, _ = web
    apply("1.0.0", 0)
    apply("1.1.0", 0)
    assert apply.primary()["rolloutState"] == "COMPLETED"
    assert apply.running_image().endswith(":1.1.0")


@pytest.mark.parametrize("image, reason", [("1.1.0-crash", "exit"), ("1.1.0-nopull", "pull")])
def test_a_bad_image_is_rolled_back_and_not_tried_again(web, image, reason):
    apply, proxy = web
    apply("1.0.0", 0)
    done = apply(image, 1)
    said = (done.stdout + done.stderr).lower()
    assert "web" in said and "circuit breaker" in said, said
    assert reason in said, f"the message does not say why the task ended\n{said}"
    apply.goes_back_to(GOOD)
    proxy.taken()
    apply.project.run("apply", code=1)
    assert [action for action in mutations(proxy.taken()) if action in ("UpdateService", "RegisterTaskDefinition")] == []


def test_the_fix_after_a_bad_image_is_rolled_out(web):
    apply, _ = web
    apply("1.0.0", 0)
    apply("1.1.0-crash", 1)
    apply("1.1.1", 0)
    assert apply.running_image().endswith(":1.1.1")


def test_without_a_circuit_breaker_our_timeout_ends_a_crashing_rollout(web):
    apply, _ = web
    apply("1.0.0", 0, deploymentConfiguration={"minimumHealthyPercent": 100})
    done = apply("1.1.0-crash", 1, deploymentConfiguration={"minimumHealthyPercent": 100}, timeout="10s")
    assert "RolloutTimedOut" in done.stdout and "exited with code 1" in done.stdout, show(done)
    assert apply.running_image() == GOOD


def test_retry_tries_a_failed_rollout_again(web):
    apply, proxy = web
    apply("1.0.0", 0)
    apply("1.1.0-crash", 1)
    proxy.taken()
    # MiniStack rolls back only to a deployment that is COMPLETED, and the one it went back to is so a second later.
    end = time.monotonic() + 20
    while apply.primary()["rolloutState"] != "COMPLETED":
        assert time.monotonic() < end, apply.service()["deployments"]
        time.sleep(0.2)
    done = apply.project.run("retry", "EcsService/web", code=1)
    assert mutations(proxy.taken()).count("UpdateService") == 1, show(done)
    assert apply.running_image() == GOOD, show(done)
