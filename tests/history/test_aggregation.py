"""Aggregates are made once for each month, and again if something of it changed or is missing."""

import datetime as dt
from pathlib import Path

import pytest

from server.history.aggregates.aggregation import aggregate
from server.history.aggregates.engine import HistoryUnusable
from server.history.aggregates.files import HistoryFiles
from server.history.aggregates.manifest import alone
from tests.history.changing import EDGES, MONTHS, bring, every_month, loan, payment, read, same


def test_nothing_changed_nothing_is_read(files: HistoryFiles) -> None:
    """The second time costs a look at the names of the files."""
    done = bring(files)
    assert (done.made, done.rows_read, done.months) == (0, 0, MONTHS)


def test_a_changed_month_is_the_only_one_made_again(files: HistoryFiles) -> None:
    """A late charge-off counts as if it had been there from the start."""
    before = read(files).counts
    files.write_payments("late", [payment("L000000001", dt.date(2018, 2, 20), "charged_off")])
    assert bring(files).made == 1
    now = read(files).counts
    assert now.defaults.sum() == before.defaults.sum() + 1
    assert now.defaulted.sum() == before.defaulted.sum() + 900_000


def test_aggregates_that_are_gone_are_made_again(files: HistoryFiles) -> None:
    """They may be deleted, one by one too."""
    before, aggregates = read(files), files.folder / "aggregates"
    for gone in ("cells/2017-08", "events/2017-09", "ids/2017-10", "living/2017-02", "loans"):
        (aggregates / f"{gone}.parquet").unlink()
    assert bring(files).made == 4
    assert same(read(files), before)
    assert bring(files).made == 0


def test_a_loan_that_cannot_be_used_is_not_an_unknown_one(files: HistoryFiles) -> None:
    """It is left out and counted, and no reason to read its months again whenever loans come."""
    files.write_loans("odd", [loan("odd", dt.date(2017, 1, 5), None)])
    files.write_payments("odd", every_month("odd", 2))
    done = bring(files)
    assert (done.left_out, done.orphans) == (1, 0)
    files.write_loans("new", [loan("new", dt.date(2017, 2, 5))])
    done = bring(files)
    assert (done.made, done.left_out) == (0, 1)


def test_two_at_a_time_are_refused(tmp_path: Path) -> None:
    """They would take each other's files. What a killed one had spilled is gone."""
    spilled = tmp_path / ".spill" / "part"
    spilled.mkdir(parents=True)
    with alone(tmp_path):
        assert not spilled.exists()
        with pytest.raises(HistoryUnusable, match="another one is at work"), alone(tmp_path):
            pass
    with alone(tmp_path):
        pass


@pytest.mark.parametrize(
    "damaged", ["payments/month=2018-03/all.parquet", "loans/all.parquet", "aggregates/loans.parquet"]
)
def test_a_damaged_file_is_named(files: HistoryFiles, damaged: str) -> None:
    """In a sentence."""
    files.write_payments("late", [payment("L000000001", dt.date(2018, 3, 20))])
    (files.folder / damaged).write_bytes(b"no Parquet")
    with pytest.raises(HistoryUnusable, match="expected readable Parquet files"):
        bring(files)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """There is nothing to aggregate."""
    with pytest.raises(HistoryUnusable, match=r"docs/history\.md"):
        aggregate(HistoryFiles(tmp_path), EDGES)
