"""The corpora: real task definitions and services, and for each of them the smallest project that deploys it."""
import json
import os
import pathlib

import yaml

from .processes import ROOT

CLUSTER = "corpus"
REFUSED = ROOT / "conformance/corpora/refused.json"
NETWORK = {
    "awsvpcConfiguration": {
        "subnets": ["subnet-0a1b2c3d4e5f60718"],
        "securityGroups": ["sg-0a1b2c3d4e5f60718"],
        "assignPublicIp": "DISABLED",
    }
}


def shared():
    """The folder with the corpora: DRIFTLESS_SHARED, else `shared` beside the repository, main work tree or not."""
    given = os.environ.get("DRIFTLESS_SHARED")
    return pathlib.Path(given) if given else ROOT.parent / "shared"


def files():
    """Each file of both corpora as `task-definitions/NAME` or `services/NAME`; none is an error, never an empty run."""
    found = []
    for kind in ("task-definitions", "services"):
        folder = shared() / "data" / kind
        names = sorted(path.name for path in folder.glob("[0-9]*") if path.suffix in (".json", ".yaml", ".yml"))
        if not names:
            raise FileNotFoundError(f"there is no corpus in {folder}: set DRIFTLESS_SHARED to the folder that holds data/{kind}")
        found += [f"{kind}/{name}" for name in names]
    return found


def refused():
    """{file: {pointer, reason, source}}: the files that AWS would refuse, each with the reason its reference gives."""
    return json.loads(REFUSED.read_text())


def read(file):
    """A corpus file's bytes, and what it says."""
    data = (shared() / "data" / file).read_bytes()
    return data, (json.loads(data) if file.endswith(".json") else yaml.safe_load(data))


def name_of(file):
    """`td-004-openmrs-console-nulls-export`: a name for the service."""
    kind, name = file.split("/")
    return f"{'td' if kind == 'task-definitions' else 'svc'}-{name.rsplit('.', 1)[0]}"


def own_name(file):
    """What the file is called in its project."""
    return "document." + file.rsplit(".", 1)[-1]


def write(project, file, images=None):
    """Writes the project for one file, which stays as it is, byte for byte; returns the service's name."""
    data, document = read(file)
    own = own_name(file)
    project.write(own, data)
    name = name_of(file)
    spec = {"rollout": {"timeout": "10m"}}
    if file.startswith("task-definitions/"):
        spec.update(cluster=CLUSTER, taskDefinition={"file": own}, service={"inline": service_for(document)})
        if images:
            spec["taskDefinition"]["images"] = images
    else:
        spec["service"] = {"file": own}
        if "cluster" not in document:
            spec["cluster"] = CLUSTER
        if "taskDefinition" not in document:
            spec["taskDefinition"] = {"inline": task_definition_document(document, name)}
    project.service(name, spec)
    return document.get("serviceName", name)


def cluster_of(file):
    """The cluster that the project deploys to."""
    _, document = read(file)
    cluster = document.get("cluster", CLUSTER) if file.startswith("services/") else CLUSTER
    return cluster.rsplit("/", 1)[-1]


def service_for(document):
    """The smallest service that a task definition fits: its launch type, and a network where it has its own."""
    definition = document.get("taskDefinition", document)
    launch = "FARGATE" if "FARGATE" in (definition.get("requiresCompatibilities") or []) else "EC2"
    service = {"desiredCount": 1, "launchType": launch}
    if definition.get("networkMode") == "awsvpc":
        service["networkConfiguration"] = NETWORK
    return service


def required_revisions(file):
    """What has to exist before a service's document can name it: a document to register, and how often."""
    _, document = read(file)
    reference = document.get("taskDefinition") if file.startswith("services/") else None
    if not reference:
        return None, 0
    family, _, revision = reference.rsplit("/", 1)[-1].partition(":")
    return task_definition_document(document, family), int(revision or 1)


def task_definition_document(document, family):
    """A task definition with the containers and ports that the service's load balancers name."""
    ports = {}
    for balancer in document.get("loadBalancers", []):
        ports.setdefault(balancer["containerName"], set()).add(balancer["containerPort"])
    containers = [
        {
            "name": container,
            "image": "registry.example.com/corpus/app:1.0.0",
            "essential": True,
            "memory": 128,
            "portMappings": [{"containerPort": port, "protocol": "tcp"} for port in sorted(numbers)],
        }
        for container, numbers in (ports or {"app": set()}).items()
    ]
    definition = {"family": family, "containerDefinitions": containers}
    if document.get("networkConfiguration"):
        definition["networkMode"] = "awsvpc"
    if document.get("launchType") == "FARGATE":
        definition.update(requiresCompatibilities=["FARGATE"], cpu="512", memory="1024")
    return definition
