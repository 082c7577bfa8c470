"""Driftless beside fabfuel's ecs-deploy on one simulator at AWS's own pace: calls, writes and seconds, as medians.

    conformance/run benchmark [RUNS]

One Fargate service of three tasks, unchanged and with another image. Nothing is asserted: the table is to be read.
"""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import servers, shop  # noqa: E402
from harness.agent import Project  # noqa: E402
from harness.clients import PYTHON  # noqa: E402
from harness.processes import clean_environment  # noqa: E402
from harness.proxy import CountingProxy, mutations  # noqa: E402

TASKS = 3


class Driftless:
    """`driftless apply` on a folder with one manifest."""

    name = "driftless apply"

    def __init__(self, folder, proxy):
        self.project = Project(folder, proxy.url, name="benchmark")
        self.deploy("1.0.0")

    def deploy(self, tag):
        """Declares the image, and applies."""
        image = shop.another(tag=tag)
        self.project.service("web", shop.spec("driftless", "driftless", image=image, desiredCount=TASKS))
        self.project.run("apply", code=0)


class EcsDeploy:
    """`ecs deploy --tag` on a service that was made beforehand."""

    name = "ecs deploy"

    def __init__(self, endpoint, proxy):
        self.proxy, ecs = proxy, endpoint.client("ecs")
        spec = shop.spec("ecs-deploy", "ecs-deploy", desiredCount=TASKS)
        family = ecs.register_task_definition(**spec["taskDefinition"]["inline"])["taskDefinition"]["family"]
        ecs.create_service(cluster="ecs-deploy", serviceName="web", taskDefinition=family, **spec["service"]["inline"])
        ecs.get_waiter("services_stable").wait(cluster="ecs-deploy", services=["web"], WaiterConfig={"Delay": 1})
        self.deploy("1.0.0")

    def deploy(self, tag):
        """Deploys a tag of the image, and waits."""
        env = {**clean_environment(), "AWS_ENDPOINT_URL": self.proxy.url}
        words = [str(PYTHON / "ecs"), "deploy", "ecs-deploy", "web", "--tag", tag]
        subprocess.run(words, env=env, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=600)


def measure(proxy, act):
    """Calls, writes and seconds of one run."""
    proxy.taken()
    began = time.monotonic()
    act()
    seconds = time.monotonic() - began
    calls = proxy.taken()
    return len(calls), len(mutations(calls)), seconds


def main(runs):
    endpoint = servers.simulator("--auto-clusters", name="simulator-benchmark", pace=1)
    proxy = CountingProxy(endpoint)
    try:
        with tempfile.TemporaryDirectory() as folder:
            rows = []
            for tool in (Driftless(folder, proxy), EcsDeploy(endpoint, proxy)):
                changed = [measure(proxy, lambda: tool.deploy(f"2.0.{number}")) for number in range(runs)]
                unchanged = [measure(proxy, lambda: tool.deploy(f"2.0.{runs - 1}")) for _ in range(runs)]
                rows += [(tool.name, "unchanged", unchanged), (tool.name, "changed", changed)]
        print(f"One Fargate service of {TASKS} tasks, medians of {runs}, on {os.cpu_count()} cores:\n")
        print(f"{'':18}{'':12}{'calls':>8}{'writes':>8}{'seconds':>10}")
        for name, what, seen in rows:
            calls, writes, seconds = (statistics.median(one[place] for one in seen) for place in range(3))
            print(f"{name:18}{what:12}{calls:8.0f}{writes:8.0f}{seconds:10.2f}")
    finally:
        proxy.stop()
        endpoint.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
