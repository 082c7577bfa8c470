"""The harness can fail: what it must notice, it notices."""
import boto3
import pytest

from harness import shapes
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


def test_reading_is_not_writing():
    calls = [Call(action, {}, 200, {}) for action in ("DescribeServices", "ListTasks", "GetCallerIdentity", "TagResource", "CreateService")]
    assert mutations(calls) == ["TagResource", "CreateService"]
