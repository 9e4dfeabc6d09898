"""Commands that run in this process, as their program does, up to its exit code.

Starting Python and importing the commands is nearly all that most of them take. ``test_commands`` runs the
program itself.
"""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

from server.__main__ import main


def run_here(*words: str, environ: Mapping[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``deal-architect`` with arguments; return its exit code and what it wrote."""
    # These replace their process by one with fewer rights: here it would be that of the tests.
    assert words[0] not in {"up", "web", "worker"}, words
    given = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    out, err = _Written(), _Written()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    code: int | str | None = 0
    try:
        with (
            patch.dict(os.environ, environ, clear=True),
            patch.object(sys, "argv", ["deal-architect", *words]),
            patch.object(sys, "stdin", given),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            main()
    except SystemExit as exit_:
        code = exit_.code
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert code is None or isinstance(code, int), code
    return subprocess.CompletedProcess(words, code or 0, out.text(), err.text())


class _Written(io.TextIOWrapper):
    """A standard stream that keeps what is written to it."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, encoding="utf-8", write_through=True)

    def text(self) -> str:
        """Return all of it."""
        return self._bytes.getvalue().decode()
