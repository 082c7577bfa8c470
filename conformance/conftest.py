"""What the suites share: servers that live as long as the session, and projects in folders of their own."""
import signal

import pytest

from harness import servers
from harness.agent import Project
from harness.proxy import CountingProxy


def pytest_configure():
    """A run that is ended by SIGTERM (a time limit) stops its servers as an interrupted one does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def simulator():
    """`driftless simulate` at a high pace, which makes clusters as they are named."""
    endpoint = servers.simulator("--auto-clusters")
    yield endpoint
    endpoint.stop()


@pytest.fixture(scope="session")
def moto():
    """moto whose services run one task, as the suites' services want."""
    endpoint = servers.moto(running=1)
    yield endpoint
    endpoint.stop()


@pytest.fixture(scope="session")
def ministack():
    """MiniStack with its rollout engine."""
    endpoint = servers.ministack()
    yield endpoint
    endpoint.stop()


@pytest.fixture
def project_on(tmp_path):
    """project_on(endpoint) -> (Project, CountingProxy): a project whose calls go through a counting proxy."""
    proxies = []

    def make(endpoint, name="conformance"):
        proxy = CountingProxy(endpoint)
        proxies.append(proxy)
        return Project(tmp_path / name, proxy.url, name, pace=endpoint.pace), proxy

    yield make
    for proxy in proxies:
        proxy.stop()
