"""The simulator's S3 under boto3 and the AWS CLI, with every answer checked against AWS's model."""
import concurrent.futures
import hashlib
import os
import pathlib
import subprocess
import sys
import urllib.request
import uuid

import botocore.exceptions
import pytest
from boto3.s3.transfer import TransferConfig

from harness import shapes
from harness.processes import clean_environment
from harness.servers import REGION


@pytest.fixture
def s3(strict):
    """A client of S3; the test fails when any answer had an element, header, type or error code that S3 has not."""
    client = strict.client("s3")
    found = []
    shapes.watch(client, found)
    yield client
    assert found == []


@pytest.fixture
def bucket(s3):
    """A new bucket's name."""
    name = f"b-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


@pytest.fixture
def aws(strict):
    """aws("s3", "sync", ...) -> what it printed."""

    def run(*words, fails=False):
        program = pathlib.Path(sys.executable).parent / "aws"
        command = [str(program), *map(str, words), "--endpoint-url", strict.url, "--region", REGION]
        done = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), timeout=300)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def code(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"]


def keys(s3, bucket):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 700})
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def test_buckets(s3, bucket):
    assert bucket in [own["Name"] for own in s3.list_buckets()["Buckets"]]
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == REGION
    again = {"LocationConstraint": REGION}
    assert code(s3.create_bucket, Bucket=bucket, CreateBucketConfiguration=again) == "BucketAlreadyOwnedByYou"
    assert code(s3.create_bucket, Bucket=f"{bucket}-2") == "IllegalLocationConstraintException"
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "team", "Value": "shop"}]})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "team", "Value": "shop"}]
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert code(s3.delete_bucket, Bucket=bucket) == "BucketNotEmpty"
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_bucket(Bucket=bucket)
    assert code(s3.list_objects_v2, Bucket=bucket) == "NoSuchBucket"


def test_an_object_is_put_read_copied_tagged_and_deleted(s3, bucket):
    body = b"hello world" * 1000
    options = {"ContentType": "text/plain", "CacheControl": "no-cache", "Metadata": {"sha256": "abc"}, "Tagging": "team=shop"}
    put = s3.put_object(Bucket=bucket, Key="a/ü b+c.txt", Body=body, **options)
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"' and put["ServerSideEncryption"] == "AES256"
    got = s3.get_object(Bucket=bucket, Key="a/ü b+c.txt")
    assert got["Body"].read() == body
    assert (got["ContentType"], got["CacheControl"], got["Metadata"]) == ("text/plain", "no-cache", {"sha256": "abc"})
    assert s3.get_object(Bucket=bucket, Key="a/ü b+c.txt", Range="bytes=6-10")["Body"].read() == b"world"
    head = s3.head_object(Bucket=bucket, Key="a/ü b+c.txt", ChecksumMode="ENABLED")
    assert head["ContentLength"] == len(body) and head["ChecksumType"] == "FULL_OBJECT"
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a/ü b+c.txt"})
    assert s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == [{"Key": "team", "Value": "shop"}]
    s3.put_object_tagging(Bucket=bucket, Key="copy", Tagging={"TagSet": [{"Key": "x", "Value": "y"}]})
    assert keys(s3, bucket) == ["a/ü b+c.txt", "copy"]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/ü b+c.txt"}, {"Key": "copy"}]})
    assert keys(s3, bucket) == []
    assert code(s3.get_object, Bucket=bucket, Key="copy") == "NoSuchKey"
    assert code(s3.head_object, Bucket=bucket, Key="copy") == "404"


# CRC32C and CRC64NVME boto3 computes with the AWS CRT only, which is no dependency here.
@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_the_checksum_that_the_sdk_computes_is_the_one_that_s3_keeps(s3, bucket, algorithm):
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"hello", ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"][0]
    assert listed["ChecksumAlgorithm"] == [algorithm]
    # boto3 verifies the checksum of what it reads.
    assert s3.get_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")["Body"].read() == b"hello"


def test_versions(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    s3.put_object(Bucket=bucket, Key="a", Body=b"2")
    marker = s3.delete_object(Bucket=bucket, Key="a")
    assert marker["DeleteMarker"]
    assert s3.get_object(Bucket=bucket, Key="a", VersionId=first)["Body"].read() == b"1"
    assert code(s3.get_object, Bucket=bucket, Key="a", VersionId=marker["VersionId"]) == "MethodNotAllowed"
    pages = list(s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1}))
    assert len(pages) == 3
    versions = [own for page in pages for own in page.get("Versions", []) + page.get("DeleteMarkers", [])]
    assert [own["IsLatest"] for own in versions] == [True, False, False]
    for own in versions:
        s3.delete_object(Bucket=bucket, Key="a", VersionId=own["VersionId"])
    s3.delete_bucket(Bucket=bucket)


def test_of_twenty_conditional_puts_one_wins(s3, strict, bucket):
    clients = [strict.client("s3") for _ in range(20)]

    def put(writer):
        try:
            clients[writer].put_object(Bucket=bucket, Key="lock", Body=f"writer {writer}".encode(), IfNoneMatch="*")
            return "won"
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"]

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        outcomes = sorted(pool.map(put, range(20)))
    assert outcomes == ["PreconditionFailed"] * 19 + ["won"]
    etag = s3.head_object(Bucket=bucket, Key="lock")["ETag"]
    assert code(s3.put_object, Bucket=bucket, Key="lock", Body=b"", IfMatch='"0"') == "PreconditionFailed"
    assert code(s3.delete_object, Bucket=bucket, Key="lock", IfMatch='"0"') == "PreconditionFailed"
    s3.put_object(Bucket=bucket, Key="lock", Body=b"mine", IfMatch=etag)


def test_a_multipart_upload_by_hand(s3, bucket):
    five = b"a" * (5 << 20)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big", ChecksumAlgorithm="SHA256", ContentType="text/plain")["UploadId"]
    parts = []
    for number, body in [(1, five), (2, b"end")]:
        part = s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]})
    listed = s3.list_parts(Bucket=bucket, Key="big", UploadId=upload)
    assert [part["Size"] for part in listed["Parts"]] == [5 << 20, 3]
    assert [own["Key"] for own in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["big"]
    short = {"Parts": parts[1:] + parts[:1]}
    assert code(s3.complete_multipart_upload, Bucket=bucket, Key="big", UploadId=upload, MultipartUpload=short) == "InvalidPartOrder"
    done = s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert done["ETag"].endswith('-2"') and done["ChecksumSHA256"].endswith("-2") and done["ChecksumType"] == "COMPOSITE"
    assert s3.get_object(Bucket=bucket, Key="big", PartNumber=2)["Body"].read() == b"end"
    assert code(s3.abort_multipart_upload, Bucket=bucket, Key="big", UploadId=upload) == "NoSuchUpload"


def test_what_the_transfer_manager_uploads_in_parts_comes_back(s3, bucket, tmp_path):
    file, back = tmp_path / "big", tmp_path / "back"
    file.write_bytes(os.urandom(1 << 20) * 20)
    s3.upload_file(str(file), bucket, "big", Config=TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20))
    head = s3.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert head["ETag"].endswith('-3"') and head["ContentLength"] == 20 << 20
    s3.download_file(bucket, "big", str(back))
    assert back.read_bytes() == file.read_bytes()


def test_sync_of_the_aws_cli_uploads_what_differs_and_nothing_twice(aws, s3, bucket, tmp_path):
    folder = tmp_path / "site"
    for number in range(200):
        file = folder / f"dir-{number % 7}" / f"page {number:03}.{'html' if number % 2 else 'css'}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"page {number}\n" * number)
    first = aws("s3", "sync", folder, f"s3://{bucket}/site", "--no-progress")
    assert first.count("upload: ") == 200
    found = keys(s3, bucket)
    assert len(found) == 200 and "site/dir-1/page 001.html" in found
    assert s3.head_object(Bucket=bucket, Key="site/dir-1/page 001.html")["ContentType"] == "text/html"
    assert "upload: " not in aws("s3", "sync", folder, f"s3://{bucket}/site", "--no-progress"), "the second pass is empty"
    (folder / "dir-1/page 001.html").write_text("changed, and longer")
    (folder / "dir-0/page 000.css").unlink()
    again = aws("s3", "sync", folder, f"s3://{bucket}/site", "--delete", "--no-progress")
    assert (again.count("upload: "), again.count("delete: ")) == (1, 1)
    assert len(keys(s3, bucket)) == 199


def test_cp_ls_and_rm_of_the_aws_cli(aws, s3, bucket, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(1 << 20) * 20)
    aws("s3", "cp", big, f"s3://{bucket}/big.bin", "--no-progress", "--metadata", "k=v", "--cache-control", "max-age=5")
    head = s3.head_object(Bucket=bucket, Key="big.bin")
    assert (head["Metadata"], head["CacheControl"], head["ETag"][-3:]) == ({"k": "v"}, "max-age=5", '-3"')
    assert "big.bin" in aws("s3", "ls", f"s3://{bucket}/")
    aws("s3", "cp", f"s3://{bucket}/big.bin", f"s3://{bucket}/copy.bin", "--no-progress")
    aws("s3", "cp", f"s3://{bucket}/copy.bin", tmp_path / "back.bin", "--no-progress")
    assert (tmp_path / "back.bin").read_bytes() == big.read_bytes()
    aws("s3", "rm", f"s3://{bucket}", "--recursive")
    assert keys(s3, bucket) == []
    aws("s3", "rb", f"s3://{bucket}")
    assert "NoSuchBucket" in aws("s3", "ls", f"s3://{bucket}/", fails=True)


def test_a_presigned_url_works(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a b", Body=b"hello")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b"}, ExpiresIn=60)
    assert urllib.request.urlopen(url).read() == b"hello"
