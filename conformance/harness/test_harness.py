"""The harness can fail: what it must notice, it notices."""
import boto3
import pytest

from harness import shapes, xml_shapes
from harness.proxy import Call, mutations


@pytest.fixture(scope="module")
def model():
    """botocore's model of ECS."""
    return boto3.client("ecs", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b").meta.service_model


def test_a_good_answer_has_no_problem(model):
    assert shapes.problems(model, "ListServices", {"serviceArns": ["arn:aws:ecs:eu-central-1:1:service/a/b"], "nextToken": "x"}) == []


@pytest.mark.parametrize(
    "answer, problem",
    [
        ({"serviceArns": [], "invented": 1}, "/invented: ListServicesResponse has no such member"),
        ({"serviceArns": "a"}, '/serviceArns: str "a" where StringList is a list'),
        ({"serviceArns": [7]}, "/serviceArns/0: int 7 where String is a string"),
        ({"serviceArns": None}, "/serviceArns: NoneType null where StringList is a list"),
    ],
)
def test_an_invention_and_a_wrong_type_are_noticed(model, answer, problem):
    assert shapes.problems(model, "ListServices", answer) == [problem]


def test_wrong_words_numbers_and_times_are_noticed(model):
    deployment = {"rolloutState": "DONE", "desiredCount": 1.5, "createdAt": "2026-11-23T00:00:00Z"}
    found = shapes.problems(model, "CreateService", {"service": {"deployments": [deployment]}})
    assert len(found) == 3 and all(line.startswith("/service/deployments/0/") for line in found)


@pytest.fixture(scope="module")
def listing():
    """The shape of S3's ListObjectsV2."""
    client = boto3.client("s3", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    return client.meta.service_model.operation_model("ListObjectsV2").output_shape


XML = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><KeyCount>1</KeyCount>%s</ListBucketResult>'
ITEM = "<Contents><Key>a</Key><Size>7</Size><LastModified>2026-11-24T00:00:00.000Z</LastModified></Contents>"


def read(listing, inside, headers=None):
    """What is wrong with an answer whose body has this inside it."""
    found = []
    answer = xml_shapes.document(listing, (XML % inside).encode(), headers or {}, found)
    shapes._walk(listing, answer, "", found)
    return found


def test_xml_that_is_as_the_model_says_has_no_problem(listing):
    assert read(listing, ITEM * 2, {"x-amz-request-charged": "requester", "content-type": "application/xml"}) == []


@pytest.mark.parametrize(
    "inside, problem",
    [
        ("<Invented>1</Invented>", "/Invented: there is no such member"),
        (ITEM.replace("Size", "Length"), "/Contents/Length: there is no such member"),
        (ITEM.replace(">7<", ">many<"), '/Contents/0/Size: str "many" where Size is a whole number'),
        (ITEM.replace("2026-11-24T00:00:00.000Z", "today"), "/Contents/LastModified: 'today' is no timestamp"),
        ("<IsTruncated>False</IsTruncated>", '/IsTruncated: str "False" where IsTruncated is true or false'),
        ("<Name>c</Name>", "/Name: it is there twice"),
    ],
)
def test_an_invention_and_a_wrong_type_are_noticed_in_xml(listing, inside, problem):
    assert read(listing, inside) == [problem]


def test_a_header_of_nobodys_is_noticed(listing):
    assert read(listing, "", {"x-amz-invented": "1"}) == ["/x-amz-invented: ListObjectsV2Output has no such header"]


def test_reading_is_not_writing():
    reads = ["DescribeServices", "ListTasks", "GetCallerIdentity", "AssumeRoleWithWebIdentity", "BatchGetDeployments"]
    reads += ["HEAD /bucket/key", "GET /bucket/?list-type=2"]
    writes = ["TagResource", "CreateService", "PUT /bucket/key"]
    assert mutations([Call(action, {}, 200, {}) for action in reads + writes]) == writes
