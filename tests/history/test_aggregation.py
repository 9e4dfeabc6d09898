"""Aggregates are made once for each month, again if something changed, and are then as if made anew."""

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from server.history.aggregation import Aggregated, aggregate, edges_of
from server.history.counts import Counts, History, read_history
from server.history.engine import HistoryUnusable
from server.history.files import HistoryFiles
from tests.history.books import kinds_of, known_model
from tests.history.generating import Plan, generate

EDGES = edges_of(known_model())
SMALL = Plan(loans=600, origination_months=6, seen_to=15, stale_share=0.1)
WHEN = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def bring(files: HistoryFiles) -> Aggregated:
    """Aggregate what changed."""
    return aggregate(files, EDGES)


def same(one: History, other: History) -> bool:
    """Return whether two histories count the same. Sums of fractions depend on the order of the rows."""
    columns = [(getattr(one.counts, name), getattr(other.counts, name)) for name in Counts.__slots__]
    return all(
        len(a) == len(b) and (np.allclose(a, b, rtol=1e-12) if a.dtype.kind == "f" else np.array_equal(a, b))
        for a, b in columns
    )


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small history, aggregated; tests change copies of it."""
    folder = tmp_path_factory.mktemp("small")
    bring(generate(folder, kinds_of(known_model()), SMALL))
    return folder


@pytest.fixture
def files(original: Path, tmp_path: Path) -> HistoryFiles:
    """A copy of the small history."""
    return HistoryFiles(shutil.copytree(original, tmp_path / "history"))


def anew(files: HistoryFiles) -> History:
    """Return the history from aggregates made from nothing."""
    (files.folder / "aggregates" / "manifest.json").unlink()
    bring(files)
    return read_history(files.folder, "2100-01")


def test_nothing_changed_nothing_is_read(files: HistoryFiles) -> None:
    """The second time costs a look at the names of the files."""
    done = bring(files)
    assert (done.made, done.rows_read, done.months) == (0, 0, 14)


def test_older_versions_and_duplicates_do_not_count(files: HistoryFiles, tmp_path: Path) -> None:
    """The newest version of each payment is the only one, in whichever file it is."""
    clean = generate(tmp_path / "clean", kinds_of(known_model()), replace(SMALL, stale_share=0))
    bring(clean)
    assert same(read_history(files.folder, "2100-01"), read_history(clean.folder, "2100-01"))


def test_a_changed_month_is_the_only_one_made_again(files: HistoryFiles) -> None:
    """A late charge-off counts as if it had been there from the start."""
    before = read_history(files.folder, "2100-01").counts
    late = (
        "L000000001-13",
        "L000000001",
        dt.date(2018, 2, 1),
        0,
        0,
        0,
        900_000,
        "charged_off",
        120,
        0,
        WHEN,
    )
    files.write_payments("late", [late])
    assert bring(files).made == 1
    now = read_history(files.folder, "2100-01")
    assert now.counts.defaults.sum() == before.defaults.sum() + 1
    assert now.counts.defaulted.sum() == before.defaulted.sum() + 900_000
    assert same(now, anew(files))


def test_a_recovery_on_the_day_of_the_charge_off(files: HistoryFiles) -> None:
    """Two rows of one day: what was owed is the charge-off's, what came back the other's."""
    day = dt.date(2018, 2, 20)
    before = read_history(files.folder, "2100-01")
    rows = [
        ("new-1", "new", dt.date(2018, 1, 20), 0, 0, 0, 900_000, "current", 0, 0, WHEN),
        ("new-2", "new", day, 0, 0, 0, 900_000, "charged_off", 120, 0, WHEN),
        ("new-3", "new", day, 0, 0, 0, 0, "charged_off", 120, 300_000, WHEN),
    ]
    files.write_loans(
        "new", [("new", dt.date(2017, 9, 5), 48, 1_000_000, 900.0, None, "prime", 1, None, WHEN)]
    )
    files.write_payments("new", rows)
    bring(files)
    now = read_history(files.folder, "2100-01")
    assert now.counts.defaulted.sum() == before.counts.defaulted.sum() + 900_000
    assert now.recoveries.amount.sum() == before.recoveries.amount.sum() + 300_000


def test_a_changed_loan_moves_its_months(files: HistoryFiles) -> None:
    """A corrected tier counts for all of the loan's payments, also those that were aggregated before."""
    loan = (
        "L000000001",
        dt.date(2017, 1, 1),
        48,
        2_000_000,
        900.0,
        2_100_000,
        "deep_subprime",
        1,
        800.0,
        WHEN,
    )
    files.write_loans("corrected", [loan])
    assert bring(files).made > 0
    assert same(read_history(files.folder, "2100-01"), anew(files))


def test_payments_wait_for_their_loans(files: HistoryFiles) -> None:
    """Payments of a loan that is not there yet are left out and counted, until the loan comes."""
    rows = [
        (f"new-{month}", "new", dt.date(2017, month, 5), 1, 1, 0, 1_000_000, "current", 0, 0, WHEN)
        for month in range(3, 9)
    ]
    files.write_payments("new", rows)
    assert bring(files).orphans == 6
    files.write_loans(
        "new", [("new", dt.date(2017, 1, 5), 48, 2_000_000, 900.0, None, "prime", 1, None, WHEN)]
    )
    done = bring(files)
    assert (done.orphans, done.made) == (0, 6)
    assert same(read_history(files.folder, "2100-01"), anew(files))


def test_payments_in_two_months_are_counted(files: HistoryFiles) -> None:
    """A payment that became due in another month is in both; one in 64 is looked at. A newer version that is
    due in the same month is not.
    """
    rows = [
        (f"new-{number}", "L000000001", dt.date(2017, 6, 5), 1, 1, 0, 1_000_000, "current", 0, 0, WHEN)
        for number in range(6_400)
    ]
    files.write_payments("new", rows)
    files.write_payments("later", [(*row[:2], dt.date(2017, 6, 25), *row[3:]) for row in rows])
    assert bring(files).moved == 0
    files.write_payments("later", [(*row[:2], dt.date(2017, 9, 5), *row[3:]) for row in rows[:3_200]])
    done = bring(files)
    assert 1_600 < done.moved < 4_800
    assert bring(files).moved == done.moved


def test_aggregates_of_another_duckdb_are_made_again(files: HistoryFiles) -> None:
    """It may number payments in another way, so that none would be found in two months."""
    place = files.folder / "aggregates" / "manifest.json"
    text = place.read_text()
    place.write_text(text.replace(msgspec.json.decode(text)["engine"], "v0.1"))
    assert bring(files).made == 14


def test_other_bands_are_counted_anew(files: HistoryFiles) -> None:
    """Aggregates in the bands of another model are of no use."""
    wider = tuple(one.__class__(one.tier, (120,), one.ltvs, one.ptis) for one in EDGES)
    assert aggregate(files, wider).made == 14
    assert set(read_history(files.folder, "2100-01").counts.term_max.tolist()) == {120}


def test_an_aggregation_that_was_broken_off_goes_on(files: HistoryFiles) -> None:
    """Months that were done stay done."""
    (files.folder / "aggregates" / "manifest.json").unlink()

    def three(months: list[str]) -> list[str]:
        return months[:3]

    aggregate(files, EDGES, progress=three)
    assert bring(files).made == 11


def test_a_short_history_is_refused(files: HistoryFiles) -> None:
    """A year of months is the least, after the first one."""
    with pytest.raises(HistoryUnusable, match="at least 13 months of payments, found 5 full months"):
        read_history(files.folder, "2017-07")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """There is nothing to aggregate."""
    with pytest.raises(HistoryUnusable, match=r"docs/history\.md"):
        bring(HistoryFiles(tmp_path))
