"""The rows that cannot be stored: table, key and reason, in a CSV file for whoever keeps the warehouse."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

from server.database.core.csv_cells import plain_cell
from server.database.importing.flaws import Flaw
from server.warehouse.errors import LayoutError

MOST_ROWS: Final = 100_000
REJECTED, DOUBTFUL = "rejected", "stored, please check"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row for review: its key in the warehouse, what became of it, and why."""

    key: str
    outcome: str
    flaws: Sequence[Flaw]


class Rejects:
    """The file of a command, which its first row makes; one of an earlier command is removed. It holds
    MOST_ROWS; the rest is counted in ``left_out``. Raises LayoutError if it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._written = 0
        self.left_out = 0
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise LayoutError(f"--rejects {path}", f"a file that can be written ({error.strerror})") from None

    def __enter__(self) -> "Rejects":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def path(self) -> Path | None:
        """The file, or None if no row needed it."""
        return None if self._file is None else self._path

    def write(self, table: str, rows: Sequence[Reject]) -> None:
        """Add rows of a table."""
        for row in rows:
            if self._written == MOST_ROWS:
                self.left_out += 1
                continue
            reason = "; ".join(flaw.text for flaw in row.flaws)
            self._writer().writerow(plain_cell(cell) for cell in (table, row.key, row.outcome, reason))
            self._written += 1
        if self._file is not None:
            self._file.flush()

    def _writer(self) -> Any:
        if self._file is None:
            try:
                self._file = self._path.open("w", encoding="utf-8", newline="")
            except OSError as error:
                reason = f"a file that can be written ({error.strerror})"
                raise LayoutError(f"--rejects {self._path}", reason) from None
            csv.writer(self._file).writerow(("table", "key", "outcome", "reason"))
        return csv.writer(self._file)
