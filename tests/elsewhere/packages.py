"""Packages of npm that only tests use: `tools/installation.py test` installs them beside this file."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.services import ROOT

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"


def package(name: str) -> Path:
    """Return the folder of a package. Where it could not be installed the test is skipped; where
    DEAL_TEST_ALL is set, as in CI, it fails.
    """
    folder = PACKAGES / name
    if not folder.is_dir():
        said = f"{name} is not installed: `python3 tools/bootstrap.py test` says why"
        if os.environ.get("DEAL_TEST_ALL"):
            pytest.fail(said)
        pytest.skip(said)
    return folder


def run_node(script: str, *arguments: str) -> str:
    """Run a script of this folder with the Node that set-up found, and return what it printed."""
    node = shutil.which("node", path=f"{os.environ.get('PATH', '')}{os.pathsep}{ROOT / '.venv' / 'bin'}")
    assert node is not None
    argv = [node, str(HERE / script), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout
