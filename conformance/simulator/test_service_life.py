"""The simulator under boto3: a service's whole life, with every answer checked against AWS's model."""
import pytest

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def test_a_service_is_created_updated_scaled_tagged_and_deleted(ecs, cluster, shop):
    created = shop.create("web", count=2, tags=[{"key": "team", "value": "shop"}], propagateTags="SERVICE")
    assert created["status"] == "ACTIVE" and created["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    service = shop.settled("web")
    assert service["runningCount"] == 2 and service["pendingCount"] == 0
    assert service["tags"] == [{"key": "team", "value": "shop"}]
    assert any("steady state" in event["message"] for event in service["events"])

    second = shop.register(f"{cluster}-web", "registry.example.com/shop/web:1.1.0")
    updated = ecs.update_service(cluster=cluster, service="web", taskDefinition=second)["service"]
    assert [d["status"] for d in updated["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert shop.settled("web")["taskDefinition"] == second

    ecs.update_service(cluster=cluster, service="web", desiredCount=1)
    assert shop.until("web", lambda service: service["runningCount"] == 1)["deployments"][0]["rolloutState"] == "COMPLETED"

    arn = service["serviceArn"]
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "cost", "value": "7"}])
    ecs.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "cost", "value": "7"}]

    assert ecs.delete_service(cluster=cluster, service="web", force=True)["service"]["status"] == "DRAINING"
    shop.until("web", lambda service: service["status"] == "INACTIVE")
    assert ecs.list_services(cluster=cluster)["serviceArns"] == []


def test_what_was_deleted_can_be_created_again_once_it_is_inactive(ecs, cluster, shop):
    first = shop.create("web")
    shop.settled("web")
    ecs.delete_service(cluster=cluster, service="web", force=True)
    shop.until("web", lambda service: service["status"] == "INACTIVE")
    second = shop.create("web")
    assert second["createdAt"] > first["createdAt"]
    shop.settled("web")


def test_a_created_service_comes_back_with_awss_defaults(shop):
    shop.create("web")
    service = shop.settled("web")
    configuration = service["deploymentConfiguration"]
    assert (configuration["maximumPercent"], configuration["minimumHealthyPercent"]) == (200, 100)
    assert service["schedulingStrategy"] == "REPLICA"
    assert service["platformVersion"] == "LATEST" and service["platformFamily"] == "Linux"
    assert service["deploymentController"]["type"] == "ECS" if "deploymentController" in service else True
    assert "tags" not in shop.ecs.describe_services(cluster=shop.cluster, services=["web"])["services"][0]


def test_tasks_are_listed_described_and_belong_to_their_deployment(ecs, cluster, shop):
    shop.create("web", count=2)
    service = shop.settled("web")
    arns = ecs.list_tasks(cluster=cluster, serviceName="web")["taskArns"]
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
    assert len(tasks) == 2 and {task["lastStatus"] for task in tasks} == {"RUNNING"}
    assert {task["startedBy"] for task in tasks} == {service["deployments"][0]["id"]}
    assert {task["group"] for task in tasks} == {"service:web"}


def test_service_deployments_and_revisions_say_what_was_rolled_out(ecs, cluster, shop):
    shop.create("web")
    shop.settled("web")
    listed = ecs.list_service_deployments(cluster=cluster, service="web")["serviceDeployments"]
    assert [deployment["status"] for deployment in listed] == ["SUCCESSFUL"]
    described = ecs.describe_service_deployments(serviceDeploymentArns=[listed[0]["serviceDeploymentArn"]])["serviceDeployments"][0]
    target = described["targetServiceRevision"]["arn"]
    revision = ecs.describe_service_revisions(serviceRevisionArns=[target])["serviceRevisions"][0]
    assert revision["taskDefinition"] == shop.describe("web")["taskDefinition"]


@pytest.mark.parametrize("image", ["crash", "nopull", "unhealthy"])
def test_the_circuit_breaker_rolls_a_bad_image_back(ecs, cluster, shop, image):
    first = shop.register(f"{cluster}-web")
    shop.create("web", first, deploymentConfiguration=BREAKER)
    shop.settled("web")
    # Only a container that declares a health check can fail one.
    check = {"healthCheck": {"command": ["CMD", "/healthy"], "interval": 5, "retries": 2}}
    bad = shop.register(f"{cluster}-web", f"registry.example.com/shop/web:1.1.0-{image}", check)
    ecs.update_service(cluster=cluster, service="web", taskDefinition=bad)
    shop.until("web", lambda service: any("deployment failed" in event["message"] for event in service["events"]), seconds=60)
    assert shop.settled("web")["taskDefinition"] == first
    stopped = ecs.list_tasks(cluster=cluster, serviceName="web", desiredStatus="STOPPED")["taskArns"]
    reasons = {task.get("stoppedReason") for task in ecs.describe_tasks(cluster=cluster, tasks=stopped)["tasks"]}
    assert reasons and None not in reasons
    statuses = [d["status"] for d in ecs.list_service_deployments(cluster=cluster, service="web")["serviceDeployments"]]
    assert any(status.startswith("ROLLBACK") for status in statuses), statuses


def test_a_first_deployment_that_fails_has_nothing_to_roll_back_to(cluster, shop):
    bad = shop.register(f"{cluster}-web", "registry.example.com/shop/web:crash")
    shop.create("web", bad, deploymentConfiguration=BREAKER)
    service = shop.until("web", lambda service: service["deployments"][0]["rolloutState"] == "FAILED", seconds=60)
    assert service["taskDefinition"] == bad


def test_a_rollout_can_be_stopped_with_the_way_back(ecs, cluster, shop):
    first = shop.register(f"{cluster}-web")
    shop.create("web", first)
    shop.settled("web")
    bad = shop.register(f"{cluster}-web", "registry.example.com/shop/web:crash")
    ecs.update_service(cluster=cluster, service="web", taskDefinition=bad)
    newest = ecs.list_service_deployments(cluster=cluster, service="web")["serviceDeployments"][0]
    ecs.stop_service_deployment(serviceDeploymentArn=newest["serviceDeploymentArn"], stopType="ROLLBACK")
    assert shop.until("web", lambda service: service["taskDefinition"] == first and len(service["deployments"]) == 1)


def test_clusters_are_created_described_listed_and_deleted(ecs):
    arn = ecs.create_cluster(clusterName="short-lived")["cluster"]["clusterArn"]
    assert arn in ecs.list_clusters()["clusterArns"]
    described = ecs.describe_clusters(clusters=["short-lived", "never-made"])
    assert [cluster["status"] for cluster in described["clusters"]] == ["ACTIVE"]
    assert [failure["reason"] for failure in described["failures"]] == ["MISSING"]
    assert ecs.delete_cluster(cluster="short-lived")["cluster"]["status"] == "INACTIVE"
