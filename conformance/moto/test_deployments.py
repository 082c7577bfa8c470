"""CodeDeploy on moto: a deployment is created once, pinned to its content and marked, and joined by every later look.

moto keeps deployments in `Created` for ever, and its group names neither a last successful nor a last attempted one: the agent
finds its own by the active statuses alone.
"""
import pytest
import yaml

from harness import servers
from harness.agent import show


@pytest.fixture(scope="module")
def group():
    """moto with the application `shop`, its group `web`, and a bundle."""
    endpoint = servers.moto(name="moto-codedeploy")
    s3, codedeploy = endpoint.client("s3"), endpoint.client("codedeploy")
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": servers.REGION})
    s3.put_object(Bucket="artifacts", Key="app.zip", Body=b"one")
    codedeploy.create_application(applicationName="shop", computePlatform="Server")
    role = "arn:aws:iam::123456789012:role/codedeploy"
    codedeploy.create_deployment_group(applicationName="shop", deploymentGroupName="web", serviceRoleArn=role)
    yield endpoint
    endpoint.stop()


def test_a_deployment_is_created_once_and_joined(group, project_on):
    project, _ = project_on(group)
    location = {"bucket": "artifacts", "key": "app.zip", "bundleType": "zip"}
    document = {
        "applicationName": "shop",
        "deploymentGroupName": "web",
        "description": "The shop",
        "revision": {"revisionType": "S3", "s3Location": location},
    }
    manifest = {
        "apiVersion": "driftless/v1alpha1",
        "kind": "Ec2Deployment",
        "metadata": {"name": "web"},
        "spec": {"deployment": {"inline": document}},
    }
    project.write("web.yaml", yaml.safe_dump(manifest, sort_keys=False))
    project.run("plan", code=1, timeout=60)
    project.run("apply", "--no-wait", code=0, timeout=60)
    again = project.run("apply", "--no-wait", code=0, timeout=60)
    assert "Ec2Deployment/web" in again.stdout, show(again)

    codedeploy = group.client("codedeploy")
    ids = codedeploy.list_deployments(applicationName="shop", deploymentGroupName="web")["deployments"]
    assert len(ids) == 1, ids
    info = codedeploy.get_deployment(deploymentId=ids[0])["deploymentInfo"]
    assert info["revision"]["s3Location"]["eTag"] == "f97c5d29941bfb1b2fdab0874906ab82"
    assert info["description"].startswith("The shop [driftless:"), info["description"]
