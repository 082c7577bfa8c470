"""Production templates as one graph of stacks: it converges in its order, and then a second apply writes nothing."""
import json
import urllib.request

import pytest

from harness import corpora
from harness.agent import show
from harness.processes import ROOT
from harness.proxy import mutations

MANIFESTS = ROOT / "conformance/corpora/cloudformation/stacks.yaml"
# What MiniStack and moto do differently from AWS, stack by stack, with AWS's page.
DEVIATIONS = json.loads((ROOT / "conformance/corpora/cloudformation/deviations.json").read_text())


def templates():
    """Every template of the corpus, by file name; none is an error."""
    folder = corpora.shared() / "data/cloudformation"
    found = {path.name: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
    assert found, f"there is no template in {folder}: set DRIFTLESS_SHARED to the folder that holds data/cloudformation"
    return found


def write(project, without=()):
    """The graph and its templates, less the manifests of some stacks."""
    for name, text in templates().items():
        project.write(name, text)
    documents = MANIFESTS.read_text().split("\n---\n")
    kept = [text for text in documents if not any(f"metadata: {{name: {name}}}" in text for name in without)]
    assert len(kept) == len(documents) - len(without)
    project.write("stacks.yaml", "\n---\n".join(kept))
    return len(kept)


def test_every_template_is_in_the_graph():
    text = MANIFESTS.read_text()
    assert [name for name in templates() if f"file: {name}" not in text] == []


def test_on_the_simulator_the_graph_converges_and_a_second_apply_writes_nothing(simulator, project_on):
    project, proxy = project_on(simulator)
    count = write(project)
    project.run("validate", code=0)
    project.run("plan", code=1)
    assert mutations(proxy.taken()) == [], "a plan wrote"
    done = project.run("apply", code=0)
    assert f"{count} of {count} resources Ready" in done.stdout, show(done)
    assert sorted(mutations(proxy.taken())) == ["CreateChangeSet"] * count + ["ExecuteChangeSet"] * count
    before = totals(simulator)
    again = project.run("apply", code=0)
    assert mutations(proxy.taken()) == [], f"the second apply wrote\n{show(again)}"
    assert totals(simulator) == before
    project.run("plan", code=0)


@pytest.mark.parametrize("server", ["moto", "ministack"])
def test_elsewhere_what_the_server_knows_converges_and_a_second_apply_writes_nothing(server, request, project_on):
    unknown = DEVIATIONS[server]["stacks"]
    project, proxy = project_on(request.getfixturevalue(server))
    count = write(project, without=unknown)
    done = project.run("apply", code=0)
    assert f"{count} of {count} resources Ready" in done.stdout, show(done)
    proxy.taken()
    again = project.run("apply", code=0)
    assert mutations(proxy.taken()) == [], f"the second apply wrote\n{show(again)}"


def totals(endpoint):
    """How many mutating calls the simulator has taken, by its own count."""
    with urllib.request.urlopen(f"{endpoint.url}/_simulator/totals") as answer:
        return json.load(answer)["mutations"]
