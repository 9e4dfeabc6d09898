"""What a web process imports before it is ready."""

import subprocess
import sys

from tests.services import ROOT

LATER = (
    "numpy",
    "server.finance.plan",
    "server.finance.quoting",
    "typer",
    "pydantic",
    "sqlalchemy",
    "alembic",
)
"""Needed to compute, or by other commands; together they took as long as everything else."""


def test_a_web_process_is_ready_before_it_can_compute() -> None:
    """NumPy and what is built on it come once it is ready; a parser of options never does."""
    script = "import sys, server.run.processes, server.run.app, server.hub.assembly; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {*LATER} & {*done.stdout.split()}
