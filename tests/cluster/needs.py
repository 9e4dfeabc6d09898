"""What these tests need besides the project's own packages."""

import os
import shutil
from pathlib import Path
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


def postgres_with_tls() -> Path:
    """Return the folder of a PostgreSQL that speaks TLS, with its server and clients: the system's. The
    wheel's is built without it.

    Skips the test, or fails, as ``binary`` does.
    """
    beside = shutil.which("pg_dump")
    found = [Path(beside).resolve().parent] if beside else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[::-1]
    wanted = ("postgres", "initdb", "pg_dump", "psql")
    whole = next((folder for folder in found if all((folder / name).exists() for name in wanted)), None)
    if whole is None:
        missing("this machine has no PostgreSQL server that speaks TLS: install postgresql to run this test")
    return whole


def missing(wanted: str) -> NoReturn:
    """Skip the test because of what ``wanted`` says; with ``DEAL_TEST_ALL`` the test fails."""
    if os.environ.get("DEAL_TEST_ALL"):
        pytest.fail(wanted)
    pytest.skip(wanted)
