"""The rows of a file, one at a time: plain or gzip, with the delimiter that its header uses.

Only one row is in memory at a time, whatever the file holds. A row is limited to ROW_CHARACTERS, and the file
to the uncompressed size that the caller allows.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TextIO, cast

from server.database.importing.columns import ImportFailed

GZIP_MAGIC = b"\x1f\x8b"
DELIMITERS = ",;\t|"
MIB: Final = 1024 * 1024
UNPACKED_MIB: Final = 1024
"""The default size limit of a file, uncompressed: about five million cars."""

ROW_CHARACTERS: Final = 64 * 1024
"""The limit of one row, including quoted line ends. A deal has no use for longer descriptions."""

COLUMNS: Final = 500
SKIPPED_CHARACTERS: Final = 64 * 1024
"""The chunk size for dropping the rest of a row that is too long."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row and the line where it begins. ``broken`` says why it could not be split into cells."""

    line: int
    cells: Sequence[str]
    broken: str | None = None


class _RowTooLong(Exception):
    """The row is longer than ROW_CHARACTERS. Reading continues with the next line."""


class _Unpacked(io.RawIOBase):
    """The uncompressed bytes of a file. Raises ImportFailed beyond ``most_mib``."""

    def __init__(self, data: io.BufferedIOBase, path: Path, most_mib: int) -> None:
        self._data = data
        self._path = path
        self._most_mib = most_mib
        self._left = most_mib * MIB

    def readable(self) -> bool:
        """Return True: this stream is for reading."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into the buffer; return the number of bytes."""
        found = self._data.read1(len(buffer))
        self._left -= len(found)
        if self._left < 0:
            raise ImportFailed(
                f"{self._path}: expected at most {self._most_mib:,} MiB, uncompressed;"
                " to accept a larger file, raise --max-mib"
            )
        buffer[: len(found)] = found
        return len(found)


class _Lines:
    """The lines of a file for a CSV reader, which joins quoted line breaks into one row."""

    def __init__(self, text: TextIO, path: Path) -> None:
        self._text = text
        self._path = path
        self._left = ROW_CHARACTERS
        self._unread = ""
        self._splits_crlf = False
        self.number = 0

    def begin_row(self) -> None:
        """Allow the next lines the length of a whole row."""
        self._left = ROW_CHARACTERS

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """Return the next line. Raises _RowTooLong; ImportFailed if the file is damaged."""
        if self._unread:
            self._pass_over(self._unread)
            self._unread = ""
        line = self._read(self._left + 1)
        if self._splits_crlf and line == "\n":
            line = self._read(self._left + 1)
        self._splits_crlf = False
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > self._left:
            self._unread = line
            raise _RowTooLong
        self._left -= len(line)
        return line

    def _pass_over(self, part: str) -> None:
        """Read to the end of the line that ``part`` begins, a piece at a time."""
        while part and not part.endswith(("\n", "\r")):
            part = self._read(SKIPPED_CHARACTERS)
        self._splits_crlf = part.endswith("\r")

    def _read(self, most: int) -> str:
        try:
            return self._text.readline(most)
        except (EOFError, zlib.error, OSError) as error:
            raise ImportFailed(f"{self._path} is damaged after line {self.number}: {error}") from error


class InventoryFile:
    """An open file: its header, then its rows. Bytes that are not UTF-8 become U+FFFD."""

    def __init__(self, text: TextIO, path: Path) -> None:
        self._lines = _Lines(text, path)
        try:
            first = next(self._lines, "")
        except _RowTooLong:
            raise ImportFailed(
                f"{path}: line 1: expected the names of the columns, in at most {ROW_CHARACTERS:,} characters"
            ) from None
        if not first.strip():
            raise ImportFailed(f"{path}: line 1: expected the names of the columns, found none")
        if "\0" in first:
            raise ImportFailed(
                f"{path}: line 1: expected the names of the columns in UTF-8, found a NUL character:"
                " save the file as CSV in UTF-8"
            )
        self._delimiter = max(DELIMITERS, key=first.count)
        self.header = tuple(next(csv.reader([first], delimiter=self._delimiter)))
        if len(self.header) > COLUMNS:
            raise ImportFailed(
                f"{path}: line 1: expected at most {COLUMNS} columns, found {len(self.header):,}"
            )
        self._reader = csv.reader(self._lines, delimiter=self._delimiter)

    def rows(self) -> Iterator[Row]:
        """Yield every row that is not empty. Raises ImportFailed if the file itself is damaged."""
        while True:
            line = self._lines.number + 1
            self._lines.begin_row()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line, (), f"cannot be split into cells: {error}")
                continue
            except _RowTooLong:
                yield Row(line, (), self._too_long(line))
                continue
            if cells:
                yield Row(line, cells)

    def _too_long(self, line: int) -> str:
        text = f"longer than {ROW_CHARACTERS:,} characters"
        last = self._lines.number
        return text if last == line else f"{text} up to line {last}: is a quote left open?"


@contextmanager
def open_inventory(path: Path, most_mib: int = UNPACKED_MIB) -> Iterator[InventoryFile]:
    """Open a CSV file, gzip or not, of at most ``most_mib`` uncompressed.

    Raises ImportFailed if it cannot be read, is larger, or its first line names no columns.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise ImportFailed(f"{path}: {error}") from error
    with raw:
        compressed = raw.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC)
        data = cast(io.BufferedIOBase, gzip.GzipFile(fileobj=cast(IO[bytes], raw)) if compressed else raw)
        bounded = io.BufferedReader(_Unpacked(data, path, most_mib))
        with io.TextIOWrapper(bounded, encoding="utf-8-sig", errors="replace", newline="") as text:
            yield InventoryFile(text, path)
