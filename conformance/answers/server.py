"""A server that gives one recorded answer of ECS, to the letter, to whoever reads, and refuses every write."""
import json

from harness.listening import Listening, QuietHandler
from harness.servers import ACCOUNT


class AnsweringServer(Listening):
    """Listens on a free port of 127.0.0.1. `writes` are the actions that it refused."""

    def __init__(self, service, task_definition):
        self.service, self.task_definition, self.writes = service, task_definition, []
        answering = self

        class Handler(QuietHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, kind, answer = answering.answer(self.headers.get("X-Amz-Target"), body)
                data = answer.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.listen(Handler)

    def answer(self, target, body):
        """(status, content type, text) for one request; without a target it is STS."""
        if not target:
            return 200, "text/xml", (
                '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
                f"<Arn>arn:aws:iam::{ACCOUNT}:user/operator</Arn><UserId>AIDAEXAMPLE</UserId><Account>{ACCOUNT}</Account>"
                "</GetCallerIdentityResult></GetCallerIdentityResponse>"
            )
        action = target.rsplit(".", 1)[-1]
        answers = {
            "DescribeServices": {"services": [self.service], "failures": []},
            "DescribeTaskDefinition": {"taskDefinition": self.task_definition, "tags": []},
            "ListTaskDefinitions": {"taskDefinitionArns": [self.task_definition["taskDefinitionArn"]]},
            "ListServiceDeployments": {"serviceDeployments": []},
            "DescribeServiceDeployments": {"serviceDeployments": [], "failures": []},
            "DescribeServiceRevisions": {"serviceRevisions": [], "failures": []},
            "ListTasks": {"taskArns": []},
            "DescribeTasks": {"tasks": [], "failures": []},
            "GetResources": {"ResourceTagMappingList": []},
        }
        if action in answers:
            return 200, "application/x-amz-json-1.1", json.dumps(answers[action])
        self.writes.append(action)
        refusal = {"__type": "AccessDeniedException", "message": f"{action} is no reading"}
        return 400, "application/x-amz-json-1.1", json.dumps(refusal)
