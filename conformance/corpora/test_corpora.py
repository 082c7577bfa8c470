"""Every file of the corpora: it converges, and then a second apply writes nothing; or it is refused for AWS's reason."""
import json
import urllib.request

import pytest

from harness import corpora, servers
from harness.agent import show
from harness.places import places, problems
from harness.processes import ROOT
from harness.proxy import mutations

FILES = corpora.files()
REFUSED = corpora.refused()
ACCEPTED = [file for file in FILES if file not in REFUSED]
# What moto does differently from AWS, file by file (moto/DEVIATIONS.md).
MOTO = json.loads((ROOT / "conformance/moto/divergences.json").read_text())
NEEDS_IMAGE = "task-definitions/021-ec2-no-image.json"


def test_the_list_of_refused_files_names_only_files_that_are_there():
    assert sorted(REFUSED) == sorted(file for file in FILES if file in REFUSED)
    assert all(set(entry) == {"pointer", "reason", "source"} and all(entry.values()) for entry in REFUSED.values())


@pytest.mark.parametrize("file", sorted(REFUSED))
def test_a_refused_file_is_refused_at_its_place(file, simulator, project_on):
    project, _ = project_on(simulator)
    corpora.write(project, file)
    done = project.run("validate", "--output", "json", code=1)
    own = corpora.own_name(file)
    text = (project.deploy / own).read_text()
    wanted = places(text, REFUSED[file]["pointer"])
    errors = [problem for kind, problem in problems(json.loads(done.stdout)) if kind == "errors"]
    member = [step for step in REFUSED[file]["pointer"].split("/") if not step.isdigit()][-1]
    found = {
        (problem["location"]["line"], problem["location"]["column"])
        for problem in errors
        if problem["location"]["file"].endswith(own) and (member in problem["message"] or file == NEEDS_IMAGE)
    }
    assert found & wanted, f"no error at {REFUSED[file]['pointer']}, which is {sorted(wanted)}; there are {sorted(found)}\n{show(done)}"
    assert all(problem["message"] for problem in errors)


def test_a_container_without_an_image_is_taken_once_the_manifest_gives_one(simulator, project_on):
    project, _ = project_on(simulator)
    _, document = corpora.read(NEEDS_IMAGE)
    names = [container["name"] for container in document["containerDefinitions"]]
    corpora.write(project, NEEDS_IMAGE, {name: "registry.example.com/corpus/app:1.0.0" for name in names})
    project.run("validate", code=0)


@pytest.mark.parametrize("file", ACCEPTED)
def test_on_the_simulator_a_file_converges_and_a_second_apply_writes_nothing(file, simulator, project_on):
    project, proxy = project_on(simulator)
    prepare(simulator, file)
    corpora.write(project, file)
    project.run("validate", code=0)
    project.run("apply", code=0)
    assert "CreateService" in mutations(proxy.taken()), "the first apply created nothing"
    before = mutating(simulator)
    again = project.run("apply", code=0)
    assert mutating(simulator) == before, f"the second apply wrote\n{show(again)}"
    assert mutations(proxy.taken()) == []
    project.run("plan", code=0)


@pytest.fixture(scope="module")
def idle_moto():
    """moto whose services run no task, as a DAEMON service without instances does."""
    endpoint = servers.moto(name="moto-idle")
    yield endpoint
    endpoint.stop()


@pytest.mark.parametrize("file", ACCEPTED)
def test_on_moto_a_file_converges_and_a_second_apply_writes_nothing(file, moto, idle_moto, project_on):
    endpoint = idle_moto if file in MOTO["without_tasks"] else moto
    project, proxy = project_on(endpoint)
    prepare(endpoint, file)
    name = corpora.write(project, file)
    refused = MOTO["refused"].get(file)
    done = project.run("apply", code=1 if refused else 0)
    if refused:
        assert refused in done.stdout, f"moto no longer refuses it\n{show(done)}"
        return
    assert "CreateService" in mutations(proxy.taken()), "the first apply created nothing"
    again = project.run("apply", code=0)
    assert mutations(proxy.taken()) == [], f"the second apply wrote\n{show(again)}"
    assert dropped(endpoint, file, name) == set(MOTO["dropped"].get(file, []))


def dropped(endpoint, file, name):
    """The members of a service's document that the server does not show afterwards; the list says which are expected."""
    if file.startswith("task-definitions/"):
        return set()
    cluster = corpora.cluster_of(file)
    service = endpoint.client("ecs").describe_services(cluster=cluster, services=[name], include=["TAGS"])["services"][0]
    _, document = corpora.read(file)
    return set(document) - set(service) - {"cluster", "role"}


def prepare(endpoint, file):
    """What has to exist before: the cluster, and the revision that a service's document names."""
    client = endpoint.client("ecs")
    if endpoint.kind != "simulator":
        client.create_cluster(clusterName=corpora.cluster_of(file))
    definition, revisions = corpora.required_revisions(file)
    for _ in range(revisions):
        client.register_task_definition(**definition)


def mutating(endpoint):
    """The simulator's own count of the mutating calls it took, by action."""
    with urllib.request.urlopen(f"{endpoint.url}/_simulator/counters") as answer:
        counters = json.load(answer)
    assert counters.get("CreateService"), "the simulator counted nothing"
    return {action: count for action, count in counters.items() if not action.startswith(("Describe", "List", "Get"))}
