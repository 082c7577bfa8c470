"""The simulator's Resource Groups Tagging API under boto3, with every answer checked against AWS's model."""
import uuid

import botocore.exceptions
import pytest

from harness import shapes
from harness.servers import REGION


@pytest.fixture
def tagging(strict):
    """A client of the tagging API; the test fails when any answer had a member, type or error code that AWS's model has not."""
    client = strict.client("resourcegroupstaggingapi")
    found = []
    shapes.watch(client, found)
    yield client
    assert found == []


def arns(tagging, **arguments):
    pages = tagging.get_paginator("get_resources").paginate(PaginationConfig={"PageSize": 2}, **arguments)
    return [own["ResourceARN"] for page in pages for own in page["ResourceTagMappingList"]]


def test_what_is_tagged_is_found_in_every_service(strict, tagging, shop, cluster):
    team = uuid.uuid4().hex
    service = shop.create("web", tags=[{"key": "team", "value": team}])["serviceArn"]
    bucket = f"b-{team[:8]}"
    strict.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    strict.client("codedeploy").create_application(applicationName=f"a-{team[:8]}", tags=[{"Key": "team", "Value": team}])
    tagged = tagging.tag_resources(ResourceARNList=[f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::none-{team}"], Tags={"team": team, "kind": "bucket"})
    assert list(tagged["FailedResourcesMap"]) == [f"arn:aws:s3:::none-{team}"]
    ours = [{"Key": "team", "Values": [team]}]
    application = f"arn:aws:codedeploy:{REGION}:123456789012:application:a-{team[:8]}"
    assert sorted(arns(tagging, TagFilters=ours)) == sorted([service, application, f"arn:aws:s3:::{bucket}"])
    assert arns(tagging, TagFilters=ours, ResourceTypeFilters=["ecs:service"]) == [service]
    assert arns(tagging, TagFilters=[*ours, {"Key": "kind", "Values": ["bucket", "pail"]}]) == [f"arn:aws:s3:::{bucket}"]
    values = [value for page in tagging.get_paginator("get_tag_values").paginate(Key="team") for value in page["TagValues"]]
    assert team in values
    assert "team" in [key for page in tagging.get_paginator("get_tag_keys").paginate() for key in page["TagKeys"]]
    tagging.untag_resources(ResourceARNList=[f"arn:aws:s3:::{bucket}"], TagKeys=["team"])
    assert f"arn:aws:s3:::{bucket}" not in arns(tagging, TagFilters=ours)


def test_filters_and_arns_exclude_each_other(tagging):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        tagging.get_resources(ResourceARNList=["arn:aws:s3:::a"], TagFilters=[{"Key": "a"}])
    assert raised.value.response["Error"]["Code"] == "InvalidParameterException"
