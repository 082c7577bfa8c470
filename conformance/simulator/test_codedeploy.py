"""The simulator's CodeDeploy under boto3 and the AWS CLI, with every answer checked against AWS's model."""
import json
import pathlib
import subprocess
import sys
import time
import urllib.request
import uuid

import botocore.exceptions
import pytest

from harness import shapes
from harness.processes import clean_environment
from harness.servers import REGION

ROLE = "arn:aws:iam::123456789012:role/codedeploy"


@pytest.fixture
def codedeploy(strict):
    """A client of CodeDeploy; the test fails when any answer had a member, type or error code that AWS's model has not."""
    client = strict.client("codedeploy")
    found = []
    shapes.watch(client, found)
    yield client
    assert found == []


@pytest.fixture
def bundles(strict):
    """A bucket with two bundles that start and one that does not."""
    s3, name = strict.client("s3"), f"b-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in ["v1.zip", "v2.zip", "crash.zip"]:
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


class Group:
    """An application with one group of two instances."""

    def __init__(self, client, bundles, **more):
        self.client, self.bundles, self.name = client, bundles, f"a-{uuid.uuid4().hex[:8]}"
        client.create_application(applicationName=self.name)
        filters = [{"Key": "app", "Value": self.name, "Type": "KEY_AND_VALUE"}]
        client.create_deployment_group(applicationName=self.name, deploymentGroupName="web", serviceRoleArn=ROLE, ec2TagFilters=filters, **more)

    def begin(self, key, **more):
        location = {"bucket": self.bundles, "key": key, "bundleType": "zip"}
        revision = {"revisionType": "S3", "s3Location": location}
        return self.client.create_deployment(applicationName=self.name, deploymentGroupName="web", revision=revision, **more)["deploymentId"]

    def over(self, deployment, seconds=30):
        """The deployment once it is over; the simulator's clock is 200 times ours."""
        end = time.monotonic() + seconds
        while True:
            info = self.client.get_deployment(deploymentId=deployment)["deploymentInfo"]
            if info["status"] in ("Succeeded", "Failed", "Stopped"):
                return info
            assert time.monotonic() < end, info
            time.sleep(0.05)

    def info(self):
        return self.client.get_deployment_group(applicationName=self.name, deploymentGroupName="web")["deploymentGroupInfo"]

    def list(self, **more):
        return self.client.list_deployments(applicationName=self.name, deploymentGroupName="web", **more)["deployments"]


def code(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"]


def test_a_deployment_succeeds_on_every_target(codedeploy, bundles):
    group = Group(codedeploy, bundles)
    deployment = group.begin("v1.zip", description="first")
    info = group.over(deployment)
    assert (info["status"], info["creator"], info["description"]) == ("Succeeded", "user", "first")
    assert info["deploymentOverview"]["Succeeded"] == 2 and info["completeTime"] > info["createTime"]
    ids = codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
    targets = codedeploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=ids)["deploymentTargets"]
    events = [event["lifecycleEventName"] for event in targets[0]["instanceTarget"]["lifecycleEvents"]]
    assert events[:3] == ["ApplicationStop", "DownloadBundle", "BeforeInstall"] and len(targets) == 2
    assert codedeploy.list_deployment_instances(deploymentId=deployment)["instancesList"] == ids
    codedeploy.get_deployment_target(deploymentId=deployment, targetId=ids[0])
    assert group.info()["lastSuccessfulDeployment"]["deploymentId"] == deployment
    codedeploy.get_waiter("deployment_successful").wait(deploymentId=deployment)


def test_a_failure_tells_its_script_and_is_rolled_back(codedeploy, bundles):
    rollback = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
    group = Group(codedeploy, bundles, autoRollbackConfiguration=rollback)
    group.over(group.begin("v1.zip"))
    bad = group.begin("crash.zip")
    info = group.over(bad)
    assert (info["status"], info["errorInformation"]["code"]) == ("Failed", "HEALTH_CONSTRAINTS")
    back = group.over(info["rollbackInfo"]["rollbackDeploymentId"])
    assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")
    assert back["rollbackInfo"]["rollbackTriggeringDeploymentId"] == bad
    ids = codedeploy.list_deployment_targets(deploymentId=bad, targetFilters={"TargetStatus": ["Failed"]})["targetIds"]
    target = codedeploy.get_deployment_target(deploymentId=bad, targetId=ids[0])["deploymentTarget"]["instanceTarget"]
    failed = [event for event in target["lifecycleEvents"] if event["status"] == "Failed"]
    assert [event["lifecycleEventName"] for event in failed] == ["ApplicationStart"]
    assert failed[0]["diagnostics"]["errorCode"] == "ScriptFailed" and failed[0]["diagnostics"]["logTail"]


def test_a_stop_and_what_is_refused_meanwhile(codedeploy, bundles):
    group = Group(codedeploy, bundles)
    deployment = group.begin("v1.zip")
    assert code(group.begin, key="v2.zip") == "DeploymentLimitExceededException"
    assert codedeploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=False)["status"] in ("Pending", "Succeeded")
    assert group.over(deployment)["status"] == "Stopped"
    assert code(codedeploy.stop_deployment, deploymentId=deployment) == "DeploymentAlreadyCompletedException"
    assert group.list(includeOnlyStatuses=["Stopped"]) == [deployment]


def test_errors_have_awss_codes(codedeploy, bundles):
    group = Group(codedeploy, bundles)
    assert code(codedeploy.get_application, applicationName="none") == "ApplicationDoesNotExistException"
    assert code(codedeploy.create_application, applicationName=group.name) == "ApplicationAlreadyExistsException"
    assert code(codedeploy.create_deployment, applicationName=group.name) == "DeploymentGroupNameRequiredException"
    assert code(codedeploy.get_deployment, deploymentId="d-000000000") == "DeploymentDoesNotExistException"
    assert code(group.begin, key="v1.zip", deploymentConfigName="none") == "DeploymentConfigDoesNotExistException"
    arguments = {"applicationName": group.name, "deploymentGroupName": "web"}
    assert code(codedeploy.create_deployment, **arguments) == "RevisionRequiredException"


def test_the_other_things_are_kept_and_listed(codedeploy, bundles):
    group = Group(codedeploy, bundles, tags=[{"Key": "team", "Value": "shop"}])
    arn = f"arn:aws:codedeploy:{REGION}:123456789012:deploymentgroup:{group.name}/web"
    assert codedeploy.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "shop"}]
    codedeploy.tag_resource(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "7"}])
    codedeploy.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert group.name in codedeploy.list_applications()["applications"]
    assert codedeploy.list_deployment_groups(applicationName=group.name)["deploymentGroups"] == ["web"]
    codedeploy.batch_get_deployment_groups(applicationName=group.name, deploymentGroupNames=["web"])
    config = f"c-{group.name}"
    hosts = {"type": "HOST_COUNT", "value": 0}
    codedeploy.create_deployment_config(deploymentConfigName=config, minimumHealthyHosts=hosts)
    codedeploy.update_deployment_group(applicationName=group.name, currentDeploymentGroupName="web", deploymentConfigName=config)
    assert code(codedeploy.delete_deployment_config, deploymentConfigName=config) == "DeploymentConfigInUseException"
    first = group.begin("v1.zip")
    group.over(first)
    codedeploy.batch_get_deployments(deploymentIds=[first])
    revisions = codedeploy.list_application_revisions(applicationName=group.name, sortBy="registerTime")["revisions"]
    found = codedeploy.get_application_revision(applicationName=group.name, revision=revisions[0])
    assert found["revisionInfo"]["deploymentGroups"] == ["web"]
    codedeploy.delete_deployment_group(applicationName=group.name, deploymentGroupName="web")
    codedeploy.delete_application(applicationName=group.name)


def test_instances_are_made_and_fail_by_the_simulators_controls(strict, codedeploy, bundles):
    group = Group(codedeploy, bundles, deploymentConfigName="CodeDeployDefault.AllAtOnce")

    def control(path, body):
        request = urllib.request.Request(f"{strict.url}/_simulator/codedeploy/{path}", json.dumps(body).encode(), {"content-type": "application/json"})
        return json.load(urllib.request.urlopen(request))

    third = control("instances", {"tags": {"app": group.name}})["instances"][0]
    control("failures", {"instance": third, "event": "ValidateService", "errorCode": "ScriptTimedOut"})
    overview = group.over(group.begin("v1.zip"))["deploymentOverview"]
    assert (overview["Succeeded"], overview["Failed"]) == (2, 1)


def test_the_aws_clis_waiter_and_push(strict, codedeploy, bundles, tmp_path):
    """`aws deploy push` zips a folder, uploads it and registers the revision: three services in one command."""
    group = Group(codedeploy, bundles)
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "appspec.yml").write_text("version: 0.0\nos: linux\n")

    def aws(*words):
        program = pathlib.Path(sys.executable).parent / "aws"
        # `push` calls S3 too, which an option of its own would not reach.
        environment = clean_environment() | {"AWS_ENDPOINT_URL": strict.url}
        command = [str(program), *words, "--region", REGION]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    aws("deploy", "push", "--application-name", group.name, "--s3-location", f"s3://{bundles}/pushed.zip", "--source", str(folder))
    revision = codedeploy.list_application_revisions(applicationName=group.name)["revisions"][0]
    assert revision["s3Location"]["key"] == "pushed.zip" and revision["s3Location"]["eTag"]
    location = f"bucket={bundles},key=pushed.zip,bundleType=zip,eTag={revision['s3Location']['eTag']}"
    options = ["--application-name", group.name, "--deployment-group-name", "web", "--s3-location", location]
    deployment = json.loads(aws("deploy", "create-deployment", *options, "--output", "json"))["deploymentId"]
    assert group.over(deployment)["status"] == "Succeeded"
    aws("deploy", "wait", "deployment-successful", "--deployment-id", deployment)
