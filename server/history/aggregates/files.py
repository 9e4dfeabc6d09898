"""The folder of a payment history: Parquet files by month and by batch.

``payments/month=YYYY-MM/<batch>.parquet`` holds a batch's payments that are due in the month,
``loans/<batch>.parquet`` its loans. A batch is written again by replacing its files. Every file is written
under a temporary name and renamed, so a reader never sees a part of one, and is on the disk when the batch is
written: its writer notes then that it need not come again. One process writes at a time.
"""

import csv
import datetime as dt
import io
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from server.history.aggregates.durable import put, sync_folder
from server.history.aggregates.engine import HistoryUnusable, engine

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Cell = str | int | float | dt.date | dt.datetime | None


class ByteStream(Protocol):
    """A file of bytes, open for reading."""

    def read(self, size: int = ..., /) -> bytes:
        """Return the next bytes, at most ``size``; none at the end."""


Rows = Iterable[Sequence[Cell]] | ByteStream
"""Tuples in the order of the columns, or CSV without a header, as ``COPY TO STDOUT`` writes it."""

PAYMENT_COLUMNS: Final[Mapping[str, str]] = {
    "payment_id": "VARCHAR",
    "loan_id": "VARCHAR",
    "due_on": "DATE",
    "paid_cents": "BIGINT",
    "principal_cents": "BIGINT",
    "interest_cents": "BIGINT",
    "balance_cents": "BIGINT",
    "status": "VARCHAR",
    "days_past_due": "INTEGER",
    "recovery_cents": "BIGINT",
    "updated_at": "TIMESTAMPTZ",
}
LOAN_COLUMNS: Final[Mapping[str, str]] = {
    "loan_id": "VARCHAR",
    "originated_on": "DATE",
    "term_months": "INTEGER",
    "amount_cents": "BIGINT",
    "rate_bp": "DOUBLE",
    "value_cents": "BIGINT",
    "tier": "VARCHAR",
    "payment_cents": "BIGINT",
    "pti_bp": "DOUBLE",
    "updated_at": "TIMESTAMPTZ",
}
STATUSES: Final = ("current", "late", "prepaid", "charged_off", "matured")

PAYMENTS: Final = "payments"
LOANS: Final = "loans"
MONTH: Final = "month="
SUFFIX: Final = ".parquet"
TEMPORARY: Final = ".writing-"
BATCH_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
ROW_GROUP: Final = 100_000


class HistoryFiles:
    """The files of one history; the folder is made if it is not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in (PAYMENTS, LOANS):
            (folder / part).mkdir(parents=True, exist_ok=True)

    def write_payments(self, batch: str, rows: Rows) -> int:
        """Write a batch of payments, replacing what the batch held before, and return how many rows.

        ``batch`` is the caller's name for the range of keys that it covers: letters, digits, dot, dash,
        underscore. Raises HistoryUnusable if a name or a row is unusable (nothing of the batch is written
        then), EngineMissing.
        """
        return self._write(PAYMENTS, batch, PAYMENT_COLUMNS, rows)

    def write_loans(self, batch: str, rows: Rows) -> int:
        """Write a batch of loans; as ``write_payments``."""
        return self._write(LOANS, batch, LOAN_COLUMNS, rows)

    def months(self) -> list[str]:
        """Return the months that have payments, ascending, such as ``2026-03``."""
        folders = (self.folder / PAYMENTS).glob(f"{MONTH}*")
        return sorted(one.name.removeprefix(MONTH) for one in folders if any(one.glob(f"*{SUFFIX}")))

    def payment_files(self, month: str) -> list[Path]:
        """Return the files of a month's payments, by name."""
        return sorted((self.folder / PAYMENTS / f"{MONTH}{month}").glob(f"*{SUFFIX}"))

    def loan_files(self) -> list[Path]:
        """Return the files of loans, by name."""
        return sorted((self.folder / LOANS).glob(f"*{SUFFIX}"))

    def sweep(self) -> int:
        """Remove what a writer that died left behind; return how many. Not while another process writes."""
        left = list(self.folder.glob(f"{TEMPORARY}*"))
        for one in left:
            shutil.rmtree(one)
        return len(left)

    def _write(self, part: str, batch: str, columns: Mapping[str, str], rows: Rows) -> int:
        if not BATCH_NAME.fullmatch(batch):
            raise HistoryUnusable(f"batch {batch!r}", "a name of letters, digits, dots, dashes, underscores")
        # In the same folder, so that a rename stays within one file system.
        with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=self.folder) as made:
            working = Path(made)
            table = working / "rows.csv"
            _save(rows, table)
            with engine(working) as database:
                count = _stage(database, table, columns, f"{part}, batch {batch}")
                new = _split(database, working, part, batch)
            target = self.folder / part
            for file in new:
                put(file, target / file.relative_to(working / part))
            kept = {target / file.relative_to(working / part) for file in new}
        pattern = f"{MONTH}*/{batch}{SUFFIX}" if part == PAYMENTS else f"{batch}{SUFFIX}"
        for old in set(target.glob(pattern)) - kept:
            old.unlink()
            sync_folder(old.parent)
        return count


def _save(rows: Rows, table: Path) -> None:
    """Write the rows as CSV: DuckDB reads that many times as fast as it takes tuples one by one."""
    if isinstance(rows, Iterable) and not isinstance(rows, io.IOBase):
        with table.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        return
    with table.open("wb") as file:
        shutil.copyfileobj(cast(ByteStream, rows), file)


def _stage(database: "DuckDBPyConnection", table: Path, columns: Mapping[str, str], what: str) -> int:
    """Read the CSV into the table ``staged``; return how many rows. Raises HistoryUnusable."""
    import duckdb

    try:
        database.execute(
            "CREATE TABLE staged AS SELECT * FROM read_csv($file, columns = $columns, header = false,"
            " delim = ',', quote = '\"', escape = '\"', nullstr = '', auto_detect = false)",
            {"file": str(table), "columns": dict(columns)},
        )
    except duckdb.Error as error:
        raise HistoryUnusable(what, f"rows of {', '.join(columns)}: {_first_line(error)}") from None
    for column in _REQUIRED:
        if column in columns:
            lacking = _one(database, f"SELECT count(*) FROM staged WHERE {column} IS NULL")  # noqa: S608 - own name
            if lacking:
                raise HistoryUnusable(f"{what}, {column}", f"a value, found {lacking:,} rows without one")
    if "status" in columns:
        unknown = database.execute(
            "SELECT status FROM staged WHERE status NOT IN (SELECT unnest($known)) LIMIT 1",
            {"known": list(STATUSES)},
        ).fetchone()
        if unknown:
            raise HistoryUnusable(f"{what}, status", f"one of {', '.join(STATUSES)}, found {unknown[0]!r}")
    return _one(database, "SELECT count(*) FROM staged")


_REQUIRED: Final = (
    "payment_id",
    "loan_id",
    "due_on",
    "principal_cents",
    "balance_cents",
    "status",
    "originated_on",
    "term_months",
    "updated_at",
)


def _split(database: "DuckDBPyConnection", working: Path, part: str, batch: str) -> list[Path]:
    """Write ``staged`` below ``working/part`` as its files will lie in the history; return them."""
    target = working / part
    target.mkdir()
    form = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"
    if part == LOANS:
        file = target / f"{batch}{SUFFIX}"
        database.execute(f"COPY (FROM staged ORDER BY loan_id) TO '{_quoted(file)}' ({form})")
        return [file]
    database.execute(
        "COPY (SELECT *, strftime(due_on, '%Y-%m') AS month FROM staged ORDER BY month, loan_id)"  # noqa: S608 - own path
        f" TO '{_quoted(target)}' ({form}, PARTITION_BY (month), FILENAME_PATTERN 'part_{{i}}')"
    )
    months: dict[Path, list[Path]] = {}
    for file in sorted(target.glob(f"{MONTH}*/*{SUFFIX}")):
        months.setdefault(file.parent, []).append(file)
    return [_joined(database, files, folder / f"{batch}{SUFFIX}", form) for folder, files in months.items()]


def _joined(database: "DuckDBPyConnection", files: Sequence[Path], whole: Path, form: str) -> Path:
    """Make one file of a month's parts: DuckDB may write one for each thread."""
    if len(files) == 1:
        return files[0].replace(whole)
    database.execute(
        f"COPY (FROM read_parquet($files, hive_partitioning = false)) TO '{_quoted(whole)}' ({form})",
        {"files": [str(file) for file in files]},
    )
    for file in files:
        file.unlink()
    return whole


def _one(database: "DuckDBPyConnection", query: str) -> int:
    row = database.execute(query).fetchone()
    return int(row[0]) if row else 0


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
