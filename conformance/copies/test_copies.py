"""What people copy is right: examples validate, deploy and stay; the installer's template passes cfn-lint."""
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from harness import servers
from harness.agent import Project
from harness.processes import ROOT
from harness.proxy import CountingProxy, mutations

EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/driftless.yaml"))


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_converges_and_a_second_apply_writes_nothing(example, tmp_path):
    # An account of its own for each: two of them have a service `web` in a cluster `shop`.
    account = servers.simulator("--auto-clusters", name=f"simulator-{example.name}")
    proxy = CountingProxy(account)
    project = Project(tmp_path, proxy.url, pace=account.pace)
    shutil.rmtree(project.deploy)
    shutil.copytree(example, tmp_path, dirs_exist_ok=True)
    config = tmp_path / "driftless.yaml"
    config.write_text(re.sub(r"endpointUrl: .*", f"endpointUrl: {proxy.url}", config.read_text()))
    try:
        project.run("validate", code=0)
        project.run("plan", code=1)
        project.run("apply", code=0)
        proxy.taken()
        project.run("apply", code=0)
        assert mutations(proxy.taken()) == []
        project.run("plan", code=0)
    finally:
        proxy.stop()
        account.stop()


def test_the_agents_own_manifest_validates(simulator, tmp_path):
    project = Project(tmp_path, simulator.url)
    text = (ROOT / "manifests/self/service.yaml").read_text()
    secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:driftless-AbCdEf"
    values = {"subnet": "subnet-0a1b2c3d4e5f60718", "securityGroup": "sg-0a1b2c3d4e5f60718", "cluster": "shop"}
    values |= {"region": "eu-central-1", "logGroup": "driftless", "image": "registry.example.com/driftless:0.1.0"}
    values |= {name: f"arn:aws:iam::123456789012:role/{name}" for name in ("executionRoleArn", "taskRoleArn")}
    values |= {name: secret for name in re.findall(r"\$\{vars\.(\w+SecretArn)\}", text)}
    config = yaml.safe_load((tmp_path / "driftless.yaml").read_text())
    config["spec"]["variables"] = values
    (tmp_path / "driftless.yaml").write_text(yaml.safe_dump(config))
    project.write("service.yaml", text)
    project.run("validate", code=0)


TEMPLATES = sorted([ROOT / "manifests/driftless.template.yaml", *(ROOT / "examples").glob("*/deploy/*.template.yaml")])


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parent.parent.name}-{path.name}")
def test_a_template_passes_cfn_lint(template):
    lint = pathlib.Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([str(lint), str(template)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_templates_of_examples():
    assert len(TEMPLATES) >= 3


# Where each server that other people wrote stops in an example's graph. AWS has all of it; when a server learns it, this fails.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
STOPS = {
    ("ec2-application", "ministack"): "Unrecognized resource types: [AWS::CodeDeploy::Application",
    # moto knows only subnets that it has made; the example's are made up.
    ("ec2-application", "moto"): "InvalidSubnetID.NotFound",
    ("fargate-with-network", "ministack"): "Unrecognized resource types: [AWS::EC2::EIP, AWS::EC2::NatGateway]",
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateTerminationProtection.html
    ("fargate-with-network", "moto"): "UpdateTerminationProtection of shop-network: NotImplemented",
}


def elsewhere(example, endpoint, project_on):
    """The example's manifests, with its variables, on another server."""
    project, proxy = project_on(endpoint, example)
    shutil.rmtree(project.deploy)
    shutil.copytree(ROOT / "examples" / example / "deploy", project.deploy)
    own = yaml.safe_load((ROOT / "examples" / example / "driftless.yaml").read_text())
    config = yaml.safe_load((project.folder / "driftless.yaml").read_text())
    config["spec"]["variables"] = own["spec"].get("variables", {})
    (project.folder / "driftless.yaml").write_text(yaml.safe_dump(config))
    return project, proxy


@pytest.mark.parametrize("example, server", sorted(STOPS))
def test_an_example_stops_elsewhere_where_the_server_does_and_leaves_its_dependents_alone(example, server, request, project_on):
    project, _ = elsewhere(example, request.getfixturevalue(server), project_on)
    done = project.run("apply", code=1)
    assert STOPS[example, server] in done.stdout, done.stdout + done.stderr
    assert "EcsTask/migrate  Ready" not in done.stdout and "S3Artifact/bundle  Ready" not in done.stdout


def test_on_moto_the_network_of_an_example_converges_without_what_moto_lacks(moto, project_on):
    project, proxy = elsewhere("fargate-with-network", moto, project_on)
    manifest = (project.deploy / "network.yaml").read_text()
    assert "  terminationProtection: true\n" in manifest and "shop-network" in manifest
    shorter = manifest.replace("  terminationProtection: true\n", "").replace("shop-network", "moto-network")
    project.write("network.yaml", shorter)
    for name in ("migrate.yaml", "web.yaml"):
        (project.deploy / name).unlink()
    project.run("apply", code=0)
    proxy.taken()
    project.run("apply", code=0)
    assert mutations(proxy.taken()) == []
