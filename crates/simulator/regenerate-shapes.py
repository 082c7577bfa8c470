#!/usr/bin/env python3
"""Regenerates the types of ECS's inputs (src/ecs/shapes.json) from botocore's published service model.

    pip install botocore && python3 crates/simulator/regenerate-shapes.py

Only what a server checks before it looks at the meaning is kept: types, required members, enums.
"""
import json
import pathlib

import botocore
import botocore.loaders

TABLE = pathlib.Path(__file__).resolve().parent / "src/ecs/shapes.json"
ACTIONS = """CreateCluster DescribeClusters ListClusters DeleteCluster RegisterTaskDefinition DescribeTaskDefinition
DeregisterTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies CreateService DescribeServices UpdateService
DeleteService ListServices DescribeServiceDeployments ListServiceDeployments DescribeServiceRevisions
StopServiceDeployment RunTask ListTasks DescribeTasks StopTask TagResource UntagResource ListTagsForResource""".split()


def strip(shape):
    """One shape, reduced to what is checked."""
    kind = "document" if shape.get("document") else shape["type"]
    out = {"type": kind}
    if kind == "structure":
        out["members"] = {name: member["shape"] for name, member in shape["members"].items()}
        if shape.get("required"):
            out["required"] = shape["required"]
    elif kind == "list":
        out["member"] = shape["member"]["shape"]
    elif kind == "map":
        out["value"] = shape["value"]["shape"]
    if "enum" in shape:
        out["enum"] = shape["enum"]
    return out


def main():
    model = botocore.loaders.Loader().load_service_model("ecs", "service-2")
    shapes, table = model["shapes"], {}
    actions = {action: model["operations"][action]["input"]["shape"] for action in ACTIONS}
    queue = list(actions.values())
    while queue:
        name = queue.pop()
        if name in table:
            continue
        table[name] = strip(shapes[name])
        if table[name]["type"] != "document":
            queue += list(table[name].get("members", {}).values())
            queue += [table[name][part] for part in ("member", "value") if part in table[name]]
    lines = [f"    {json.dumps(name)}: {json.dumps(table[name])}" for name in sorted(table)]
    TABLE.write_text(
        "{\n"
        f'  "generatedBy": "crates/simulator/regenerate-shapes.py from botocore {botocore.__version__}",\n'
        f'  "actions": {json.dumps(actions)},\n'
        '  "shapes": {\n' + ",\n".join(lines) + "\n  }\n}\n"
    )


if __name__ == "__main__":
    main()
