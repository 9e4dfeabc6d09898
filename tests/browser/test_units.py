"""The web client's own tests, which need Node but no browser."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_clients_units() -> None:
    """Rows, ranking, edits, channel, connection and text behave as their own tests say."""
    done = subprocess.run(
        [sys.executable, "tools/bootstrap.py", "npm", "test"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fail 0" in done.stdout
