"""The CDK's command line: bootstraps the account, and deploys a stack that was synthesized before."""
import json

import pytest

from harness.clients import NODE, require_node
from harness.servers import ACCOUNT, REGION

QUALIFIER = "hnb659fds"


def assembly(folder, display="first"):
    """A cloud assembly of one stack with one topic, as `cdk synth` writes it."""
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": display}}}}
    (folder / "shop.template.json").write_text(json.dumps(template))
    role = f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:role/cdk-{QUALIFIER}-%s-role-{ACCOUNT}-{REGION}"
    destination = {"bucketName": f"cdk-{QUALIFIER}-assets-{ACCOUNT}-{REGION}", "objectKey": f"{display}.json", "region": REGION}
    source = {"path": "shop.template.json", "packaging": "file"}
    files = {display: {"displayName": "shop template", "source": source, "destinations": {"here": {**destination, "assumeRoleArn": role % "file-publishing"}}}}
    (folder / "shop.assets.json").write_text(json.dumps({"version": "36.0.0", "files": files, "dockerImages": {}}))
    stack = {
        "templateFile": "shop.template.json",
        "assumeRoleArn": role % "deploy",
        "cloudFormationExecutionRoleArn": role % "cfn-exec",
        "stackTemplateAssetObjectUrl": f"s3://{destination['bucketName']}/{destination['objectKey']}",
        "requiresBootstrapStackVersion": 6,
        "bootstrapStackVersionSsmParameter": f"/cdk-bootstrap/{QUALIFIER}/version",
        "additionalDependencies": ["shop.assets"],
    }
    environment = f"aws://{ACCOUNT}/{REGION}"
    manifest = {
        "version": "36.0.0",
        "artifacts": {
            "shop.assets": {"type": "cdk:asset-manifest", "properties": {"file": "shop.assets.json"}},
            "shop": {
                "type": "aws:cloudformation:stack",
                "environment": environment,
                "properties": stack,
                "dependencies": ["shop.assets"],
                "displayName": "shop",
            },
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def said(done):
    """Both streams: which one it writes to depends on whether it thinks that it runs in CI."""
    return done.stdout + done.stderr


@pytest.fixture
def cdk(client, tmp_path):
    """cdk("deploy", ...) -> the finished process."""
    require_node()
    program = NODE / "node_modules/.bin/cdk"
    quiet = {"CDK_DISABLE_VERSION_CHECK": "1", "CDK_DISABLE_CLI_TELEMETRY": "true"}
    return lambda *words: client(program, "--no-notices", "--no-color", *words, **quiet)


def test_an_account_is_bootstrapped_and_a_stack_deployed_twice(cdk, paced, tmp_path):
    cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")
    app = ("--app", assembly(tmp_path), "--require-approval", "never", "--progress", "events")
    cdk("deploy", "shop", *app)
    cloudformation = paced.client("cloudformation")
    resource = {"StackName": "shop", "LogicalResourceId": "Topic"}
    first = cloudformation.describe_stack_resource(**resource)["StackResourceDetail"]["PhysicalResourceId"]
    assert "(no changes)" in said(cdk("deploy", "shop", *app))
    assembly(tmp_path, display="second")
    cdk("deploy", "shop", *app)
    stack = cloudformation.describe_stacks(StackName="shop")["Stacks"][0]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert cloudformation.describe_stack_resource(**resource)["StackResourceDetail"]["PhysicalResourceId"] == first
