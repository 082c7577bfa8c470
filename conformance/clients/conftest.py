"""A simulator at a high pace with a project of GitLab's, and how clients in other environments are run."""
import json
import pathlib
import subprocess

import pytest

from harness import servers
from harness.clients import NODE, PYTHON, require_node
from harness.processes import clean_environment
from harness.servers import REGION

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"


@pytest.fixture(scope="session")
def paced():
    """`driftless simulate` 200 times as fast as AWS: after two seconds its clock is more than five minutes ahead of ours."""
    endpoint = servers.simulator("--auto-clusters", "--gitlab-project", "acme/deploy", name="simulator-clients")
    yield endpoint
    endpoint.stop()


@pytest.fixture
def client(paced):
    """client(words...) -> the finished process of a client, with the simulator as AWS; with code=None any end will do."""

    def run(*words, code=0, timeout=120, **more):
        env = {**clean_environment(), "AWS_ENDPOINT_URL": paced.url, "AWS_REGION": REGION, "HOME": str(NODE.parent), "CI": "1", **more}
        done = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, env=env, timeout=timeout, stdin=subprocess.DEVNULL
        )
        assert code is None or done.returncode == code, f"{words[0]} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture
def python(client):
    """python("minio_client.py", ...) -> what a program of `programs/` printed, as JSON; its Python has the clients' packages."""
    return lambda name, *words: json.loads(client(PYTHON / "python", PROGRAMS / name, *words).stdout)


@pytest.fixture
def node(client):
    """The same for a program in JavaScript; skipped, with the reason, where there is no Node or its packages are not there."""
    require_node()
    return lambda name, *words: json.loads(client("node", PROGRAMS / name, *words, NODE_PATH=str(NODE / "node_modules")).stdout)
