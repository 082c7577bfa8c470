"""A stand-in for the Docker SDK for Python, so that MiniStack's rollout engine runs without a Docker engine.

What a container does is said by its image's name or tag, as in `driftless simulate`:

    crash     exits with code 1 soon after it started
    nopull    cannot be pulled
    (else)    runs until it is stopped

Only what MiniStack 1.5 calls is here. The folder above this one belongs on MiniStack's PYTHONPATH, and on no other's.
"""
import threading
import time
import uuid

from . import errors

CRASHES_AFTER = 0.2


class Container:
    """One container; its state follows from the time and its image."""

    def __init__(self, image, options):
        self.id = uuid.uuid4().hex + uuid.uuid4().hex
        self.name = options.get("name") or self.id[:12]
        self.labels = dict(options.get("labels") or {})
        # MiniStack pins a deployment's tags to digests; the word that decides stands in the tag.
        self.image_name = TAGGED.get(image.rpartition("@")[2], image)
        self.started = time.monotonic()
        self.stopped = threading.Event()

    @property
    def exit_code(self):
        """None while it runs; 143 is SIGTERM's."""
        if "crash" in self.image_name and time.monotonic() - self.started > CRASHES_AFTER:
            return 1
        return 143 if self.stopped.is_set() else None

    @property
    def status(self):
        return "running" if self.exit_code is None else "exited"

    @property
    def attrs(self):
        """The part of `docker inspect` that MiniStack reads."""
        code = self.exit_code
        network = {"IPAddress": "127.0.0.9"}
        return {
            "Id": self.id,
            "Image": digest(self.image_name),
            "Config": {"Labels": self.labels},
            "State": {"Status": self.status, "Running": code is None, "ExitCode": code or 0, "Health": {"Status": "healthy"}},
            "NetworkSettings": {"Networks": {"bridge": network}, "Ports": {}, **network},
        }

    def reload(self):
        """The state is computed whenever it is read."""

    def stop(self, **_):
        self.stopped.set()

    kill = stop

    def remove(self, **_):
        self.stopped.set()
        CONTAINERS.pop(self.id, None)

    def wait(self, **_):
        while self.exit_code is None:
            self.stopped.wait(0.05)
        return {"StatusCode": self.exit_code}

    def logs(self, stream=False, follow=False, **_):
        return iter(()) if stream or follow else b""


class Image:
    """An image that could be pulled."""

    def __init__(self, name):
        self.id = digest(name)
        self.attrs = {"RepoDigests": [f"{name.split('@')[0]}@{self.id}"], "Id": self.id}

    def tag(self, *_, **__):
        return True


CONTAINERS = {}
TAGGED = {}


class Containers:
    """client.containers"""

    def run(self, image, *_, **options):
        container = Container(str(image), options)
        CONTAINERS[container.id] = container
        return container

    create = run

    def get(self, wanted):
        for container in list(CONTAINERS.values()):
            if wanted and (container.id.startswith(wanted) or container.name == wanted):
                return container
        raise errors.NotFound(f"no such container: {wanted}")

    def list(self, **_):
        return list(CONTAINERS.values())


class Images:
    """client.images"""

    def pull(self, name, **_):
        if "nopull" in name:
            raise errors.ImageNotFound(f"manifest for {name} not found: manifest unknown")
        return Image(name)

    get = get_registry_data = pull


class Nothing:
    """client.networks and client.volumes: there are none."""

    def list(self, *_, **__):
        return []

    def get(self, wanted):
        raise errors.NotFound(f"no such thing: {wanted}")


class DockerClient:
    """What docker.from_env() answers."""

    def __init__(self):
        self.containers, self.images = Containers(), Images()
        self.networks = self.volumes = Nothing()

    def ping(self):
        return True

    def version(self):
        return {"Version": "stand-in"}

    def info(self):
        return {}

    def close(self):
        """Nothing is open."""


def digest(name):
    """A digest that the same image's name always has, and that leads back to the name."""
    if "@" in name:
        return name.rpartition("@")[2]
    value = "sha256:" + uuid.uuid5(uuid.NAMESPACE_URL, name).hex * 2
    TAGGED[value] = name
    return value


def from_env(**_):
    return DockerClient()
