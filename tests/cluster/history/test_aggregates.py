"""Aggregates that were brought up to date are as if made anew, whatever changed."""

import datetime as dt

import msgspec
import pytest

from server.history.aggregation import aggregate
from server.history.counts import History
from server.history.files import HistoryFiles
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
    files.write_payments("new", every_month("new"))
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
    files.write_payments("new", every_month("new") + every_month("odd")[5:])
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


def loan_months(history: History) -> dict[str, float]:
    """Return the months of loans by tier."""
    counts = history.counts
    return {tier: float(counts.loans[counts.tier == tier].sum()) for tier in set(counts.tier.tolist())}
