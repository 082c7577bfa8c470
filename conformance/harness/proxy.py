"""A reverse proxy in front of a server, which counts the calls and keeps what was asked and answered."""
import dataclasses
import http.client
import json
import ssl
import threading
import urllib.parse

from harness.listening import Listening, QuietHandler

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "proxy-connection", "te", "upgrade", "content-length"}
READING = ("Describe", "List", "Get", "BatchGet", "AssumeRole", "HEAD ", "GET ")


@dataclasses.dataclass
class Call:
    """One request and its answer; the bodies are parsed where they are JSON."""

    action: str
    request: dict
    status: int
    answer: dict

    @property
    def mutating(self):
        """Whether the action writes, by its name: AWS's reading actions begin with Describe, List, Get and BatchGet; S3's are
        HTTP's GET and HEAD."""
        return not self.action.startswith(READING)


class CountingProxy(Listening):
    """Listens on a free port of 127.0.0.1 and forwards everything to `endpoint`."""

    def __init__(self, endpoint):
        self.calls = []
        self.endpoint = endpoint
        self.upstream = urllib.parse.urlsplit(endpoint.url)
        self.lock = threading.Lock()
        proxy = self

        class Handler(QuietHandler):
            def forward(self):
                proxy.forward(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = forward

        self.listen(Handler)

    def connect(self):
        """A connection to the server behind; https with the CA given by hand, if one was."""
        if self.upstream.scheme == "https":
            context = ssl.create_default_context(cafile=self.endpoint.ca)
            return http.client.HTTPSConnection(self.upstream.netloc, timeout=60, context=context)
        return http.client.HTTPConnection(self.upstream.netloc, timeout=60)

    def forward(self, handler):
        """Passes one request on with the Host it was signed for, and the answer back."""
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        headers = {key: value for key, value in handler.headers.items() if key.lower() not in HOP_BY_HOP}
        headers["Content-Length"] = str(len(body))
        connection = self.connect()
        try:
            connection.request(handler.command, handler.path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        call = Call(action(handler, body), parsed(body), answer.status, parsed(data))
        with self.lock:
            self.calls.append(call)
        handler.send_response_only(answer.status, answer.reason)
        for key, value in answer.getheaders():
            if key.lower() not in HOP_BY_HOP:
                handler.send_header(key, value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def taken(self):
        """The calls since the last look, in the order in which they were answered."""
        with self.lock:
            calls, self.calls = self.calls, []
        return calls


def action(handler, body):
    """The API's action: of awsJson in X-Amz-Target, of awsQuery in the form."""
    target = handler.headers.get("X-Amz-Target")
    if target:
        return target.rsplit(".", 1)[-1]
    form = urllib.parse.parse_qs(body.decode(errors="replace"))
    return form.get("Action", [f"{handler.command} {handler.path}"])[0]


def parsed(data):
    """A JSON object, or {} for anything else."""
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def mutations(calls):
    """The actions that write, in order."""
    return [call.action for call in calls if call.mutating]
