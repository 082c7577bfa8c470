"""Our stand-in for the Docker SDK does what MiniStack asks of it."""
import importlib.util
import pathlib
import sys
import time

import pytest


@pytest.fixture
def docker():
    """The module, under another name than the real SDK's, which moto has installed."""
    folder = pathlib.Path(__file__).parent / "docker"
    spec = importlib.util.spec_from_file_location("docker_stub", folder / "__init__.py", submodule_search_locations=[str(folder)])
    module = importlib.util.module_from_spec(spec)
    sys.modules["docker_stub"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["docker_stub"]


def test_a_container_runs_until_it_is_stopped(docker):
    container = docker.from_env(timeout=1).containers.run("shop/web:1.0.0", detach=True)
    assert container.status == "running" and container.attrs["State"]["Running"]
    container.stop(timeout=5)
    assert container.status == "exited" and container.wait()["StatusCode"] == 143


def test_a_crashing_container_ends_with_code_1(docker):
    container = docker.from_env().containers.run("shop/web:crash")
    assert container.status == "running"
    time.sleep(docker.CRASHES_AFTER + 0.1)
    assert container.wait() == {"StatusCode": 1}


def test_an_image_pinned_to_its_digest_behaves_as_its_tag_says(docker):
    client = docker.from_env()
    pinned = client.images.get_registry_data("shop/web:crash").id
    container = client.containers.run(f"shop/web@{pinned}")
    time.sleep(docker.CRASHES_AFTER + 0.1)
    assert container.status == "exited"
    assert client.images.pull(f"shop/web@{pinned}").id == pinned


def test_an_image_can_be_missing_and_a_removed_container_is_gone(docker):
    client = docker.from_env()
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.pull("shop/web:nopull")
    container = client.containers.run("shop/web:1.0.0")
    assert client.containers.get(container.id) is container
    container.remove(force=True)
    with pytest.raises(docker.errors.NotFound):
        client.containers.get(container.id)
