"""A CSV file of the rows that a person should look at, made by its first row and bounded in size."""

import csv
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

from server.database.core.csv_cells import plain_cell

REJECTS: Final = 100_000
REJECTS_BYTES: Final = 64 * 1024 * 1024
"""The size limits of a file: further rows are only counted."""


class RejectsFile:
    """Rows under ``header``: the first REJECTS, and no more than REJECTS_BYTES; ``left_out`` counts the rest.
    No spreadsheet reads a cell as a formula.

    ``begin`` comes before the first row. If the file cannot be written, both raise what ``failed`` makes of
    the reason.
    """

    def __init__(self, path: Path, header: Sequence[str], failed: Callable[[str], Exception]) -> None:
        self._path = path
        self._header = header
        self._failed = failed
        self._file: TextIO | None = None
        self._has_begun = False
        self._written = 0
        self._left_bytes = REJECTS_BYTES
        self.left_out = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def path(self) -> Path | None:
        """The path of the file, or None if no row needed it."""
        return None if self._file is None else self._path

    def begin(self) -> None:
        """Remove an earlier file; called again, this one too if it is full, so that new rows find room."""
        if self._has_begun and not self.left_out:
            return
        if self._file is not None:
            self._file.close()
        self._file = None
        self._has_begun = True
        self._written = self.left_out = 0
        self._left_bytes = REJECTS_BYTES
        with self._explained():
            if not self._path.parent.is_dir():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            self._path.unlink(missing_ok=True)

    def write(self, *cells: str | int) -> None:
        """Add one row, or count it in ``left_out`` if the file is full."""
        size = sum(len(str(cell).encode()) for cell in cells)
        if self.left_out or self._written == REJECTS or size > self._left_bytes:
            self.left_out += 1
            return
        self._written += 1
        self._left_bytes -= size
        if self._file is None:
            with self._explained():
                self._file = self._path.open("w", encoding="utf-8", newline="")
            self._write_row(self._file, self._header)
        self._write_row(self._file, cells)

    def flush(self) -> None:
        """Let others see the rows that were written."""
        if self._file is not None:
            self._file.flush()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._failed(error.strerror or type(error).__name__) from None

    @staticmethod
    def _write_row(file: TextIO, cells: Sequence[Any]) -> None:
        csv.writer(file).writerow(plain_cell(cell) for cell in cells)
