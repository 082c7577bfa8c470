"""Stacks in the states that MiniStack reaches: a create and an update that roll back, drift, and protection."""
import json
import textwrap
import time

import pytest
from botocore.exceptions import ClientError

from harness.agent import show
from harness.proxy import mutations

QUEUE = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 30}}}
# Nobody signals it, so it fails after its timeout.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-waitcondition.html
FAILING = {
    "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
    "Signal": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "1"}},
}


@pytest.fixture
def stack(ministack, project_on, request):
    """stack.apply(resources, code, spec lines): applies a manifest of one stack with these resources."""
    name = f"states-{abs(hash(request.node.name)) % 10**8}"
    client = ministack.client("cloudformation")
    project, proxy = project_on(ministack)

    class Stack:
        def __init__(self):
            self.name, self.client, self.project, self.proxy = name, client, project, proxy

        def apply(self, resources, code, spec=""):
            outputs = {"Url": {"Value": {"Ref": "Queue"}}}
            project.write("stack.template.json", json.dumps({"Resources": resources, "Outputs": outputs}))
            project.write("stack.yaml", textwrap.dedent(f"""\
                apiVersion: driftless/v1alpha1
                kind: CloudFormationStack
                metadata: {{name: {name}}}
                spec:
                  template: {{file: stack.template.json}}
                """) + textwrap.indent(textwrap.dedent(spec), "  "))
            return project.run("apply", code=code)

        def described(self):
            return client.describe_stacks(StackName=name)["Stacks"][0]

    return Stack()


def unchanged(stack, code):
    """Another apply of the same writes nothing."""
    stack.proxy.taken()
    done = stack.project.run("apply", code=code)
    assert mutations(stack.proxy.taken()) == [], show(done)


def test_a_create_that_rolls_back_names_its_cause_is_not_repeated_and_is_made_anew_when_it_changes(stack):
    done = stack.apply(QUEUE | FAILING, 1)
    assert stack.described()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Signal" in done.stdout, show(done)
    first = stack.described()["StackId"]
    unchanged(stack, 1)
    stack.apply(QUEUE, 0)
    assert stack.described()["StackStatus"] == "CREATE_COMPLETE"
    assert stack.described()["StackId"] != first
    unchanged(stack, 0)


def test_an_update_that_rolls_back_names_its_cause_and_is_not_repeated(stack):
    stack.apply(QUEUE, 0)
    done = stack.apply(QUEUE | FAILING, 1)
    assert stack.described()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Signal" in done.stdout, show(done)
    unchanged(stack, 1)
    longer = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}}}
    stack.apply(longer, 0)
    assert stack.described()["StackStatus"] == "UPDATE_COMPLETE"
    unchanged(stack, 0)


def test_drift_is_told_with_property_expected_and_actual(stack, ministack):
    stack.apply(QUEUE, 0)
    url = next(output["OutputValue"] for output in stack.described()["Outputs"])
    ministack.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "45"})
    # The agent's own first look comes an interval after the stack was written; here somebody else has looked.
    detection = stack.client.detect_stack_drift(StackName=stack.name)["StackDriftDetectionId"]
    end = time.monotonic() + 20
    while True:
        found = stack.client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if found["DetectionStatus"] == "DETECTION_COMPLETE":
            break
        assert time.monotonic() < end, found
        time.sleep(0.2)
    told = stack.apply(QUEUE, 0, "drift: {detect: true, interval: 1h}\n").stdout
    told += stack.project.run("plan").stdout
    assert "VisibilityTimeout" in told and "30" in told and "45" in told, told


def test_termination_protection_is_set_through_its_own_call_and_honoured(stack):
    stack.apply(QUEUE, 0, "terminationProtection: true\n")
    assert stack.described()["EnableTerminationProtection"] is True
    with pytest.raises(ClientError, match="TerminationProtection|protect"):
        stack.client.delete_stack(StackName=stack.name)
    unchanged(stack, 0)
    stack.apply(QUEUE, 0, "terminationProtection: false\n")
    assert stack.described()["EnableTerminationProtection"] is False
