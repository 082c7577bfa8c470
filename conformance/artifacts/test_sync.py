"""`aws s3 sync` and an S3Artifact of the same folder leave the same bucket, and neither uploads anything twice.

Wall time and CPU of both are printed side by side (`pytest -s`); the server is the simulator, and moto.
"""
import hashlib
import os
import pathlib
import random
import resource
import subprocess
import sys
import time
import uuid

import pytest
import yaml

from harness import servers
from harness.agent import Project, show
from harness.processes import clean_environment

# What a website and a program are made of. Left out are the endings whose type the CLI itself does not agree on between
# Python's own table and the /etc/mime.types of a machine: .xml, .yaml, .sh ...
ENDINGS = [".html", ".css", ".js", ".json", ".png", ".jpg", ".gif", ".svg", ".txt", ".pdf", ".wasm", ".csv", ".mp4", ".ico", ".unheard-of", ""]
MIB = 1024 * 1024


def small(folder, count=2000):
    """Many small files in folders, one of them hidden, with names that need encoding."""
    source = random.Random(7)
    for number in range(count):
        place = folder / f"part {number % 20:02}" / ("ü+&%" if number % 100 == 0 else ".hidden" if number % 100 == 1 else "deep")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"file{number:04}{ENDINGS[number % len(ENDINGS)]}").write_bytes(source.randbytes(source.randrange(0, 4096)))


def large(folder, size=300 * MIB):
    """One file of 300 MB that no compression helps with."""
    source = random.Random(8)
    with (folder / "large.bin").open("wb") as file:
        for _ in range(size // MIB):
            file.write(source.randbytes(MIB))


def contents(client, bucket):
    """Every object: size, type, and a digest of the bytes."""
    found = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            answer = client.get_object(Bucket=bucket, Key=item["Key"])
            digest = hashlib.sha256()
            for chunk in answer["Body"].iter_chunks(MIB):
                digest.update(chunk)
            found[item["Key"]] = (item["Size"], answer["ContentType"], digest.hexdigest())
    return found


def times(client, bucket):
    """When each object was last written."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"]: (item["LastModified"], item["ETag"]) for page in pages for item in page.get("Contents", [])}


def measured(run):
    """(wall seconds, CPU seconds of the child, what it gave)."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    given = run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu, given


def sync(endpoint, folder, bucket):
    """`aws s3 sync`, as a person types it."""
    aws = pathlib.Path(sys.executable).parent / "aws"
    words = [str(aws), "s3", "sync", str(folder), f"s3://{bucket}/site", "--endpoint-url", endpoint.url, "--region", servers.REGION]
    done = subprocess.run(words, capture_output=True, text=True, env=clean_environment(), timeout=1200, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, show(done)
    return done.stdout.count("upload:")


def project(tmp_path, endpoint, bucket):
    """A source that pushes its folder `public` to the prefix `site`."""
    made = Project(tmp_path / "project", endpoint.url, pace=1)
    spec = {"source": {"path": "public"}, "bucket": bucket, "prefix": "site"}
    manifest = {"apiVersion": "driftless/v1alpha1", "kind": "S3Artifact", "metadata": {"name": "site"}, "spec": spec}
    made.write("site.yaml", yaml.safe_dump(manifest))
    (made.deploy / "public").mkdir()
    return made


# The large one on moto shows the same, and takes minutes.
@pytest.mark.parametrize("server, make", [("simulator", small), ("simulator", large), ("moto", small)])
def test_an_artifact_leaves_the_bucket_that_aws_s3_sync_leaves(server, make, request, tmp_path, capsys):
    endpoint = request.getfixturevalue(server)
    client = endpoint.client("s3")
    theirs, ours = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("cli", "driftless"))
    for bucket in (theirs, ours):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": servers.REGION})
    made = project(tmp_path, endpoint, ours)
    public = made.deploy / "public"
    make(public)
    # `aws s3 sync` compares times, of which a server may keep whole seconds: what is older than any of them is older for sure.
    hour_ago = time.time() - 3600
    for file in public.rglob("*"):
        os.utime(file, (hour_ago, hour_ago))

    rows = []
    for turn in ("first", "second"):
        wall, cpu, uploaded = measured(lambda: sync(endpoint, public, theirs))
        rows.append(("aws s3 sync", turn, wall, cpu))
        assert (uploaded > 0) == (turn == "first")
    for turn in ("first", "second"):
        before = times(client, ours)
        wall, cpu, _ = measured(lambda: made.run("apply", code=0, timeout=1200))
        rows.append(("driftless apply", turn, wall, cpu))
        assert (times(client, ours) == before) == (turn == "second"), "only the first pass writes"

    pushed = contents(client, ours)
    assert pushed == contents(client, theirs)
    assert len(pushed) == (2000 if make is small else 1)
    with capsys.disabled():
        print(f"\n{make.__name__} on {endpoint.kind} ({os.cpu_count()} cores; {servers.binary().parent.name} build of driftless)")
        for name, turn, wall, cpu in rows:
            print(f"  {name:16} {turn:7} wall {wall:7.2f} s   CPU {cpu:7.2f} s")
