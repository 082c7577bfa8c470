"""A service's life under `apply`, on every server: what is written, and that nothing is written twice."""
import json

import pytest

from harness import shop
from harness.proxy import mutations

pytestmark = pytest.mark.any_endpoint


def described(endpoint, cluster, name="web"):
    """The service as boto3 sees it."""
    return endpoint.client("ecs").describe_services(cluster=cluster, services=[name], include=["TAGS"])["services"][0]


def deployed(project_on, place, **options):
    """A project whose service `web` has been applied once, and its proxy."""
    endpoint, cluster = place
    project, proxy = project_on(endpoint)
    project.service("web", shop.spec(cluster, f"{cluster}-web", **options))
    project.run("apply", code=0)
    return project, proxy


def test_a_new_service_is_created_and_a_second_apply_writes_nothing(place, project_on):
    endpoint, cluster = place
    project, proxy = deployed(project_on, place)
    written = [call for call in proxy.taken() if call.mutating]
    assert [call.action for call in written] == ["RegisterTaskDefinition", "CreateService"], written[2:]
    service = described(endpoint, cluster)
    tags = {tag["key"]: tag["value"] for tag in service["tags"]}
    assert service["status"] == "ACTIVE" and service["runningCount"] == 1
    assert tags["driftless:agent"] == "conformance"
    assert tags["driftless:resource"] == "EcsService/web"
    project.run("apply", code=0)
    assert mutations(proxy.taken()) == []


def test_plan_tells_the_difference_by_its_exit_code_and_writes_nothing(place, project_on):
    endpoint, cluster = place
    project, proxy = project_on(endpoint)
    project.service("web", shop.spec(cluster, f"{cluster}-web"))
    project.run("plan", code=1)
    assert mutations(proxy.taken()) == []
    project.run("apply", code=0)
    project.run("plan", code=0)


def test_the_order_of_the_environment_is_no_difference(faithful_place, project_on):
    _, cluster = faithful_place
    project, proxy = deployed(project_on, faithful_place)
    proxy.taken()
    project.service("web", shop.spec(cluster, f"{cluster}-web", environment=(("B", "2"), ("A", "1"))))
    project.run("apply", code=0)
    assert mutations(proxy.taken()) == []


def test_a_new_image_is_one_revision_and_one_update(rolling_place, project_on):
    endpoint, cluster = rolling_place
    project, proxy = deployed(project_on, rolling_place)
    proxy.taken()
    project.service("web", shop.spec(cluster, f"{cluster}-web", image=shop.another()))
    project.run("apply", code=0)
    written = mutations(proxy.taken())
    assert [action for action in written if action != "TagResource"] == ["RegisterTaskDefinition", "UpdateService"]
    definition = endpoint.client("ecs").describe_task_definition(taskDefinition=described(endpoint, cluster)["taskDefinition"])
    assert definition["taskDefinition"]["containerDefinitions"][0]["image"] == shop.another()
    project.run("apply", code=0)
    assert mutations(proxy.taken()) == []


def test_going_back_to_an_image_takes_the_revision_that_is_there(rolling_place, project_on):
    _, cluster = rolling_place
    project, proxy = deployed(project_on, rolling_place)
    for image in (shop.another(), shop.IMAGE):
        proxy.taken()
        project.service("web", shop.spec(cluster, f"{cluster}-web", image=image))
        project.run("apply", code=0)
    assert [action for action in mutations(proxy.taken()) if action != "TagResource"] == ["UpdateService"]


def test_a_change_of_count_registers_no_revision(rolling_place, project_on):
    endpoint, cluster = rolling_place
    project, proxy = deployed(project_on, rolling_place)
    proxy.taken()
    project.service("web", shop.spec(cluster, f"{cluster}-web", desiredCount=2))
    project.run("apply", code=0)
    assert [action for action in mutations(proxy.taken()) if action != "TagResource"] == ["UpdateService"]
    assert described(endpoint, cluster)["runningCount"] == 2


def test_an_edit_by_hand_is_healed(rolling_place, project_on):
    endpoint, cluster = rolling_place
    project, proxy = deployed(project_on, rolling_place)
    endpoint.client("ecs").update_service(cluster=cluster, service="web", desiredCount=3)
    project.run("plan", code=1)
    project.run("apply", code=0)
    assert described(endpoint, cluster)["desiredCount"] == 1
    proxy.taken()
    project.run("apply", code=0)
    assert mutations(proxy.taken()) == []


def test_an_ignored_member_is_left_to_others(rolling_place, project_on):
    endpoint, cluster = rolling_place
    project, proxy = project_on(endpoint)
    spec = shop.spec(cluster, f"{cluster}-web")
    spec["ignore"] = ["/service/desiredCount"]
    project.service("web", spec)
    project.run("apply", code=0)
    endpoint.client("ecs").update_service(cluster=cluster, service="web", desiredCount=2)
    proxy.taken()
    project.run("apply", code=0)
    assert mutations(proxy.taken()) == []
    assert described(endpoint, cluster)["desiredCount"] == 2


def test_a_service_deleted_by_hand_is_created_again(rolling_place, project_on):
    endpoint, cluster = rolling_place
    project, _ = deployed(project_on, rolling_place)
    endpoint.client("ecs").delete_service(cluster=cluster, service="web", force=True)
    project.run("apply", code=0)
    assert described(endpoint, cluster)["status"] == "ACTIVE"


def test_declared_tags_are_kept_and_a_strangers_are_left(rolling_place, project_on):
    endpoint, cluster = rolling_place
    project, proxy = deployed(project_on, rolling_place)
    project.service("web", shop.spec(cluster, f"{cluster}-web", tags=[{"key": "team", "value": "shop"}]))
    project.run("apply", code=0)
    tags = {tag["key"]: tag["value"] for tag in described(endpoint, cluster)["tags"]}
    assert tags["team"] == "shop" and tags["driftless:agent"] == "conformance"
    proxy.taken()
    project.run("apply", code=0)
    assert mutations(proxy.taken()) == []


def test_a_dependent_is_created_after_what_it_depends_on(place, project_on):
    endpoint, cluster = place
    project, proxy = project_on(endpoint)
    project.service("web", shop.spec(cluster, f"{cluster}-web"))
    project.service("worker", {**shop.spec(cluster, f"{cluster}-worker"), "dependsOn": [{"kind": "EcsService", "name": "web"}]})
    project.run("apply", code=0)
    created = [call.request["serviceName"] for call in proxy.taken() if call.action == "CreateService"]
    assert created == ["web", "worker"]


def test_status_looks_at_aws_itself_when_there_is_no_agent_and_writes_nothing(place, project_on):
    endpoint, cluster = place
    project, proxy = project_on(endpoint)
    project.service("web", shop.spec(cluster, f"{cluster}-web"))
    before = project.run("status", "--output", "json", code=1)
    assert json.loads(before.stdout)["from"] == "aws"
    assert mutations(proxy.taken()) == []
    project.run("apply", code=0)
    proxy.taken()
    after = json.loads(project.run("status", "--output", "json", code=0).stdout)
    assert [(resource["resource"], resource["phase"]) for resource in after["resources"]] == [("EcsService/web", "Ready")]
    assert mutations(proxy.taken()) == []
