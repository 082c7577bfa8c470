"""CloudFormation of the simulator under boto3, every answer checked against AWS's model, and under the AWS CLI."""
import json
import pathlib
import subprocess
import sys
import time
import urllib.request
import uuid

import botocore.exceptions
import pytest

from harness import query_shapes
from harness.processes import clean_environment
from harness.servers import REGION

TEMPLATE = """
Parameters:
  Name: {Type: String}
  Title: {Type: String, Default: Orders}
  Secret: {Type: String, NoEcho: true, Default: hidden}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Metadata: {owner: shop}
    Properties: {TopicName: !Ref Name, DisplayName: !Ref Title}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !GetAtt Topic.TopicName}
Outputs:
  Topic: {Value: !Ref Topic, Description: the topic, Export: {Name: !Sub '${AWS::StackName}-topic'}}
"""


@pytest.fixture
def stacks(strict):
    """A client of CloudFormation; the test fails when any answer is not of AWS's model."""
    client = strict.client("cloudformation")
    found = []
    query_shapes.watch(client, found)
    yield client
    assert found == []


@pytest.fixture
def name():
    """A name that no other test has."""
    return f"s-{uuid.uuid4().hex[:8]}"


def parameters(**given):
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]


def rest(stacks, name, seconds=30):
    """The stack once nothing of it is in progress."""
    end = time.monotonic() + seconds
    while True:
        stack = stacks.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        assert time.monotonic() < end, f"not within {seconds} s: {stack}"
        time.sleep(0.05)


def drift(endpoint, **what):
    """Changes a resource behind its stack's back."""
    body = json.dumps(what).encode()
    request = urllib.request.Request(f"{endpoint.url}/_simulator/cloudformation/drift", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def message(call, **named):
    """The message of the ValidationError that the call must end in."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**named)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    return caught.value.response["Error"]["Message"]


def test_a_stacks_life(stacks, name):
    tags = [{"Key": "team", "Value": "shop"}]
    stack_id = stacks.create_stack(
        StackName=name, TemplateBody=TEMPLATE, Parameters=parameters(Name=name), Tags=tags, ClientRequestToken="t-1"
    )["StackId"]
    stack = rest(stacks, name)
    assert (stack["StackStatus"], stack["StackId"], stack["Tags"]) == ("CREATE_COMPLETE", stack_id, tags)
    assert {"ParameterKey": "Secret", "ParameterValue": "****"} in stack["Parameters"]
    assert stack["Outputs"][0]["ExportName"] == f"{name}-topic"
    assert stacks.get_template(StackName=name)["TemplateBody"] == TEMPLATE
    events = stacks.describe_stack_events(StackName=name)["StackEvents"]
    assert events[0]["ResourceStatus"] == "CREATE_COMPLETE" and events[-1]["ResourceStatusReason"] == "User Initiated"
    assert [event["Timestamp"] for event in events] == sorted((event["Timestamp"] for event in events), reverse=True)
    assert len(stacks.list_stack_resources(StackName=name)["StackResourceSummaries"]) == 2
    assert len(stacks.describe_stack_resources(StackName=name)["StackResources"]) == 2
    detail = stacks.describe_stack_resource(StackName=name, LogicalResourceId="Topic")["StackResourceDetail"]
    assert json.loads(detail["Metadata"]) == {"owner": "shop"}
    assert any(export["Name"] == f"{name}-topic" for export in stacks.list_exports()["Exports"])
    assert message(stacks.list_imports, ExportName=f"{name}-topic").endswith("is not imported by any stack.")
    again = message(stacks.update_stack, StackName=name, TemplateBody=TEMPLATE, Parameters=parameters(Name=name))
    assert again == "No updates are to be performed."
    stacks.delete_stack(StackName=name)
    assert rest(stacks, stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert message(stacks.describe_stacks, StackName=name) == f"Stack with id {name} does not exist"


def test_change_sets_and_their_waiters(stacks, name):
    wanted = dict(StackName=name, TemplateBody=TEMPLATE)
    stacks.create_change_set(**wanted, ChangeSetName="first", ChangeSetType="CREATE", Parameters=parameters(Name=name))
    quick = {"Delay": 0.05, "MaxAttempts": 200}
    stacks.get_waiter("change_set_create_complete").wait(StackName=name, ChangeSetName="first", WaiterConfig=quick)
    stacks.execute_change_set(StackName=name, ChangeSetName="first")
    stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=quick)
    previous = [{"ParameterKey": "Name", "UsePreviousValue": True}, *parameters(Title="Sales")]
    stacks.create_change_set(StackName=name, UsePreviousTemplate=True, ChangeSetName="second", Parameters=previous)
    stacks.get_waiter("change_set_create_complete").wait(StackName=name, ChangeSetName="second", WaiterConfig=quick)
    shown = stacks.describe_change_set(StackName=name, ChangeSetName="second", IncludePropertyValues=True)
    assert {change["ResourceChange"]["LogicalResourceId"] for change in shown["Changes"]} == {"Topic", "Queue"}
    assert stacks.list_change_sets(StackName=name)["Summaries"][-1]["ChangeSetName"] == "second"
    stacks.execute_change_set(StackName=name, ChangeSetName="second", ClientRequestToken="t-2")
    stacks.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=quick)
    same = [{"ParameterKey": key, "UsePreviousValue": True} for key in ("Name", "Title")]
    stacks.create_change_set(StackName=name, UsePreviousTemplate=True, ChangeSetName="none", Parameters=same)
    with pytest.raises(botocore.exceptions.WaiterError):
        stacks.get_waiter("change_set_create_complete").wait(StackName=name, ChangeSetName="none", WaiterConfig=quick)
    failed = stacks.describe_change_set(StackName=name, ChangeSetName="none")
    assert failed["Status"] == "FAILED" and failed["StatusReason"].startswith("The submitted information didn't contain changes.")
    stacks.delete_change_set(StackName=name, ChangeSetName="none")


def test_drift_is_detected_and_shown(stacks, name, strict):
    stacks.create_stack(StackName=name, TemplateBody=TEMPLATE, Parameters=parameters(Name=name))
    rest(stacks, name)
    drift(strict, stack=name, logicalId="Topic", property="/DisplayName", value="X")
    detection = stacks.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    status = {}
    while status.get("DetectionStatus") != "DETECTION_COMPLETE":
        status = stacks.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        time.sleep(0.02)
    assert (status["StackDriftStatus"], status["DriftedStackResourceCount"]) == ("DRIFTED", 1)
    drifts = stacks.describe_stack_resource_drifts(StackName=name, StackResourceDriftStatusFilters=["MODIFIED"])
    difference = drifts["StackResourceDrifts"][0]["PropertyDifferences"][0]
    assert (difference["ExpectedValue"], difference["ActualValue"]) == ("Orders", "X")
    stacks.create_change_set(
        StackName=name, TemplateBody=TEMPLATE, Parameters=parameters(Name=name), ChangeSetName="heal", DeploymentMode="REVERT_DRIFT"
    )
    time.sleep(0.1)
    shown = stacks.describe_change_set(StackName=name, ChangeSetName="heal")
    changes = {change["ResourceChange"]["LogicalResourceId"]: change["ResourceChange"] for change in shown["Changes"]}
    assert changes["Topic"]["ResourceDriftStatus"] == "MODIFIED"


def test_guards_and_templates(stacks, name):
    stacks.create_stack(StackName=name, TemplateBody=TEMPLATE, Parameters=parameters(Name=name), EnableTerminationProtection=True)
    rest(stacks, name)
    assert "TerminationProtection is enabled" in message(stacks.delete_stack, StackName=name)
    stacks.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]})
    assert "StackPolicyBody" not in stacks.get_stack_policy(StackName=name)
    stacks.set_stack_policy(StackName=name, StackPolicyBody=policy)
    assert stacks.get_stack_policy(StackName=name)["StackPolicyBody"] == policy
    assert stacks.validate_template(TemplateBody=TEMPLATE)["Parameters"][0]["ParameterKey"] == "Name"
    assert stacks.get_template_summary(StackName=name)["ResourceTypes"] == ["AWS::SNS::Topic", "AWS::SQS::Queue"]
    assert "CancelUpdateStack" in message(stacks.cancel_update_stack, StackName=name)
    assert name in message(stacks.continue_update_rollback, StackName=name)
    assert any(stack["StackName"] == name for page in stacks.get_paginator("list_stacks").paginate() for stack in page["StackSummaries"])


@pytest.fixture
def aws(strict):
    """aws("cloudformation", "describe-stacks") -> what it printed; with fails=True, what it said instead."""

    def run(*words, fails=False):
        program = pathlib.Path(sys.executable).parent / "aws"
        command = [str(program), *words, "--endpoint-url", strict.url, "--region", REGION]
        done = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), timeout=180)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    return run


def test_the_clis_deploy_command(aws, name, tmp_path):
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    deploy = ["cloudformation", "deploy", "--stack-name", name, "--template-file", str(file)]
    aws(*deploy, "--parameter-overrides", f"Name={name}")
    said = aws(*deploy, "--no-fail-on-empty-changeset", "--parameter-overrides", f"Name={name}")
    assert "No changes to deploy" in said
    assert f"Stack with id {name}-none does not exist" in aws(
        "cloudformation", "describe-stacks", "--stack-name", f"{name}-none", fails=True
    )
