"""Reads an XML answer by botocore's output shape into what a JSON protocol would have sent, so that `shapes` can check it.

restXml: https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html. An element or an `x-amz-` header that the model has
not is a problem of its own: botocore's parser would pass over it.
"""
import re
import xml.etree.ElementTree as ElementTree

# What every answer of S3 may carry: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html
COMMON_HEADERS = {"x-amz-request-id", "x-amz-id-2", "x-amz-delete-marker", "x-amz-version-id"}
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def document(shape, body, headers, found):
    """The members of an answer, from its body (bytes; None for a stream) and its headers."""
    members = {}
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        place = member.serialization.get("location")
        key = member.serialization.get("name", name)
        if place == "header" and key.lower() in headers:
            members[name] = _text(member, headers[key.lower()], f"/{name}", found)
        elif place == "headers":
            members[name] = {key: value for key, value in headers.items() if key.startswith(member.serialization["name"])}
    _headers(shape, headers, found)
    inside = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
    if not body or not inside or (payload and shape.members[payload].type_name == "blob"):
        return members
    if payload and shape.members[payload].type_name == "string":
        # GetBucketPolicy: the body is no XML.
        return members | {payload: body.decode()}
    root = ElementTree.fromstring(body)
    if payload:
        members[payload] = _value(shape.members[payload], root, f"/{payload}", found)
    elif len(inside) == 1 and _name(root) in inside:
        # GetBucketLocation: its only member is the root itself.
        members[_name(root)] = _value(inside[_name(root)], root, f"/{_name(root)}", found)
    else:
        members |= _structure(inside, root, "", found)
    return members


def _headers(shape, headers, found):
    """An `x-amz-` header belongs to a member, or is one of those that all answers have."""
    known = {member.serialization.get("name", name).lower() for name, member in shape.members.items()}
    prefixes = [member.serialization["name"] for member in shape.members.values() if member.serialization.get("location") == "headers"]
    for name in headers:
        own = name in known or any(name.startswith(prefix) for prefix in prefixes)
        if name.startswith("x-amz-") and not own and name not in COMMON_HEADERS:
            found.append(f"/{name}: {shape.name} has no such header")


def _name(element):
    return element.tag.rsplit("}", 1)[-1]


def _value(shape, element, path, found):
    if shape.type_name == "structure":
        return _structure(shape.members, element, path, found)
    if shape.type_name == "list":
        return [_value(shape.member, item, f"{path}/{index}", found) for index, item in enumerate(element)]
    return _text(shape, element.text or "", path, found)


def _structure(members, element, path, found):
    named = {member.serialization.get("name", name): (name, member) for name, member in members.items()}
    attributes = {name.rsplit("}", 1)[-1]: text for name, text in element.attrib.items()}
    values = {}
    for name, member in members.items():
        # `xsi:type` of a grantee.
        own = member.serialization.get("name", name).rsplit(":", 1)[-1]
        if member.serialization.get("xmlAttribute") and own in attributes:
            values[name] = _text(member, attributes[own], f"{path}/{name}", found)
    for child in element:
        tag = _name(child)
        if tag not in named:
            found.append(f"{path}/{tag}: there is no such member")
            continue
        name, member = named[tag]
        if member.type_name == "list" and member.serialization.get("flattened"):
            values.setdefault(name, []).append(_value(member.member, child, f"{path}/{name}", found))
        elif name in values:
            found.append(f"{path}/{name}: it is there twice")
        else:
            values[name] = _value(member, child, f"{path}/{name}", found)
    return values


def _text(shape, text, path, found):
    """A scalar, as JSON would have it; what is none stays text, and the check of its type tells so."""
    kind = shape.type_name
    if kind in ("integer", "long") and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind == "timestamp":
        # In a body ISO 8601, in a header an HTTP date.
        if ISO.fullmatch(text) or text.endswith(" GMT"):
            return 0.0
        found.append(f"{path}: {text!r} is no timestamp")
        return 0.0
    return text
