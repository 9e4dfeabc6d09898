"""The rows that cannot be stored: table, key and reason, in a CSV file for whoever keeps the warehouse."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.database.core.rejects_file import RejectsFile
from server.database.importing.flaws import Flaw
from server.warehouse.errors import LayoutError

HEADER: Final = ("table", "key", "outcome", "reason")
REJECTED, DOUBTFUL = "rejected", "stored, please check"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row for review: its key in the warehouse, what became of it, and why."""

    key: str
    outcome: str
    flaws: Sequence[Flaw]


def open_rejects(path: Path) -> RejectsFile:
    """Return the file of a command. It raises LayoutError if it cannot be written."""

    def failed(reason: str) -> LayoutError:
        return LayoutError(f"--rejects {path}", f"a file that can be written ({reason})")

    return RejectsFile(path, HEADER, failed)


def write_rejects(file: RejectsFile, table: str, rows: Sequence[Reject]) -> None:
    """Add the rows of a page."""
    for row in rows:
        file.write(table, row.key, row.outcome, "; ".join(flaw.text for flaw in row.flaws))
    file.flush()
