"""moto with the subnets and security groups that the corpora's files name.

moto looks up each subnet and security group of a service in its own EC2, where ids cannot be chosen. So this puts
networks with those very ids there before it listens. Nothing of moto's behaviour is changed.

    python server.py PORT
"""
import os
import re
import sys

import moto.server
from moto.ec2 import ec2_backends

REGION = "eu-central-1"
CORPORA = os.environ.get("DRIFTLESS_SHARED_DATA", "")
# What the suites' own manifests name, besides the corpora's files.
IDS = {"subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719", "sg-0a1b2c3d4e5f60718", "sg-0a1b2c3d4e5f60719"}


def ids():
    """Every id of a subnet or security group in the corpora's service files, and our own."""
    found = set(IDS)
    for folder, _, names in os.walk(CORPORA):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                found.update(re.findall(r"\b(?:subnet|sg)-[0-9a-f]{8,17}\b", file.read()))
    return sorted(found)


def prepare(account):
    """One VPC with all of them."""
    backend = ec2_backends[account][REGION]
    vpc = backend.create_vpc("10.0.0.0/16")
    for number, wanted in enumerate(ids()):
        if wanted.startswith("subnet-"):
            subnet = backend.create_subnet(vpc.id, f"10.0.{number}.0/24", availability_zone=f"{REGION}a")
            for subnets in backend.subnets.values():
                if subnets.pop(subnet.id, None):
                    subnet.id = wanted
                    subnets[wanted] = subnet
        else:
            group = backend.create_security_group(wanted, "for the suites", vpc_id=vpc.id)
            groups = backend.groups[vpc.id]
            groups.pop(group.id)
            group.id = group.group_id = wanted
            groups[wanted] = group


if __name__ == "__main__":
    prepare(os.environ["MOTO_ACCOUNT_ID"])
    moto.server.main(["-H", "127.0.0.1", "-p", sys.argv[1]])
