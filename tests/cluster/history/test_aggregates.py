"""Aggregates that were brought up to date are as if made anew, whatever changed and wherever one died."""

import datetime as dt
import io
from pathlib import Path

import msgspec
import pytest

from server.history.aggregates.aggregation import aggregate
from server.history.aggregates.counts import History
from server.history.aggregates.engine import engine
from server.history.aggregates.files import HistoryFiles
from tests.history.changing import EDGES, MONTHS, anew, bring, every_month, loan, payment, read, same


def test_older_versions_and_duplicates_do_not_count(files: HistoryFiles) -> None:
    """The newest version of each payment is the only one, in whichever file it is."""
    before = read(files)
    for again in files.folder.glob("payments/*/again_*"):
        again.unlink()
    assert bring(files).made == MONTHS
    assert same(read(files), before)


def test_payments_wait_for_their_loans(files: HistoryFiles) -> None:
    """Payments of a loan that is not there yet are left out and counted, until the loan comes."""
    files.write_payments("new", every_month("new", 11))
    assert bring(files).orphans == 11
    files.write_loans("new", [loan("new", dt.date(2017, 1, 5))])
    done = bring(files)
    assert (done.orphans, done.made) == (0, 11)
    assert same(read(files), anew(files))


def test_a_changed_loan_moves_its_months(files: HistoryFiles) -> None:
    """A corrected tier counts for all of the loan's payments, also those that were aggregated before; a loan
    that gets a tier at all too.
    """
    files.write_loans("new", [loan("new", dt.date(2017, 1, 5)), loan("odd", dt.date(2017, 6, 5), None)])
    files.write_payments("new", every_month("new", 11) + every_month("odd", 11)[5:])
    bring(files)
    before = loan_months(read(files))
    files.write_loans("new", [loan("new", dt.date(2017, 1, 5)), loan("odd", dt.date(2017, 6, 5))])
    assert bring(files).made == MONTHS - 4
    now = loan_months(read(files))
    assert now["prime"] == before["prime"] + 6
    files.write_loans("corrected", [loan("new", dt.date(2017, 1, 5), "deep_subprime")])
    assert bring(files).made == MONTHS
    last = loan_months(read(files))
    # The history's first month does not count.
    assert last["prime"] == now["prime"] - 10
    assert last["deep_subprime"] == now["deep_subprime"] + 10
    assert same(read(files), anew(files))


def test_a_charge_off_that_comes_late_or_goes(files: HistoryFiles) -> None:
    """The counts are those of a history in which it was, or was not, from the start."""
    files.write_payments("late", [payment("L000000001", dt.date(2018, 2, 20), "charged_off")])
    bring(files)
    assert same(read(files), anew(files))
    (files.folder / "payments/month=2018-02/late.parquet").unlink()
    assert bring(files).made == 1
    assert same(read(files), anew(files))


def test_aggregates_of_another_duckdb_are_made_again(files: HistoryFiles) -> None:
    """It may number payments in another way, so that none would be found in two months."""
    place = files.folder / "aggregates" / "manifest.json"
    text = place.read_text()
    place.write_text(text.replace(msgspec.json.decode(text)["engine"], "v0.1"))
    assert bring(files).made == MONTHS


def test_other_bands_are_counted_anew(files: HistoryFiles) -> None:
    """Aggregates in the bands of another model are of no use."""
    wider = tuple(one.__class__(one.tier, (120,), one.ltvs, one.ptis) for one in EDGES)
    assert aggregate(files, wider).made == MONTHS
    assert set(read(files).counts.term_max.tolist()) == {120}


def test_an_aggregation_that_was_broken_off_goes_on(files: HistoryFiles) -> None:
    """Months that were done stay done."""
    before = read(files)
    (files.folder / "aggregates" / "manifest.json").unlink()

    def dies(months: list[str]):
        yield from months[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        aggregate(files, EDGES, progress=dies)
    assert bring(files).made == MONTHS - 3
    assert same(read(files), before)


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


def test_new_loans_bring_back_only_months_that_may_have_their_payments(files: HistoryFiles) -> None:
    """Payments of unknown loans are in four of them. A loan of May has none in the first two."""
    files.write_payments("unknown", every_month("unknown", 5)[1:])
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
            patched.setattr(f"server.history.aggregates.{module}.put", dies)
        with pytest.raises(OSError, match="no power"):
            bring(files)
    assert bring(files).made == 1
    assert read(files).counts.defaults.sum() == before + 1


def test_more_rows_than_one_thread_writes_are_one_file(tmp_path: Path) -> None:
    """Every month has one file for a batch, whatever DuckDB's threads wrote."""
    text = b"p,l,2026-01-05,1,1,0,1,current,0,,2026-03-01\n" * 130_000
    files = HistoryFiles(tmp_path)
    assert files.write_payments("big", io.BytesIO(text)) == 130_000
    [file] = files.payment_files("2026-01")
    with engine(tmp_path) as database:
        assert database.execute(
            "SELECT count(*) FROM read_parquet($file)", {"file": str(file)}
        ).fetchone() == (130_000,)


def loan_months(history: History) -> dict[str, float]:
    """Return the months of loans by tier."""
    counts = history.counts
    return {tier: float(counts.loans[counts.tier == tier].sum()) for tier in set(counts.tier.tolist())}
