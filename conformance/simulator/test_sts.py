"""STS of the simulator under boto3."""
import base64
import json
import time

import botocore
import botocore.config
import botocore.session
import pytest

from harness import servers


def test_get_caller_identity_names_the_account(strict):
    answer = strict.client("sts").get_caller_identity()
    assert answer["Account"] == servers.ACCOUNT
    assert answer["Arn"].startswith("arn:aws:") and answer["UserId"]


def token():
    """An ID token in GitLab's form; its signature is none that anybody could check."""
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    claims = {"iss": "https://gitlab.example.com", "aud": "https://gitlab.example.com", "sub": "project_path:acme/deploy:ref_type:branch:ref:main"}
    claims.update(iat=int(time.time()), exp=int(time.time()) + 3600)
    return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.c2lnbmF0dXJl"


def test_assume_role_with_web_identity_gives_credentials_that_expire(strict):
    answer = strict.client("sts").assume_role_with_web_identity(
        RoleArn="arn:aws:iam::123456789012:role/deploy", RoleSessionName="driftless", WebIdentityToken=token()
    )
    credentials = answer["Credentials"]
    assert credentials["AccessKeyId"] and credentials["SecretAccessKey"] and credentials["SessionToken"]
    assert credentials["Expiration"].tzinfo is not None
    assert answer["AssumedRoleUser"]["Arn"].startswith("arn:aws:sts::123456789012:assumed-role/deploy/")


def test_a_token_that_is_none_is_refused(strict):
    client = strict.client("sts")
    with pytest.raises(client.exceptions.InvalidIdentityTokenException):
        client.assume_role_with_web_identity(
            RoleArn="arn:aws:iam::123456789012:role/deploy", RoleSessionName="driftless", WebIdentityToken="not-a-token"
        )
