"""The simulator under boto3: standalone tasks, with every answer checked against AWS's model."""
import json
import time
import urllib.request

import pytest

HOUR = 3600


@pytest.fixture
def skip(strict):
    """skip(seconds) moves the simulator's clock forward at once."""

    def run(seconds):
        body = json.dumps({"skip": seconds}).encode()
        request = urllib.request.Request(f"{strict.url}/_simulator/clock", body, {"content-type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()

    return run


@pytest.fixture
def run(ecs, cluster, shop):
    """run(image, **more) -> RunTask's answer for a family of the image's own."""

    def call(image, **more):
        family = f"{cluster}-{image.replace(':', '-')}"
        if not ecs.list_task_definitions(familyPrefix=family)["taskDefinitionArns"]:
            shop.register(family, f"registry.example.com/shop/{image}")
        options = {"launchType": "FARGATE", "networkConfiguration": shop.NETWORK, **more}
        return ecs.run_task(cluster=cluster, taskDefinition=family, **options)

    return call


def described(ecs, cluster, arn):
    """DescribeTasks' answer for one task."""
    return ecs.describe_tasks(cluster=cluster, tasks=[arn], include=["TAGS"])


def ended(ecs, cluster, arn):
    """The task once it has STOPPED."""
    for _ in range(300):
        task = described(ecs, cluster, arn)["tasks"][0]
        if task["lastStatus"] == "STOPPED":
            return task
        time.sleep(0.1)
    raise AssertionError(f"it does not end: {task}")


def test_a_program_runs_to_its_end_and_its_exit_code_is_told(ecs, cluster, run):
    overrides = {"containerOverrides": [{"name": "app", "environment": [{"name": "STEP", "value": "1"}]}]}
    answer = run("migrate:1-exit-3", startedBy="a-test", group="db", overrides=overrides, tags=[{"key": "team", "value": "shop"}])
    assert answer["failures"] == []
    task = answer["tasks"][0]
    assert (task["lastStatus"], task["group"], task["startedBy"]) == ("PROVISIONING", "db", "a-test")
    assert task["overrides"]["containerOverrides"] == overrides["containerOverrides"]
    task = ended(ecs, cluster, task["taskArn"])
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3)
    assert task["tags"] == [{"key": "team", "value": "shop"}]
    assert ended(ecs, cluster, run("migrate:1")["tasks"][0]["taskArn"])["containers"][0]["exitCode"] == 0


def test_boto3_sends_a_token_of_its_own_and_ours_keeps_a_task_from_running_twice(ecs, cluster, run):
    arn = lambda answer: answer["tasks"][0]["taskArn"]
    assert arn(run("migrate:1")) != arn(run("migrate:1")), "a token made for each call"
    first = run("migrate:1", clientToken="a")
    assert arn(run("migrate:1", clientToken="a")) == arn(first)
    with pytest.raises(ecs.exceptions.ConflictException):
        run("migrate:1", clientToken="a", group="other")


def test_tasks_and_tokens_are_forgotten_an_hour_after_the_end(ecs, cluster, run, skip):
    first = run("migrate:1", clientToken="a")["tasks"][0]["taskArn"]
    ended(ecs, cluster, first)
    assert len(ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]) == 1
    skip(HOUR)
    assert [failure["reason"] for failure in described(ecs, cluster, first)["failures"]] == ["MISSING"]
    assert run("migrate:1", clientToken="a")["tasks"][0]["taskArn"] != first


def test_a_task_is_found_by_who_started_it_and_stopped(ecs, cluster, run):
    arn = run("migrate:1-forever", startedBy="a-test")["tasks"][0]["taskArn"]
    assert ecs.list_tasks(cluster=cluster, startedBy="a-test")["taskArns"] == [arn]
    assert ecs.list_tasks(cluster=cluster, startedBy="another")["taskArns"] == []
    ecs.stop_task(cluster=cluster, task=arn, reason="enough")
    task = ended(ecs, cluster, arn)
    assert (task["stopCode"], task["stoppedReason"], task["tags"]) == ("UserInitiated", "enough", [])


def test_without_room_there_are_failures_and_no_task(run):
    answer = run("migrate:1-noroom")
    assert answer["tasks"] == [] and answer["failures"][0]["reason"].startswith("Capacity is unavailable")


def test_what_run_task_does_not_take_is_refused_with_awss_code(ecs, cluster, run, shop):
    for more in ({"count": 11}, {"propagateTags": "SERVICE"}, {"networkConfiguration": {}}, {"startedBy": "a:b"}):
        with pytest.raises(ecs.exceptions.InvalidParameterException):
            run("migrate:1", **more)
    arn = shop.register(f"{cluster}-gone")
    ecs.deregister_task_definition(taskDefinition=arn)
    with pytest.raises(ecs.exceptions.ClientException):
        ecs.run_task(cluster=cluster, taskDefinition=arn, launchType="FARGATE", networkConfiguration=shop.NETWORK)


def test_the_waiter_for_stopped_tasks_ends(ecs, cluster, run):
    arn = run("migrate:1")["tasks"][0]["taskArn"]
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[arn], WaiterConfig={"Delay": 1, "MaxAttempts": 30})
