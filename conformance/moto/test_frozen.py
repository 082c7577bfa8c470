"""moto's services never start a task unless told to: the deployment that is frozen IN_PROGRESS ends in our timeout."""
import pytest

from harness import servers, shop
from harness.agent import show
from harness.proxy import mutations


@pytest.fixture(scope="module")
def frozen():
    """moto without MOTO_ECS_SERVICE_RUNNING: every deployment stays IN_PROGRESS with no task."""
    endpoint = servers.moto(name="moto-frozen")
    yield endpoint
    endpoint.stop()


def test_a_frozen_first_deployment_ends_in_our_timeout(frozen, project_on):
    frozen.client("ecs").create_cluster(clusterName="frozen")
    project, proxy = project_on(frozen)
    project.service("web", shop.spec("frozen", "frozen-web", timeout="5s"))
    done = project.run("apply", code=1, timeout=90)
    assert "EcsService/web" in done.stdout + done.stderr, show(done)
    assert "RolloutTimedOut" in done.stdout, show(done)
    assert mutations(proxy.taken())[:2] == ["RegisterTaskDefinition", "CreateService"]
    # The failure is remembered where it happened, and not tried again.
    again = project.run("apply", code=1, timeout=90)
    assert [action for action in mutations(proxy.taken()) if action != "TagResource"] == [], show(again)


def test_without_waiting_the_rollout_is_handed_over(frozen, project_on):
    frozen.client("ecs").create_cluster(clusterName="handed-over")
    project, _ = project_on(frozen)
    project.service("web", shop.spec("handed-over", "handed-over-web", timeout="5m"))
    done = project.run("apply", "--no-wait", code=0, timeout=60)
    assert "EcsService/web" in done.stdout, show(done)
