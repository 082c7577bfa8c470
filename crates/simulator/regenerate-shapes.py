#!/usr/bin/env python3
"""Regenerates the types of the inputs of ECS and CodeDeploy (src/SERVICE/shapes.json) from botocore's service models.

    pip install botocore && python3 crates/simulator/regenerate-shapes.py [SERVICE...]

Only what a server checks before it looks at the meaning is kept: types, required members, enums.
"""
import json
import pathlib
import sys

import botocore
import botocore.loaders

SOURCES = pathlib.Path(__file__).resolve().parent / "src"
ECS = """CreateCluster DescribeClusters ListClusters DeleteCluster RegisterTaskDefinition DescribeTaskDefinition
DeregisterTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies CreateService DescribeServices UpdateService
DeleteTaskDefinitions ListContainerInstances DescribeContainerInstances UpdateCluster UpdateClusterSettings
PutClusterCapacityProviders DescribeCapacityProviders ListAccountSettings PutAccountSetting PutAccountSettingDefault
DeleteService ListServices DescribeServiceDeployments ListServiceDeployments DescribeServiceRevisions
StopServiceDeployment RunTask ListTasks DescribeTasks StopTask TagResource UntagResource ListTagsForResource""".split()
CODEDEPLOY = """CreateApplication GetApplication BatchGetApplications ListApplications UpdateApplication DeleteApplication
CreateDeploymentGroup GetDeploymentGroup BatchGetDeploymentGroups ListDeploymentGroups UpdateDeploymentGroup
DeleteDeploymentGroup CreateDeploymentConfig GetDeploymentConfig ListDeploymentConfigs DeleteDeploymentConfig
RegisterApplicationRevision GetApplicationRevision ListApplicationRevisions CreateDeployment GetDeployment
BatchGetDeployments ListDeployments StopDeployment ContinueDeployment ListDeploymentTargets GetDeploymentTarget
BatchGetDeploymentTargets ListDeploymentInstances GetDeploymentInstance BatchGetDeploymentInstances TagResource UntagResource ListTagsForResource""".split()


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


def regenerate(service, names):
    """Writes the table of one service's actions."""
    model = botocore.loaders.Loader().load_service_model(service, "service-2")
    shapes, table = model["shapes"], {}
    actions = {action: model["operations"][action]["input"]["shape"] for action in names}
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
    (SOURCES / service / "shapes.json").write_text(
        "{\n"
        f'  "generatedBy": "crates/simulator/regenerate-shapes.py from botocore {botocore.__version__}",\n'
        f'  "actions": {json.dumps(actions)},\n'
        '  "shapes": {\n' + ",\n".join(lines) + "\n  }\n}\n"
    )


if __name__ == "__main__":
    for service, names in {"ecs": ECS, "codedeploy": CODEDEPLOY}.items():
        if service in (sys.argv[1:] or [service]):
            regenerate(service, names)
