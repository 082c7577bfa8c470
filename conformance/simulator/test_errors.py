"""Each error the agent can meet has AWS's code, and the operation's model names that code."""
import botocore.config
import botocore.exceptions
import pytest


def code(call, *arguments, **named):
    """The code of the error that the call must end in."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments, **named)
    error = caught.value.response["Error"]
    assert error["Message"], "an error without a message"
    assert caught.value.response["ResponseMetadata"]["RequestId"]
    return error["Code"]


def test_an_unknown_cluster(ecs, shop):
    definition = shop.register("unknown-cluster")
    assert code(ecs.describe_services, cluster="never-made", services=["web"]) == "ClusterNotFoundException"
    assert code(ecs.list_services, cluster="never-made") == "ClusterNotFoundException"
    wanted = dict(cluster="never-made", serviceName="web", taskDefinition=definition, desiredCount=0)
    assert code(ecs.create_service, **wanted, networkConfiguration=shop.NETWORK) == "ClusterNotFoundException"


def test_an_unknown_service(ecs, cluster):
    assert code(ecs.update_service, cluster=cluster, service="web", desiredCount=1) == "ServiceNotFoundException"
    assert code(ecs.delete_service, cluster=cluster, service="web") == "ServiceNotFoundException"
    answer = ecs.describe_services(cluster=cluster, services=["web"])
    assert answer["services"] == [] and answer["failures"][0]["reason"] == "MISSING"


def test_a_service_that_is_not_active(ecs, cluster, shop):
    shop.create("web")
    shop.settled("web")
    ecs.delete_service(cluster=cluster, service="web", force=True)
    assert code(ecs.update_service, cluster=cluster, service="web", desiredCount=1) == "ServiceNotActiveException"
    shop.until("web", lambda service: service["status"] == "INACTIVE")
    assert code(ecs.update_service, cluster=cluster, service="web", desiredCount=1) == "ServiceNotActiveException"


def test_a_service_that_is_there_already(shop):
    shop.create("web", count=1)
    assert code(shop.create, "web", shop.describe("web")["taskDefinition"], count=2) == "InvalidParameterException"


def test_a_service_above_zero_is_deleted_only_by_force(ecs, cluster, shop):
    shop.create("web")
    assert code(ecs.delete_service, cluster=cluster, service="web") == "InvalidParameterException"


def test_an_unknown_task_definition(ecs, cluster, shop):
    assert code(ecs.describe_task_definition, taskDefinition="never-registered") == "ClientException"
    assert code(shop.create, "web", "never-registered:1") == "ClientException"


@pytest.mark.parametrize(
    "wrong",
    [
        {"containerDefinitions": []},
        {"cpu": "256", "memory": "8192"},
        {"cpu": "255"},
        {"networkMode": "bridge"},
        {"containerDefinitions": [{"name": "app", "image": "x"}, {"name": "app", "image": "x"}]},
        {"containerDefinitions": [{"name": "app", "image": "x", "essential": False}]},
        {"family": "not a family"},
    ],
    ids=["no container", "no such pair", "no such cpu", "bridge on Fargate", "a name twice", "none essential", "a bad family"],
)
def test_a_task_definition_that_aws_refuses(ecs, wrong):
    good = {
        "family": "refused",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "x"}],
    }
    assert code(ecs.register_task_definition, **{**good, **wrong}) == "ClientException"


def test_a_service_that_does_not_fit_its_task_definition(ecs, cluster, shop):
    definition = shop.register(f"{cluster}-web")
    target = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/0123456789abcdef"
    common = dict(cluster=cluster, serviceName="web", taskDefinition=definition, desiredCount=1, launchType="FARGATE")
    assert code(ecs.create_service, **common) == "InvalidParameterException"
    balancer = [{"targetGroupArn": target, "containerName": "nobody", "containerPort": 8080}]
    assert code(ecs.create_service, **common, networkConfiguration=shop.NETWORK, loadBalancers=balancer) == "InvalidParameterException"


def test_more_than_a_call_may_ask_for(ecs, cluster):
    assert code(ecs.describe_services, cluster=cluster, services=[f"s{n}" for n in range(11)]) == "InvalidParameterException"
    assert code(ecs.list_services, cluster=cluster, maxResults=101) == "InvalidParameterException"


def test_an_unknown_service_deployment(ecs):
    arn = "arn:aws:ecs:eu-central-1:123456789012:service-deployment/none/web/aaaaaaaaaaaaaaaaaaaaa"
    assert code(ecs.stop_service_deployment, serviceDeploymentArn=arn) == "ServiceDeploymentNotFoundException"


def test_a_wrong_type_is_a_serialization_exception(strict, cluster):
    unchecked = strict.client("ecs")
    unchecked.meta.events.register("before-call.ecs.CreateService", wrong_type)
    assert code(unchecked.create_service, cluster=cluster, serviceName="web", desiredCount=1) == "SerializationException"


def wrong_type(params, **_):
    """Makes the count a text, after botocore has checked it."""
    params["body"] = params["body"].replace(b'"desiredCount": 1', b'"desiredCount": "one"')
    assert b'"one"' in params["body"]


def test_past_a_quota_the_answer_is_a_throttling_exception():
    from harness import servers

    endpoint = servers.simulator("--quotas", name="simulator-quotas", pace=1)
    try:
        client = endpoint.client("ecs")
        seen = set()
        for number in range(40):
            try:
                client.register_task_definition(family="f", containerDefinitions=[{"name": "a", "image": f"i:{number}", "memory": 64}])
            except botocore.exceptions.ClientError as error:
                seen.add((error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]))
        assert seen == {("ThrottlingException", 400)}
    finally:
        endpoint.stop()
