"""The rows of a file, one at a time: plain or gzip, with the delimiter that its header uses."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TextIO, cast

from server.store.importing.columns import ImportFailed
from server.store.importing.parsing import Flaw

GZIP_MAGIC = b"\x1f\x8b"
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Row:
    """A row and the line where it begins. ``broken`` says why it could not be split into cells."""

    line: int
    cells: Sequence[str]
    broken: str | None = None


class InventoryFile:
    """An open file: its header, then its rows. Bytes that are not UTF-8 come as U+FFFD."""

    def __init__(self, text: TextIO, path: Path) -> None:
        self._path = path
        first = text.readline()
        if not first.strip():
            raise ImportFailed(f"{path}: the first line must name the columns")
        self._delimiter = max(DELIMITERS, key=first.count)
        self.header = tuple(next(csv.reader([first], delimiter=self._delimiter)))
        self._reader = csv.reader(text, delimiter=self._delimiter)

    def rows(self) -> Iterator[Row]:
        """Yield every row that is not empty. Raises ImportFailed where the file itself is damaged."""
        while True:
            line = self._reader.line_num + 2  # the header is line 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line, (), f"cannot be split into cells: {error}")
                continue
            except (EOFError, zlib.error, OSError) as error:
                raise ImportFailed(f"{self._path} is damaged after line {line - 1}: {error}") from error
            if cells:
                yield Row(line, cells)


@contextmanager
def open_inventory(path: Path) -> Iterator[InventoryFile]:
    """Open a CSV file, gzip or not. Raises ImportFailed where it cannot be read."""
    try:
        with path.open("rb") as raw:
            compressed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        with path.open("rb") as raw:
            data = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if compressed else raw
            with io.TextIOWrapper(data, encoding="utf-8-sig", errors="replace", newline="") as text:
                yield InventoryFile(text, path)
    except (OSError, EOFError, zlib.error) as error:
        raise ImportFailed(f"{path}: {error}") from error


class RejectsFile:
    """The rows that need a person: line, what became of the row, why, and the row as it was.

    The file is made with its first row; one of an earlier import is removed.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._path = path
        self._header = header
        self._file: TextIO | None = None
        path.unlink(missing_ok=True)

    def __enter__(self) -> "RejectsFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def path(self) -> Path | None:
        """Where the file is, or None where no row needed it."""
        return None if self._file is None else self._path

    def write(self, line: int, outcome: str, flaws: Sequence[Flaw], cells: Sequence[str]) -> None:
        """Add one row."""
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(("line", "outcome", "reason", *self._header))
        csv.writer(self._file).writerow((line, outcome, "; ".join(flaw.text for flaw in flaws), *cells))
