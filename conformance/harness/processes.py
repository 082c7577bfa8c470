"""Starts server processes on free ports of 127.0.0.1, waits until they answer, and stops them, also after a failure."""
import atexit
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOGS = ROOT / "target" / "conformance-logs"
_running = []


def free_port():
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A child process in a group of its own; its output goes to target/conformance-logs/NAME.log."""

    def __init__(self, name, command, env=None):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = LOGS / f"{name}.log"
        self.output = self.log.open("wb")
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            env={**clean_environment(), **(env or {})},
            start_new_session=True,
        )
        _running.append(self)

    def wait_for_port(self, port, seconds=60):
        """Returns once 127.0.0.1:port accepts connections."""

        def accepts():
            with socket.socket() as probe:
                probe.settimeout(1)
                return probe.connect_ex(("127.0.0.1", port)) == 0

        self.wait_until(accepts, f"port {port} accepts connections", seconds)

    def wait_for_line(self, start, seconds=60):
        """The first line of output that starts with `start`."""

        def line():
            for candidate in self.log.read_text(errors="replace").splitlines():
                if candidate.startswith(start):
                    return candidate
            return None

        return self.wait_until(line, f"a line starts with {start!r}", seconds)

    def wait_until(self, ready, what, seconds):
        """Polls `ready` until it is true; fails at once when the process has ended."""
        end = time.monotonic() + seconds
        while True:
            result = ready()
            if result:
                return result
            if self.process.poll() is not None or time.monotonic() > end:
                tail = self.log.read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"{self.name}: not seen within {seconds} s: {what}\n{tail}")
            time.sleep(0.05)

    def stop(self):
        """Ends the whole group: SIGTERM, and after 5 s SIGKILL."""
        if self in _running:
            _running.remove(self)
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
            except ProcessLookupError:
                pass
            try:
                self.process.wait(5)
                break
            except subprocess.TimeoutExpired:
                continue
        self.output.close()


def clean_environment():
    """This process's environment without anything that could lead a client to a real account or another endpoint."""
    dropped = ("AWS_", "GITLAB_", "CI_", "MOTO_", "PYTHONPATH")
    env = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    env.update(
        AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
        AWS_SECRET_ACCESS_KEY="example",
        AWS_DEFAULT_REGION="eu-central-1",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_PAGER="",
        NO_PROXY="127.0.0.1,localhost",
        no_proxy="127.0.0.1,localhost",
    )
    return env


@atexit.register
def _stop_all():
    for server in list(_running):
        server.stop()
