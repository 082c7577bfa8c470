"""Checks answers strictly against botocore's output shapes: no unknown member, the right types, required members there.

botocore's own parser ignores what its model does not know, so that a simulator's invention would pass it unseen.
"""
import json
import numbers

from . import xml_shapes


def problems(service_model, operation, answer):
    """What is wrong with one raw answer of `operation` (a parsed JSON document), as `path: what`."""
    shape = service_model.operation_model(operation).output_shape
    found = []
    if shape is None:
        if answer:
            found.append(f"/: {operation} answers nothing, and there is {sorted(answer)}")
        return found
    _walk(shape, answer, "", found)
    return found


def _walk(shape, value, path, found):
    check = _CHECKS.get(shape.type_name)
    if check is None:
        found.append(f"{path}: the harness does not know the type {shape.type_name}")
    else:
        check(shape, value, path, found)


def _structure(shape, value, path, found):
    if not isinstance(value, dict):
        found.append(f"{path}: {_said(value)} where {shape.name} is a structure")
        return
    for name, member in value.items():
        if name not in shape.members:
            found.append(f"{path}/{name}: {shape.name} has no such member")
        else:
            _walk(shape.members[name], member, f"{path}/{name}", found)
    for name in shape.required_members:
        if name not in value:
            found.append(f"{path}/{name}: {shape.name} requires it")


def _list(shape, value, path, found):
    if not isinstance(value, list):
        found.append(f"{path}: {_said(value)} where {shape.name} is a list")
        return
    for index, item in enumerate(value):
        _walk(shape.member, item, f"{path}/{index}", found)


def _map(shape, value, path, found):
    if not isinstance(value, dict):
        found.append(f"{path}: {_said(value)} where {shape.name} is a map")
        return
    for key, item in value.items():
        _walk(shape.value, item, f"{path}/{key}", found)


def _string(shape, value, path, found):
    if not isinstance(value, str):
        found.append(f"{path}: {_said(value)} where {shape.name} is a string")
    elif getattr(shape, "enum", None) and value not in shape.enum:
        found.append(f"{path}: {value!r} is none of {shape.enum}")


def _whole(shape, value, path, found):
    if isinstance(value, bool) or not isinstance(value, int):
        found.append(f"{path}: {_said(value)} where {shape.name} is a whole number")


def _number(shape, value, path, found):
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        found.append(f"{path}: {_said(value)} where {shape.name} is a number")


def _boolean(shape, value, path, found):
    if not isinstance(value, bool):
        found.append(f"{path}: {_said(value)} where {shape.name} is true or false")


# awsJson writes a timestamp as seconds since 1970, with a fraction.
_CHECKS = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "character": _string,
    "integer": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
    "timestamp": _number,
    "boolean": _boolean,
}


def _said(value):
    return f"{type(value).__name__} {json.dumps(value)[:60]}"


def watch(client, found):
    """Checks every answer of a boto3 client of awsJson or restXml; what is wrong is appended to `found`.

    An error's code must be one that the model names for the operation, or one common to all actions. S3's model names
    almost none: there it is one of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList.
    """
    model = client.meta.service_model
    rest = model.metadata["protocol"] == "rest-xml"

    def received(response_dict, parsed_response, event_name, **_):
        operation = event_name.rsplit(".", 1)[-1]
        if response_dict["status_code"] < 300 and rest:
            _check_xml(model, operation, response_dict, found)
        elif response_dict["status_code"] < 300:
            answer = json.loads(response_dict["body"] or b"{}")
            found.extend(f"{operation}{line}" for line in problems(model, operation, answer))
        elif rest:
            code = parsed_response.get("Error", {}).get("Code")
            # A HEAD request's answer has no body: botocore takes the status for the code.
            if code not in S3_ERRORS and not str(code).isdigit():
                found.append(f"{operation}: the error code {code!r} is none of S3's")
        else:
            known = {shape.name for shape in model.operation_model(operation).error_shapes} | COMMON_ERRORS
            code = parsed_response.get("Error", {}).get("Code")
            if code not in known:
                found.append(f"{operation}: the error code {code!r} is none of {sorted(known)}")

    client.meta.events.register(f"response-received.{model.service_id.hyphenize()}", received)


def _check_xml(model, operation, response, found):
    shape = model.operation_model(operation).output_shape
    if shape is None:
        return
    said = []
    headers = {name.lower(): value for name, value in response["headers"].items()}
    body = response["body"] if isinstance(response["body"], bytes) else None
    answer = xml_shapes.document(shape, body, headers, said)
    for name in [name for name, member in shape.members.items() if member.type_name == "blob"]:
        answer.pop(name, None)
    found.extend(f"{operation}{line}" for line in said + problems(model, operation, answer))


# Those of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList that the suites provoke.
S3_ERRORS = {
    "AccessControlListNotSupported",
    "BadDigest",
    "BucketAlreadyOwnedByYou",
    "BucketNotEmpty",
    "ConditionalRequestConflict",
    "EntityTooSmall",
    "IllegalLocationConstraintException",
    "InvalidArgument",
    "InvalidBucketName",
    "InvalidPart",
    "InvalidPartOrder",
    "InvalidRange",
    "InvalidRequest",
    "InvalidStorageClass",
    "InvalidTag",
    "MalformedXML",
    "MethodNotAllowed",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchCORSConfiguration",
    "NoSuchKey",
    "NoSuchLifecycleConfiguration",
    "NoSuchTagSet",
    "NoSuchUpload",
    "NoSuchVersion",
    "NoSuchWebsiteConfiguration",
    "NotImplemented",
    "PreconditionFailed",
    "ReplicationConfigurationNotFoundError",
}

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
COMMON_ERRORS = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidClientTokenId",
    "MissingAction",
    "NotAuthorized",
    "OptInRequired",
    "RequestExpired",
    "ServiceUnavailable",
    "ThrottlingException",
    "UnrecognizedClientException",
    "UnknownOperationException",
    "ValidationError",
    "SerializationException",
}
