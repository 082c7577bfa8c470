"""Where conformance/run has put the clients that other people wrote."""
import os
import pathlib
import shutil

import pytest

from .processes import ROOT

PYTHON = pathlib.Path(os.environ.get("CONFORMANCE_CLIENTS", ROOT / "target/conformance-clients")) / "bin"
NODE = pathlib.Path(os.environ.get("CONFORMANCE_NODE", ROOT / "target/conformance-node"))


def require_node():
    """Skips a test where it cannot run, and says why."""
    if not shutil.which("node"):
        pytest.skip("there is no `node` here; conformance/run needs Node 20 with npm for this")
    if not (NODE / "node_modules").is_dir():
        pytest.skip("npm could not install the packages of conformance/clients/package.json")
