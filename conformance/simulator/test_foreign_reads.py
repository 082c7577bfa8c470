"""What the AWS CLI, the CDK and S3's other clients ask for beside the agent's calls, with every answer checked against AWS's model."""
import botocore.exceptions
import pytest

from harness import query_shapes, shapes
from harness.servers import REGION


@pytest.fixture
def checked(strict):
    """checked("ecs") -> a client; the test fails when any answer is not of AWS's model."""
    found = []

    def make(service):
        client = strict.client(service)
        (query_shapes if client.meta.service_model.metadata["protocol"] == "query" else shapes).watch(client, found)
        return client

    yield make
    assert found == []


def refused(call, **options):
    """The code of a call that AWS refuses."""
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**options)
    return error.value.response["Error"]["Code"]


def test_ecs_tells_of_clusters_instances_providers_and_settings(checked, cluster, shop):
    ecs = checked("ecs")
    arns = ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    assert len(ecs.describe_container_instances(cluster=cluster, containerInstances=arns)["containerInstances"]) == len(arns) == 2
    names = {provider["name"] for provider in ecs.describe_capacity_providers()["capacityProviders"]}
    assert names == {"FARGATE", "FARGATE_SPOT"}
    ecs.put_cluster_capacity_providers(cluster=cluster, capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[])
    ecs.update_cluster(cluster=cluster, settings=[{"name": "containerInsights", "value": "enabled"}])
    ecs.put_account_setting(name="awsvpcTrunking", value="enabled")
    assert {"name": "awsvpcTrunking", "value": "enabled"}.items() <= ecs.list_account_settings()["settings"][0].items()
    arn = shop.register(f"{cluster}-old")
    ecs.deregister_task_definition(taskDefinition=arn)
    assert ecs.delete_task_definitions(taskDefinitions=[arn])["taskDefinitions"][0]["status"] == "DELETE_IN_PROGRESS"


def test_a_fargate_task_shows_its_interface(checked, cluster, shop):
    ecs = checked("ecs")
    definition = shop.register(f"{cluster}-forever", image="registry.example.com/shop/forever:1")
    options = {"cluster": cluster, "launchType": "FARGATE", "networkConfiguration": shop.NETWORK, "startedBy": "ECS Deploy"}
    task = ecs.run_task(taskDefinition=definition, **options)["tasks"][0]
    ecs.get_waiter("tasks_running").wait(cluster=cluster, tasks=[task["taskArn"]], WaiterConfig={"Delay": 1})
    ecs.stop_task(cluster=cluster, task=task["taskArn"])
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[task["taskArn"]], WaiterConfig={"Delay": 1})
    stopped = ecs.describe_tasks(cluster=cluster, tasks=[task["taskArn"]])["tasks"][0]
    assert stopped["attachments"][0]["type"] == "ElasticNetworkInterface"
    assert stopped["pullStartedAt"] < stopped["startedAt"] < stopped["executionStoppedAt"]


def test_sts_ssm_ecr_and_types_answer_who_deploys_with_the_cdk(checked):
    sts = checked("sts")
    role = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/cdk", RoleSessionName="me")
    assert role["Credentials"]["Expiration"].tzinfo is not None and sts.get_session_token()["Credentials"]
    ssm = checked("ssm")
    assert refused(ssm.get_parameter, Name="/nothing") == "ParameterNotFound"
    ssm.put_parameter(Name="/shop/tag", Value="1", Type="String")
    assert ssm.get_parameter(Name="/shop/tag")["Parameter"]["Value"] == "1"
    assert ssm.get_parameters(Names=["/shop/tag", "/x"])["InvalidParameters"] == ["/x"]
    assert [own["Name"] for own in ssm.get_parameters_by_path(Path="/shop")["Parameters"]] == ["/shop/tag"]
    ecr = checked("ecr")
    assert ecr.describe_repositories()["repositories"] == []
    assert refused(ecr.describe_repositories, repositoryNames=["nobody"]) == "RepositoryNotFoundException"
    types = checked("cloudformation")
    assert types.describe_type(Type="RESOURCE", TypeName="AWS::SNS::Topic")["ProvisioningType"] == "FULLY_MUTABLE"


def test_s3_tells_of_a_new_bucket_and_its_objects(checked):
    s3, bucket = checked("s3"), "foreign-reads"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"hello")
    assert [own["Key"] for own in s3.list_objects(Bucket=bucket)["Contents"]] == ["a/b"]
    assert s3.list_objects(Bucket=bucket, Delimiter="/")["CommonPrefixes"] == [{"Prefix": "a/"}]
    asked = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    attributes = s3.get_object_attributes(Bucket=bucket, Key="a/b", ObjectAttributes=asked)
    assert (attributes["ETag"], attributes["ObjectSize"]) == ("5d41402abc4b2a76b9719d911017c592", 5)
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert s3.get_object_acl(Bucket=bucket, Key="a/b")["Owner"]
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicAcls"]
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    for call in (s3.get_bucket_notification_configuration, s3.get_bucket_logging, s3.get_bucket_accelerate_configuration):
        call(Bucket=bucket)
    for call, code in (
        (s3.get_bucket_policy, "NoSuchBucketPolicy"),
        (s3.get_bucket_cors, "NoSuchCORSConfiguration"),
        (s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration"),
        (s3.get_bucket_website, "NoSuchWebsiteConfiguration"),
        (s3.get_bucket_replication, "ReplicationConfigurationNotFoundError"),
    ):
        assert refused(call, Bucket=bucket) == code
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    assert s3.get_bucket_website(Bucket=bucket)["IndexDocument"] == {"Suffix": "index.html"}
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["ID"] == "old"
    s3.put_bucket_policy(Bucket=bucket, Policy='{"Version": "2012-10-17", "Statement": []}')
    assert "Statement" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)


def test_an_upload_in_parts_takes_the_checksums_that_the_sdk_sends_by_itself(checked):
    s3, bucket = checked("s3"), "foreign-parts"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    upload = {"Bucket": bucket, "Key": "big", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]}
    parts = []
    for number, body in ((1, b"a" * (5 << 20)), (2, b"tail")):
        put = s3.upload_part(PartNumber=number, Body=body, **upload)
        assert put["ChecksumCRC32"]
        parts.append({"PartNumber": number, "ETag": put["ETag"], "ChecksumCRC32": put["ChecksumCRC32"]})
    assert s3.list_parts(**upload)["Initiator"]
    done = s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload)
    assert done["Location"].endswith(f"/{bucket}/big") and done["Location"].startswith("http")
    head = s3.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] and head["ChecksumType"] == "FULL_OBJECT"
