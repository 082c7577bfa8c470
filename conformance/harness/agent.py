"""A configuration and a source directory for the real binary, and its commands."""
import json
import pathlib
import subprocess

import yaml

from . import servers
from .processes import clean_environment


class Project:
    """A folder with `driftless.yaml` and its source `deploy/`, run against one endpoint."""

    def __init__(self, folder, url, name="conformance", ca=None, pace=1):
        self.folder = pathlib.Path(folder)
        self.deploy = self.folder / "deploy"
        self.deploy.mkdir(parents=True, exist_ok=True)
        self.ca = ca
        # Divides the agent's waits, so that it looks as often as the server's clock asks for.
        self.pace = pace
        config = {
            "apiVersion": "driftless/v1alpha1",
            "kind": "Agent",
            "metadata": {"name": name},
            "spec": {
                "source": {"directory": {"path": "./deploy"}},
                "targets": [{"name": "test", "region": servers.REGION, "endpointUrl": url}],
            },
        }
        (self.folder / "driftless.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def write(self, name, content):
        """A file of the source: text and bytes as they are, anything else as JSON."""
        path = self.deploy / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
        return path

    def service(self, name, spec):
        """A manifest of kind EcsService in a file named after it."""
        manifest = {"apiVersion": "driftless/v1alpha1", "kind": "EcsService", "metadata": {"name": name}, "spec": spec}
        self.write(f"{name}.yaml", yaml.safe_dump(manifest, sort_keys=False))

    def run(self, command, *options, code=None, timeout=180):
        """Runs one command; with `code`, that exit code is required."""
        words = [servers.binary(), command, "--config", self.folder / "driftless.yaml", "--pace", self.pace, *options]
        env = clean_environment()
        if self.ca:
            env["AWS_CA_BUNDLE"] = str(self.ca)
        done = subprocess.run(
            [str(word) for word in words],
            capture_output=True,
            text=True,
            env=env,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        if code is not None:
            assert done.returncode == code, f"{command} ended with {done.returncode}, not {code}\n{show(done)}"
        return done


def show(done):
    """What a command said, for a failure's message."""
    return f"--- stdout\n{done.stdout[-6000:]}\n--- stderr\n{done.stderr[-6000:]}"
