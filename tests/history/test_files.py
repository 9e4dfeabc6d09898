"""The files of a payment history: by month, replaced whole, never half written."""

import datetime as dt
import io
import os
from pathlib import Path

import pytest

from server.history.aggregates.engine import HistoryUnusable, engine
from server.history.aggregates.files import HistoryFiles

WHEN = dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC)


def payment(number: int, due_on: dt.date, *, status: str = "current") -> tuple:
    """Return a row of one payment."""
    return (f"p{number}", f'loan "{number}", A', due_on, 100, 80, 20, 5_000, status, 0, None, WHEN)


def rows_of(files: list[Path], folder: Path) -> list[tuple]:
    """Return the rows of Parquet files, by payment."""
    with engine(folder) as database:
        return database.execute(
            "SELECT * FROM read_parquet($files, hive_partitioning = false) ORDER BY 1",
            {"files": [str(one) for one in files]},
        ).fetchall()


def test_payments_lie_by_the_month_in_which_they_are_due(tmp_path: Path) -> None:
    """A batch has a file in each month, with every value as it was given."""
    rows = [payment(1, dt.date(2026, 1, 31)), payment(2, dt.date(2026, 2, 1))]
    files = HistoryFiles(tmp_path)
    assert files.write_payments("a-1", rows) == 2
    assert files.months() == ["2026-01", "2026-02"]
    assert [one.name for one in files.payment_files("2026-01")] == ["a-1.parquet"]
    assert rows_of(files.payment_files("2026-01"), tmp_path) == [rows[0]]
    assert rows_of(files.payment_files("2026-02"), tmp_path) == [rows[1]]


def test_a_batch_written_again_replaces_itself(tmp_path: Path) -> None:
    """Its months without rows go, other batches stay."""
    files = HistoryFiles(tmp_path)
    files.write_payments("a", [payment(1, dt.date(2026, 1, 5)), payment(2, dt.date(2026, 2, 5))])
    files.write_payments("b", [payment(3, dt.date(2026, 1, 6))])
    files.write_payments("a", [payment(2, dt.date(2026, 2, 6))])
    assert [one.name for one in files.payment_files("2026-01")] == ["b.parquet"]
    assert rows_of(files.payment_files("2026-02"), tmp_path) == [payment(2, dt.date(2026, 2, 6))]


def test_csv_as_postgres_copies_it(tmp_path: Path) -> None:
    """A stream of CSV is read as its tuples are."""
    loan = ("l1", dt.date(2025, 1, 5), 60, 3_000_000, 799.5, 2_900_000, "prime", 61_000, 912.25, WHEN)
    line = b"l1,2025-01-05,60,3000000,799.5,2900000,prime,61000,912.25,2026-03-01 12:30:00+00\n"
    files = HistoryFiles(tmp_path)
    files.write_loans("tuples", [loan])
    files.write_loans("stream", io.BytesIO(line))
    stream, tuples = files.loan_files()
    assert rows_of([stream], tmp_path) == rows_of([tuples], tmp_path) == [loan]


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([payment(1, dt.date(2026, 1, 5), status="lost")], "status"),
        ([("p1", None, *payment(1, dt.date(2026, 1, 5))[2:])], "loan_id"),
        ([("p1", "l1", "soon", *payment(1, dt.date(2026, 1, 5))[3:])], "due_on"),
        ([("p1", "l1", "2026-01-05", 1, None, *payment(1, dt.date(2026, 1, 5))[5:])], "principal_cents"),
    ],
)
def test_unusable_rows_are_named_and_nothing_is_written(tmp_path: Path, rows: list, named: str) -> None:
    """What the batch held before stays."""
    files = HistoryFiles(tmp_path)
    files.write_payments("a", [payment(1, dt.date(2026, 1, 5))])
    with pytest.raises(HistoryUnusable, match=named):
        files.write_payments("a", [payment(2, dt.date(2026, 2, 5)), *rows])
    assert files.months() == ["2026-01"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["loans", "payments"]


def test_a_batch_is_on_the_disk_when_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files, their names and those of new months: the warehouse's page does not come again."""
    synced: set[int] = set()
    real = os.fsync

    def fsync(opened: int) -> None:
        synced.add(os.fstat(opened).st_ino)
        real(opened)

    monkeypatch.setattr(os, "fsync", fsync)
    files = HistoryFiles(tmp_path)
    files.write_payments("a", [payment(1, dt.date(2026, 1, 5)), payment(2, dt.date(2026, 2, 5))])
    month = files.payment_files("2026-01")[0].parent
    for place in (*month.iterdir(), month, *files.payment_files("2026-02"), month.parent):
        assert place.stat().st_ino in synced, place


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    """A batch is a file name."""
    with pytest.raises(HistoryUnusable, match="batch"):
        HistoryFiles(tmp_path).write_payments("../a", [])


def test_a_writer_that_died_leaves_nothing_to_read(tmp_path: Path) -> None:
    """Its temporary folder holds no month, and is swept."""
    files = HistoryFiles(tmp_path)
    left = tmp_path / ".writing-x" / "payments" / "month=2026-01"
    left.mkdir(parents=True)
    (left / "a.parquet").write_bytes(b"half")
    assert files.months() == []
    assert files.sweep() == 1
    assert not (tmp_path / ".writing-x").exists()
