"""The endpoints that the agent's suites run against: the simulator, MiniStack and moto, or the one given by hand."""
import os
import uuid

import pytest

from harness import servers

GIVEN = bool(os.environ.get("CONFORMANCE_ENDPOINT"))
# moto never gives a deployment for UpdateService (moto/DEVIATIONS.md), so what needs one does not run there.
ROLLING = ["given"] if GIVEN else ["simulator", "ministack"]
# MiniStack shows members that were never declared as "" (ministack/DEVIATIONS.md).
FAITHFUL = ["given"] if GIVEN else ["simulator", "moto"]
ALL = ["given"] if GIVEN else ["simulator", "ministack", "moto"]


def resolve(kind, request):
    """The endpoint of that kind, with a cluster of its own for this test."""
    endpoint = servers.by_hand() if kind == "given" else request.getfixturevalue(kind)
    cluster = f"conformance-{uuid.uuid4().hex[:8]}"
    endpoint.client("ecs").create_cluster(clusterName=cluster)
    return endpoint, cluster


@pytest.fixture(params=ALL)
def place(request):
    """(endpoint, cluster) of every server."""
    return resolve(request.param, request)


@pytest.fixture(params=ROLLING)
def rolling_place(request):
    """(endpoint, cluster) of the servers that roll deployments out."""
    return resolve(request.param, request)


@pytest.fixture(params=FAITHFUL)
def faithful_place(request):
    """(endpoint, cluster) of the servers that give a task definition back as it was registered."""
    return resolve(request.param, request)
