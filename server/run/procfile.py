"""The Procfile: the kinds of processes, and how to start each."""

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from server.errors import UserError

LINE = re.compile(r"(?P<kind>[A-Za-z][A-Za-z0-9_-]*):\s*(?P<command>.+)")
PROCFILE = Path(__file__).resolve().parents[2] / "Procfile"


@dataclass(frozen=True, slots=True)
class Instance:
    """One process of the formation. ``name`` is its kind and number, as in ``web.1``."""

    name: str
    argv: tuple[str, ...]


class ProcfileError(UserError):
    """The Procfile cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def read_formation(path: Path, counts: dict[str, int]) -> list[Instance]:
    """Return as many instances of each kind as ``counts`` says. ``python`` stands for this interpreter.

    Raises ProcfileError.
    """
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise ProcfileError(path, error.strerror or str(error)) from error
    commands = {}
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parsed = LINE.fullmatch(line.strip())
        if parsed is None:
            raise ProcfileError(path, f"expected 'kind: command', found {line!r}")
        commands[parsed["kind"]] = shlex.split(parsed["command"])
    missing = [kind for kind, count in counts.items() if count and kind not in commands]
    if missing:
        raise ProcfileError(path, f"it has no line for {', '.join(missing)}")
    return [
        Instance(f"{kind}.{number}", (_program(commands[kind][0]), *commands[kind][1:]))
        for kind, count in counts.items()
        for number in range(1, count + 1)
    ]


def _program(word: str) -> str:
    return sys.executable if word == "python" else word
