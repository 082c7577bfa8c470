"""The servers the suites run against: the simulator, moto, MiniStack, or an endpoint given by hand."""
import os
import pathlib
import sys

import boto3
import botocore.config

from . import corpora
from .processes import ROOT, Server, free_port

REGION = "eu-central-1"
ACCOUNT = "123456789012"
CONFORMANCE = ROOT / "conformance"


def binary():
    """The agent under test. conformance/run builds it and names it in DRIFTLESS_BIN."""
    path = pathlib.Path(os.environ.get("DRIFTLESS_BIN", ROOT / "target/debug/driftless"))
    if not path.is_file():
        raise RuntimeError(f"there is no agent at {path}: run conformance/run, or set DRIFTLESS_BIN")
    return path


class Endpoint:
    """A server that speaks AWS's protocols, and how to stop it."""

    def __init__(self, kind, url, server=None, ca=None, pace=1):
        self.kind, self.url, self.server, self.ca, self.pace = kind, url, server, ca, pace

    def client(self, service, url=None):
        """A boto3 client: parameters and answers are checked against AWS's models, nothing is retried."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=url or self.url,
            verify=self.ca or True,
            aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "example"),
            aws_session_token=os.environ.get("AWS_SESSION_TOKEN"),
            config=botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=30),
        )

    def stop(self):
        """Stops what was started for it; nothing for an endpoint given by hand."""
        if self.server:
            self.server.stop()


def simulator(*options, name="simulator", pace=200):
    """`driftless simulate`; its first line says where it listens."""
    server = Server(name, [binary(), "simulate", "--listen", "127.0.0.1:0", "--pace", pace, *options])
    line = server.wait_for_line("listening on ")
    return Endpoint("simulator", line.removeprefix("listening on ").strip(), server, pace=pace)


def moto(running=None, name="moto"):
    """moto with the subnets and security groups of the corpora in it; `running` is its MOTO_ECS_SERVICE_RUNNING."""
    port = free_port()
    env = {"MOTO_ACCOUNT_ID": ACCOUNT, "DRIFTLESS_SHARED_DATA": str(corpora.shared() / "data" / "services")}
    if running is not None:
        env["MOTO_ECS_SERVICE_RUNNING"] = str(running)
    server = Server(name, [sys.executable, CONFORMANCE / "moto/server.py", port], env)
    server.wait_for_port(port)
    return Endpoint("moto", f"http://127.0.0.1:{port}", server, pace=10)


def ministack(name="ministack"):
    """MiniStack in its own venv, with our stand-in for the Docker SDK, so that its rollout engine runs."""
    port = free_port()
    program = pathlib.Path(os.environ.get("MINISTACK_BIN", ROOT / "target/conformance-ministack/bin/ministack"))
    env = {
        "PYTHONPATH": str(CONFORMANCE / "ministack"),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
    }
    server = Server(name, [program], env)
    server.wait_for_port(port)
    return Endpoint("ministack", f"http://127.0.0.1:{port}", server, pace=10)


def by_hand():
    """The endpoint of `conformance/run ENDPOINT [CA]`, or None."""
    url = os.environ.get("CONFORMANCE_ENDPOINT")
    return Endpoint("given", url, ca=os.environ.get("CONFORMANCE_CA") or None) if url else None
