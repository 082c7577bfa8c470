#!/usr/bin/env python3
"""Regenerates the model of AWS's documents (crates/core/src/model/shapes.json) from botocore's service-2.json.

    pip install botocore && python3 conformance/model/regenerate.py

Kept of each shape reachable from the inputs below: type, members, required, enum, and the lengths, ranges and
patterns that the model states. `readOnly` of a structure lists what AWS returns in its place and does not take:
the members of the output's structure that the input's has not. With --check, nothing is written, and the exit
code is 1 when the table differs from what the installed botocore says. With --news, what the installed botocore knows
besides is printed, and the exit code is 0: AWS's news is no fault of a commit. Shapes of other services than ECS carry the
service's name in front, as both may have a shape of one name.
"""
import json
import pathlib
import sys

import botocore
import botocore.loaders

TABLE = pathlib.Path(__file__).resolve().parents[2] / "crates/core/src/model/shapes.json"
# By service: the operation, and the shape in which DescribeTaskDefinition, DescribeServices, DescribeTasks or
# GetDeployment returns what it made.
DOCUMENTS = {
    "ecs": {
        "RegisterTaskDefinition": "TaskDefinition",
        "CreateService": "Service",
        "UpdateService": "Service",
        "RunTask": "Task",
    },
    "codedeploy": {
        "CreateDeployment": "DeploymentInfo",
    },
}


def strip(name, shape):
    """One shape, without documentation and traits that only matter to an SDK."""
    kind = shape["type"]
    if shape.get("document"):
        return {"type": "document"}
    out = {"type": kind}
    if kind == "structure":
        out["members"] = {member: target["shape"] for member, target in shape["members"].items()}
        if shape.get("required"):
            out["required"] = shape["required"]
    elif kind == "list":
        out["member"] = shape["member"]["shape"]
    elif kind == "map":
        out["value"] = shape["value"]["shape"]
    elif kind not in ("string", "integer", "long", "double", "float", "boolean", "timestamp", "blob"):
        raise SystemExit(f"{name}: the type {kind} is new; teach this script and model/shapes.rs about it")
    for trait in ("enum", "min", "max", "pattern"):
        if trait in shape:
            out[trait] = shape[trait]
    return out


def targets(shape):
    """The names of the shapes that a shape refers to."""
    if shape.get("document"):
        return []
    found = [member["shape"] for member in shape.get("members", {}).values()]
    return found + [shape[part]["shape"] for part in ("member", "value") if part in shape]


def read_only(shapes, table, taken, returned, seen):
    """Marks, beside what `taken` takes, the members that only `returned` has; and so on in its members."""
    if (taken, returned) in seen or taken == returned:
        return
    seen.add((taken, returned))
    ours, theirs = shapes[taken], shapes[returned]
    if ours["type"] != theirs["type"]:
        return
    if ours["type"] == "structure":
        extra = sorted(set(theirs["members"]) - set(ours["members"]))
        if extra:
            table[taken]["readOnly"] = extra
        for member in set(ours["members"]) & set(theirs["members"]):
            read_only(shapes, table, ours["members"][member]["shape"], theirs["members"][member]["shape"], seen)
    elif ours["type"] == "list":
        read_only(shapes, table, ours["member"]["shape"], theirs["member"]["shape"], seen)


def tabled(service, documents):
    """One service's operations and shapes, and the version of its model."""
    model = botocore.loaders.Loader().load_service_model(service, "service-2")
    shapes, table = model["shapes"], {}
    inputs = {operation: model["operations"][operation]["input"]["shape"] for operation in documents}
    queue = list(inputs.values())
    while queue:
        name = queue.pop()
        if name not in table:
            table[name] = strip(name, shapes[name])
            queue += targets(shapes[name])
    for operation, output in documents.items():
        read_only(shapes, table, inputs[operation], output, set())
    if service != "ecs":
        inputs = {operation: f"{service}:{name}" for operation, name in inputs.items()}
        table = {f"{service}:{name}": prefixed(service, shape) for name, shape in table.items()}
    return inputs, table, f'{service}/{model["metadata"]["apiVersion"]}/service-2.json'


def prefixed(service, shape):
    """The shape with the service's name in front of every shape it refers to."""
    out = dict(shape)
    if "members" in out:
        out["members"] = {member: f"{service}:{name}" for member, name in out["members"].items()}
    for part in ("member", "value"):
        if part in out:
            out[part] = f"{service}:{out[part]}"
    return out


def build():
    """The table as text: one line a shape, so that a diff of two versions reads well."""
    operations, table, sources = {}, {}, []
    for service, documents in DOCUMENTS.items():
        inputs, shapes, source = tabled(service, documents)
        operations.update(inputs)
        table.update(shapes)
        sources.append(source)
    lines = [f"    {json.dumps(name)}: {json.dumps(table[name])}" for name in sorted(table)]
    return (
        "{\n"
        f'  "generatedBy": "conformance/model/regenerate.py from botocore {botocore.__version__}, {" and ".join(sources)}",\n'
        f'  "operations": {json.dumps(operations)},\n'
        '  "shapes": {\n' + ",\n".join(lines) + "\n  }\n}\n"
    )


def news(old, new):
    """What `new` has that `old` has not, one line each: operations' and structures' members, and enumerations' values."""
    found = []
    for name, shape in sorted(new["shapes"].items()):
        before = old["shapes"].get(name)
        if before is None:
            # A new shape is told by the member that has it.
            continue
        found += [f"{name}.{member}" for member in shape.get("members", {}) if member not in before.get("members", {})]
        found += [f"{name}: {word}" for word in shape.get("enum", []) if word not in before.get("enum", [])]
    return found


def main():
    text = build()
    if "--news" in sys.argv[1:]:
        table = json.loads(TABLE.read_text())
        known = table["generatedBy"].split(" from ")[1].split(",")[0]
        found = news(table, json.loads(text))
        if found:
            print(f"botocore {botocore.__version__} knows more than {TABLE.name} ({known}); run {pathlib.Path(__file__).name}:")
            print("\n".join(f"  {line}" for line in found))
        else:
            print(f"botocore {botocore.__version__} knows no more than {TABLE.name} ({known})")
        return
    if "--check" in sys.argv[1:]:
        def body(table):
            return {key: value for key, value in json.loads(table).items() if key != "generatedBy"}
        if body(TABLE.read_text()) != body(text):
            raise SystemExit(f"{TABLE.name} differs from botocore {botocore.__version__}'s model: run {pathlib.Path(__file__).name}")
        print(f"{TABLE.name} says what botocore {botocore.__version__} says")
    else:
        TABLE.write_text(text)
        print(f"wrote {TABLE.name} from botocore {botocore.__version__}")


if __name__ == "__main__":
    main()
