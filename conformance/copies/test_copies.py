"""What people copy is right: examples validate, deploy and stay; the installer's template passes cfn-lint."""
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from harness.agent import Project
from harness.processes import ROOT
from harness.proxy import CountingProxy, mutations

EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/driftless.yaml"))


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_converges_and_a_second_apply_writes_nothing(example, simulator, tmp_path):
    proxy = CountingProxy(simulator)
    project = Project(tmp_path, proxy.url, pace=simulator.pace)
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


def test_the_installers_template_passes_cfn_lint():
    lint = pathlib.Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([str(lint), str(ROOT / "manifests/driftless.template.yaml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


POLICIES = ["README.md", "docs/security.md", "manifests/driftless.template.yaml"]


@pytest.mark.parametrize("file", POLICIES)
def test_the_policy_allows_exactly_the_calls_that_the_agent_makes(file):
    made = set()
    for source in (ROOT / "src/aws/ecs").glob("*.rs"):
        for operation in re.findall(r"ecs_call!\(\s*[&\w.]+,\s*(\w+),", source.read_text()):
            made.add("ecs:" + "".join(word.capitalize() for word in operation.split("_")))
    assert made, "no call was found in src/aws/ecs"
    assert set(re.findall(r"\becs:[A-Z]\w+", (ROOT / file).read_text())) - {"ecs:CreateAction"} == made
