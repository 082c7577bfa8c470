"""Checks XML answers of the query protocol strictly against botocore's output shapes, as shapes.py does JSON.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""
import re
import xml.etree.ElementTree as ElementTree


def problems(service_model, operation, text):
    """What is wrong with one raw answer of `operation`, as `path: what`."""
    found = []
    root = ElementTree.fromstring(text)
    if _name(root) != f"{operation}Response":
        return [f"/: <{_name(root)}> answers {operation}"]
    inside = {_name(element): element for element in root}
    request = inside.pop("ResponseMetadata", None)
    if request is None or not request.findtext("{*}RequestId"):
        found.append("/: there is no RequestId")
    shape = service_model.operation_model(operation).output_shape
    result = inside.pop(f"{operation}Result", None)
    found += [f"/{name}: nothing of that name belongs here" for name in inside]
    if shape is None:
        if result is not None and len(result):
            found.append(f"/: {operation} answers nothing")
    elif result is None:
        found.append(f"/: there is no {operation}Result")
    else:
        _walk(shape, result, "", found)
    return found


def _name(element):
    return element.tag.rsplit("}", 1)[-1]


def _walk(shape, element, path, found):
    kind = shape.type_name
    if kind == "structure":
        seen = set()
        for child in element:
            name = _name(child)
            seen.add(name)
            if name not in shape.members:
                found.append(f"{path}/{name}: {shape.name} has no such member")
            else:
                _walk(shape.members[name], child, f"{path}/{name}", found)
        if (element.text or "").strip():
            found.append(f"{path}: text where {shape.name} is a structure")
        found += [f"{path}/{name}: {shape.name} requires it" for name in shape.required_members if name not in seen]
    elif kind == "list":
        for index, child in enumerate(element):
            if _name(child) != "member":
                found.append(f"{path}/{_name(child)}: an element of {shape.name} is called member")
            _walk(shape.member, child, f"{path}/{index}", found)
    elif len(element):
        found.append(f"{path}: elements where {shape.name} is a {kind}")
    else:
        _scalar(shape, element.text or "", path, found)


_FORMS = {
    "boolean": r"true|false",
    "integer": r"-?\d+",
    "long": r"-?\d+",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z",
}


def _scalar(shape, text, path, found):
    form = _FORMS.get(shape.type_name)
    if form and not re.fullmatch(form, text):
        found.append(f"{path}: {text!r} is no {shape.type_name}")
    if getattr(shape, "enum", None) and text not in shape.enum:
        found.append(f"{path}: {text!r} is none of {shape.enum}")


# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
COMMON_ERRORS = {"InvalidAction", "Throttling", "ValidationError"}


def watch(client, found):
    """Checks every answer of a boto3 client of a query protocol; what is wrong is appended to `found`."""
    model = client.meta.service_model

    def received(response_dict, parsed_response, event_name, **_):
        operation = event_name.rsplit(".", 1)[-1]
        if response_dict["status_code"] < 300:
            found.extend(f"{operation}{line}" for line in problems(model, operation, response_dict["body"]))
            return
        error = parsed_response.get("Error", {})
        errors = model.operation_model(operation).error_shapes
        known = {shape.metadata.get("error", {}).get("code", shape.name) for shape in errors} | COMMON_ERRORS
        if error.get("Code") not in known:
            found.append(f"{operation}: the error code {error.get('Code')!r} is none of {sorted(known)}")
        if not error.get("Message"):
            found.append(f"{operation}: an error without a message")

    client.meta.events.register(f"response-received.{model.service_id.hyphenize()}", received)
