"""MinIO's client for S3: <https://min.io/docs/minio/linux/developers/python/API.html>."""


def test_objects_come_and_go_and_a_bucket_says_what_it_has_not(python, paced):
    said = python("minio_client.py", paced.url.removeprefix("http://"))
    assert (said["size"], said["range"]) == (2 * (5 << 20) + 4, True)
    assert (said["metadata"], said["tags"]) == ("greeting", {"team": "shop"})
    assert sorted(said["first"]) == ["a b/", "big", "copy"]
    assert said["second"] == ["a b/ü+.txt", "big", "copy"]
    assert (said["policy"], said["lifecycle"], said["encryption"]) == ("NoSuchBucketPolicy", None, True)
    assert (said["presigned"], said["expired"]) == (200, 403)
    assert (said["missing"], said["full"]) == ("NoSuchKey", "BucketNotEmpty")
