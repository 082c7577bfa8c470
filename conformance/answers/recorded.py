"""The recorded answers of AWS's ECS, and for each of them the documents that a person could have written for it."""
import copy
import json

import botocore.session

from harness import corpora

# What AWS fills in, and a person leaves out.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
FILLED_IN = {
    "deploymentController": {"type": "ECS"},
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "platformVersion": "LATEST",
    "propagateTags": "NONE",
    "schedulingStrategy": "REPLICA",
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
    },
}
_ecs = botocore.session.get_session().get_service_model("ecs")


def _folder():
    return corpora.shared() / "data" / "answers" / "ecs"


def _answers():
    found = sorted(_folder().glob("*.json"))
    if not found:
        raise FileNotFoundError(f"there are no recorded answers in {_folder()}: set DRIFTLESS_SHARED")
    return [(path.stem, json.loads(path.read_text())) for path in found]


def _services():
    for name, recorded in _answers():
        answer = recorded["answer"]
        shown = answer.get("services") or ([answer["service"]] if "service" in answer else [])
        for service in shown:
            # One that is being deleted is no service to adopt.
            if service.get("status") == "ACTIVE" and (service.get("deploymentController") or {}).get("type", "ECS") == "ECS":
                yield f"{name}-{service['serviceName']}", service, recorded.get("request")


def _task_definitions():
    for name, recorded in _answers():
        definition = recorded["answer"].get("taskDefinition")
        if isinstance(definition, dict):
            # What was deregistered was ACTIVE before, with the same members.
            definition = {key: value for key, value in definition.items() if key != "deregisteredAt"}
            yield name, {**definition, "status": "ACTIVE"}, recorded.get("request")


def input_members(operation):
    """The members that a request of the operation takes."""
    return _ecs.operation_model(operation).input_shape.members


def _input_only(operation, document):
    taken = input_members(operation)
    return {key: value for key, value in document.items() if key in taken}


def _sparse(document, filled_in):
    """Without what AWS filled in, and without what is empty."""
    return {key: value for key, value in document.items() if value not in ([], {}, None, "") and filled_in.get(key) != value}


def service_documents(service, request):
    """{form: document}: the same service as people write it."""
    own = ("taskDefinition", "tags")
    shown = {key: value for key, value in _input_only("CreateService", service).items() if key not in own}
    forms = {
        "whole answer": {"services": [copy.deepcopy(service)]},
        "as shown": shown,
        "as a person writes it": _sparse(shown, FILLED_IN),
        "thin": {"serviceName": service["serviceName"]},
    }
    if request:
        forms["as requested"] = {key: value for key, value in request.items() if key not in ("cluster", *own)}
    return forms


def task_definition_documents(definition, request):
    """{form: document}: the same task definition as people write it."""
    shown = _input_only("RegisterTaskDefinition", definition)
    sparse = _sparse(shown, {})
    sparse["containerDefinitions"] = [
        _sparse(container, {"cpu": 0, "essential": True}) for container in sparse["containerDefinitions"]
    ]
    forms = {"whole answer": {"taskDefinition": copy.deepcopy(definition)}, "as shown": shown, "as a person writes it": sparse}
    if request:
        forms["as requested"] = request
    return forms


def service_cases():
    """(name, service, form, document) of every recorded service that lives."""
    return [
        (name, service, form, document)
        for name, service, request in _services()
        for form, document in service_documents(service, request).items()
    ]


def task_definition_cases():
    """(name, task definition, form, document) of every recorded task definition."""
    return [
        (name, definition, form, document)
        for name, definition, request in _task_definitions()
        for form, document in task_definition_documents(definition, request).items()
    ]
