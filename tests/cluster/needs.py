"""What these tests need besides the project's own packages."""

import os
import shutil
from typing import NoReturn

import pytest


def binary(*names: str) -> str:
    """Return the path of the first of these programs that the machine has.

    Skips the test if there is none, and says which; with ``DEAL_TEST_ALL``, as in CI, the test fails.
    """
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing(f"this machine has no {' and no '.join(names)}: install one to run this test")
    return found


def missing(wanted: str) -> NoReturn:
    """Skip the test because of what ``wanted`` says; with ``DEAL_TEST_ALL`` the test fails."""
    if os.environ.get("DEAL_TEST_ALL"):
        pytest.fail(wanted)
    pytest.skip(wanted)
