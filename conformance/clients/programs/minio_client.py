"""A round of MinIO's client for S3, as JSON on stdout. Argument: the host and port."""
import datetime
import io
import json
import sys
import urllib.error
import urllib.request

import minio
from minio.commonconfig import CopySource, Tags

BUCKET, PART = "minio-round", 5 << 20
client = minio.Minio(sys.argv[1], access_key="AKIAIOSFODNN7EXAMPLE", secret_key="example", secure=False, region="eu-central-1")
client.make_bucket(BUCKET, location="eu-central-1")
body = bytes(range(256)) * (2 * PART // 256) + b"tail"
client.put_object(BUCKET, "big", io.BytesIO(body), len(body), part_size=PART)
tags = Tags.new_object_tags()
tags["team"] = "shop"
client.put_object(BUCKET, "a b/ü+.txt", io.BytesIO(b"hello"), 5, metadata={"kind": "greeting"}, tags=tags)
client.copy_object(BUCKET, "copy", CopySource(BUCKET, "a b/ü+.txt"))


def refused(act):
    """The code that S3 refused with."""
    try:
        act()
        return None
    except minio.error.S3Error as error:
        return error.code


def status(url):
    """The HTTP status of a GET."""
    try:
        return urllib.request.urlopen(url).status
    except urllib.error.HTTPError as error:
        return error.code


yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
minute = datetime.timedelta(minutes=1)
part = client.get_object(BUCKET, "big", offset=PART - 1, length=3)
print(
    json.dumps(
        {
            "size": client.stat_object(BUCKET, "big").size,
            "range": part.read() == body[PART - 1 : PART + 2],
            "metadata": client.stat_object(BUCKET, "copy").metadata.get("x-amz-meta-kind"),
            "tags": dict(client.get_object_tags(BUCKET, "a b/ü+.txt")),
            "first": [found.object_name for found in client.list_objects(BUCKET, use_api_v1=True)],
            "second": [found.object_name for found in client.list_objects(BUCKET, recursive=True)],
            "policy": refused(lambda: client.get_bucket_policy(BUCKET)),
            "lifecycle": client.get_bucket_lifecycle(BUCKET),
            "encryption": client.get_bucket_encryption(BUCKET) is not None,
            "presigned": status(client.presigned_get_object(BUCKET, "copy", expires=minute)),
            "expired": status(client.presigned_get_object(BUCKET, "copy", expires=minute, request_date=yesterday)),
            "missing": refused(lambda: client.stat_object(BUCKET, "nothing")),
            "full": refused(lambda: client.remove_bucket(BUCKET)),
        }
    )
)
