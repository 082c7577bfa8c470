"""A small service to deploy, as a manifest's spec; a given endpoint's networks and image come from the environment."""
import os

SUBNET = os.environ.get("CONFORMANCE_SUBNET", "subnet-0a1b2c3d4e5f60718")
SECURITY_GROUP = os.environ.get("CONFORMANCE_SECURITY_GROUP", "sg-0a1b2c3d4e5f60718")
EXECUTION_ROLE = os.environ.get("CONFORMANCE_EXECUTION_ROLE", "arn:aws:iam::123456789012:role/ecsTaskExecutionRole")
IMAGE = os.environ.get("CONFORMANCE_IMAGE", "registry.example.com/shop/web:1.0.0")


def spec(cluster, family, image=IMAGE, environment=(("A", "1"), ("B", "2")), timeout="5m", **service):
    """`spec` of an EcsService: one Fargate container, and the service's members given by name."""
    container = {
        "name": "app",
        "image": image,
        "essential": True,
        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": name, "value": value} for name, value in environment],
    }
    network = {"subnets": [SUBNET], "securityGroups": [SECURITY_GROUP], "assignPublicIp": "ENABLED"}
    return {
        "cluster": cluster,
        "taskDefinition": {
            "inline": {
                "family": family,
                "requiresCompatibilities": ["FARGATE"],
                "networkMode": "awsvpc",
                "cpu": "256",
                "memory": "512",
                "executionRoleArn": EXECUTION_ROLE,
                "containerDefinitions": [container],
            }
        },
        "service": {
            "inline": {
                "desiredCount": 1,
                "launchType": "FARGATE",
                "platformVersion": "LATEST",
                "networkConfiguration": {"awsvpcConfiguration": network},
                **service,
            }
        },
        "rollout": {"timeout": timeout},
    }


def another(image=IMAGE, tag="1.1.0"):
    """The same image by another tag; a given endpoint may name its own in CONFORMANCE_IMAGE_2."""
    return os.environ.get("CONFORMANCE_IMAGE_2") or f"{image.rsplit(':', 1)[0]}:{tag}"
