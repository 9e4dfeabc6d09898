"""Aggregates are made once for each month, and again if something of it changed or is missing."""

import datetime as dt
from pathlib import Path

import pytest

from server.history.aggregation import aggregate
from server.history.engine import HistoryUnusable
from server.history.files import HistoryFiles
from server.history.manifest import alone
from tests.history.changing import EDGES, MONTHS, bring, every_month, loan, payment, read, same


def test_nothing_changed_nothing_is_read(files: HistoryFiles) -> None:
    """The second time costs a look at the names of the files."""
    done = bring(files)
    assert (done.made, done.rows_read, done.months) == (0, 0, MONTHS)


def test_a_changed_month_is_the_only_one_made_again(files: HistoryFiles) -> None:
    """A late charge-off counts as if it had been there from the start."""
    before = read(files).counts
    late = payment("L000000001", dt.date(2018, 2, 1), "charged_off")
    files.write_payments("late", [("L000000001-13", *late[1:])])
    assert bring(files).made == 1
    now = read(files).counts
    assert now.defaults.sum() == before.defaults.sum() + 1
    assert now.defaulted.sum() == before.defaulted.sum() + 900_000


def test_of_versions_of_one_time_the_one_written_last_counts(files: HistoryFiles) -> None:
    """A warehouse may correct a row and leave its time; a batch that is read again brings it, whatever its
    name.
    """
    files.write_loans("x", [loan("x", dt.date(2017, 1, 5), "prime")])
    files.write_payments("x", [payment("x", dt.date(2018, 2, 5))])
    files.write_loans("a", [loan("x", dt.date(2017, 1, 5), "subprime")])
    files.write_payments("a", [payment("x", dt.date(2018, 2, 5), owed=123)])
    before = read(files).counts
    bring(files)
    now = read(files).counts
    assert now.owed.sum() == before.owed.sum() + 123
    subprime = now.tier == "subprime"
    assert now.loans[subprime].sum() == before.loans[before.tier == "subprime"].sum() + 1


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
    files.write_payments("odd", every_month("odd")[:2])
    done = bring(files)
    assert (done.left_out, done.orphans) == (1, 0)
    files.write_loans("new", [loan("new", dt.date(2017, 2, 5))])
    done = bring(files)
    assert (done.made, done.left_out) == (0, 1)


def test_new_loans_bring_back_only_months_that_may_have_their_payments(files: HistoryFiles) -> None:
    """Payments of unknown loans are in four of them. A loan of May has none in the first two."""
    files.write_payments("unknown", every_month("unknown")[1:5])
    done = bring(files)
    assert (done.orphans, done.made) == (4, 4)
    files.write_loans("new", [loan("new", dt.date(2017, 5, 5))])
    done = bring(files)
    assert (done.orphans, done.made) == (4, 2)


def test_payments_in_two_months_are_counted(files: HistoryFiles) -> None:
    """A payment that became due in another month is in both; one in 64 is looked at. A newer version that is
    due in the same month is not.
    """
    due_on = dt.date(2017, 6, 5)
    rows = [(f"new-{number}", *payment("L000000001", due_on)[1:]) for number in range(6_400)]
    files.write_payments("new", rows)
    files.write_payments("later", [(*row[:2], dt.date(2017, 6, 25), *row[3:]) for row in rows])
    assert bring(files).moved == 0
    files.write_payments("later", [(*row[:2], dt.date(2017, 9, 5), *row[3:]) for row in rows[:3_200]])
    done = bring(files)
    assert 1_600 < done.moved < 4_800
    assert bring(files).moved == done.moved


@pytest.mark.parametrize("named", [1, 2, 4])
def test_an_aggregation_that_dies_within_a_month_makes_it_again(
    files: HistoryFiles, monkeypatch: pytest.MonkeyPatch, named: int
) -> None:
    """Whether nothing of it, one of its files or all of them have their names: the manifest comes last."""
    before = read(files).counts.defaults.sum()
    files.write_payments("late", [payment("L000000001", dt.date(2018, 2, 20), "charged_off")])
    places: list[Path] = []

    def dies(new: Path, place: Path) -> None:
        places.append(place)
        if len(places) == named:
            raise OSError("no power")
        new.replace(place)

    with monkeypatch.context() as patched:
        for module in ("aggregation", "manifest"):
            patched.setattr(f"server.history.{module}.put", dies)
        with pytest.raises(OSError, match="no power"):
            bring(files)
    assert bring(files).made == 1
    assert read(files).counts.defaults.sum() == before + 1


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
    "damaged", ["payments/month=2018-03/payments_0.parquet", "loans/all.parquet", "aggregates/loans.parquet"]
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
