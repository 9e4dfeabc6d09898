"""What counts of the aggregated months: charge-offs that happened in them, months without gaps."""

import datetime as dt
from pathlib import Path

import pytest

from server.history.aggregates.counts import read_history
from server.history.aggregates.engine import HistoryUnusable
from server.history.aggregates.files import HistoryFiles
from server.history.aggregates.manifest import AGGREGATES, Manifest, Month, write_manifest
from tests.history.changing import END, bring, loan, payment, read

YEAR = [f"2017-{month:02}" for month in range(1, 13)]


def aggregated(folder: Path, months: list[str]) -> Path:
    """Return a folder whose manifest has these months."""
    (folder / AGGREGATES).mkdir()
    one = Month(files={}, rows=1, loan_months=1, orphans=0)
    write_manifest(folder, Manifest(months=dict.fromkeys(months, one)))
    return folder


def test_a_recovery_on_the_day_of_the_charge_off(files: HistoryFiles) -> None:
    """Two rows of one day: what was owed is the charge-off's, what came back the other's. If the charge-off's
    row says nothing of a balance, the schedule does, whether something came back in its month or not.
    """
    day, begun = dt.date(2018, 2, 20), dt.date(2017, 9, 5)
    before = read(files)
    files.write_loans("new", [loan(name, begun) for name in ("a", "b", "c")])
    files.write_payments(
        "new",
        [
            payment("a", dt.date(2018, 1, 20)),
            payment("a", day, "charged_off"),
            ("a-again", *payment("a", day, "charged_off", owed=0, recovered=300_000)[1:]),
            payment("b", day, "charged_off", owed=0, recovered=200_000),
            payment("c", day, "charged_off", owed=0),
        ],
    )
    bring(files)
    now = read(files)
    assert now.counts.defaults.sum() == before.counts.defaults.sum() + 3
    # $20,000 over 48 months at 9 %, after four payments.
    scheduled = 2_000_000 * (1.0075**48 - 1.0075**4) / (1.0075**48 - 1)
    owed = 900_000 + 2 * scheduled
    assert now.counts.defaulted.sum() - before.counts.defaulted.sum() == pytest.approx(owed, abs=1)
    assert now.recoveries.amount.sum() == before.recoveries.amount.sum() + 500_000


def test_a_charge_off_from_before_the_history_does_not_count(files: HistoryFiles) -> None:
    """A loan that is older than the history was charged off in it if it lived in the first month. Others are
    told.
    """
    old, young, late = dt.date(2015, 1, 5), dt.date(2016, 12, 5), dt.date(2017, 8, 5)
    names = {"gone": old, "bare": old, "alive": old, "young": young}
    before = read(files)
    files.write_loans("new", [loan(name, begun) for name, begun in names.items()])
    files.write_payments(
        "new",
        [
            payment("gone", late, "charged_off", recovered=100_000),
            payment("bare", late, "charged_off", owed=0),
            payment("alive", dt.date(2017, 2, 5)),
            payment("alive", late, "charged_off"),
            payment("young", late, "charged_off"),
        ],
    )
    bring(files)
    now = read(files)
    assert (before.begun_before, now.begun_before) == (0, 2)
    assert now.counts.defaults.sum() == before.counts.defaults.sum() + 2
    assert now.counts.defaulted.sum() == before.counts.defaulted.sum() + 2 * 900_000
    assert now.recoveries.amount.sum() == before.recoveries.amount.sum()


def test_rows_are_those_of_the_months_that_count(files: HistoryFiles) -> None:
    """Not of months after them."""
    assert read_history(files.folder, "2018-03").rows < read(files).rows == bring(files).rows


def test_a_short_history_is_refused(tmp_path: Path) -> None:
    """A year of months is the least, after the first one."""
    with pytest.raises(HistoryUnusable, match="at least 13 months of payments, found 5 full months"):
        read_history(aggregated(tmp_path, YEAR), "2017-06")


@pytest.mark.parametrize(
    ("months", "said"),
    [
        (["1900-01", *YEAR], "found none between 1900-01 and 2017-01"),
        ([*YEAR, "2018-02"], "found none between 2017-12 and 2018-02"),
    ],
)
def test_a_month_without_payments_is_refused(tmp_path: Path, months: list[str], said: str) -> None:
    """A mistyped date would be the first month; a month that is missing would lose its defaults."""
    with pytest.raises(HistoryUnusable, match=said):
        read_history(aggregated(tmp_path, months), END)
