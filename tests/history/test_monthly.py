"""The table of every month of age: hazards, prepayment and loss with their bands."""

import csv
from pathlib import Path

import numpy as np
import pytest

from server.history.aggregates.counts import History
from server.history.estimation import estimate
from server.history.intervals import wilson
from server.history.monthly import Monthly, monthly
from server.history.report.hazards import write_hazards
from tests.history.books import LTV_EDGE, RECOVERY, kinds_of, known_model


@pytest.fixture(scope="module")
def table(known_history: tuple[Path, History]) -> Monthly:
    """The table of the known history."""
    history = known_history[1]
    return monthly(history.counts, estimate(history, known_model(), "new"))


def test_bands_hold_the_true_hazards(table: Monthly) -> None:
    """The observed ones in 95 of 100 of all tiers, terms, LTV bands and months; those of the curve are
    narrower, and hold it in nine of ten.
    """
    edges = [LTV_EDGE if kind.ltv_bp <= LTV_EDGE else 1e6 for kind in kinds_of(known_model())]
    cells: dict[tuple, list] = {}
    for kind, edge in zip(kinds_of(known_model()), edges, strict=True):
        cells.setdefault((kind.tier, kind.term, edge), []).append(kind)
    rows = zip(table.tier.tolist(), table.term_months.tolist(), table.ltv_max_bp.tolist(), strict=True)
    # The two bands of PTI have as many loans.
    true = np.array(
        [
            np.mean([kind.default[age - 1] for kind in cells[row]])
            for row, age in zip(rows, table.month, strict=True)
        ]
    )
    early = table.month < table.term_months
    observed = (table.default_low <= true) & (true <= table.default_high)
    assert 0.93 <= observed[early].mean() <= 0.98
    assert ((table.curve_low <= true) & (true <= table.curve_high))[early].mean() > 0.9
    width = (table.curve_high - table.curve_low)[early].mean()
    assert width < 0.7 * (table.default_high - table.default_low)[early].mean()


def test_the_table_counts_what_the_history_does(table: Monthly, known_history: tuple[Path, History]) -> None:
    """Every loan, default and cent once, and the net loss is what recoveries leave of it."""
    counts = known_history[1].counts
    for ours, theirs in (
        (table.at_risk, counts.loans),
        (table.defaults, counts.defaults),
        (table.prepaid, counts.prepaid),
        (table.defaulted_cents, counts.defaulted),
        (table.owed_cents, counts.owed),
    ):
        assert ours.sum() == pytest.approx(theirs.sum())
    lost = (table.net_loss * table.owed_cents).sum() / counts.defaulted.sum()
    assert lost == pytest.approx(1 - RECOVERY, abs=0.001)
    assert (table.net_loss_low <= table.net_loss).all()
    assert (table.net_loss <= table.net_loss_high).all()
    place = int(np.argmax(table.prepaid))
    low, high = wilson(table.prepaid[[place]], (table.at_risk - table.defaults)[[place]])
    assert (table.prepayment_low[place], table.prepayment_high[place]) == (low[0], high[0])
    assert np.isnan(table.prepayment).tolist() == (table.month == table.term_months).tolist()


def test_it_is_written_as_csv(table: Monthly, tmp_path: Path) -> None:
    """Counts whole, shares with six digits; empty are an LTV without an edge and last prepayments."""
    write_hazards(table, tmp_path / "hazards.csv")
    with (tmp_path / "hazards.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(table.month)
    assert {row["ltv_max_bp"] for row in rows} == {"11000", ""}
    assert [row["prepayment"] == "" for row in rows] == [row["month"] == row["term_months"] for row in rows]
    row, place = rows[7], 7
    assert int(row["at_risk"]) == table.at_risk[place]
    assert float(row["default_high"]) == pytest.approx(table.default_high[place], rel=1e-5)
    assert int(row["owed_cents"]) == pytest.approx(table.owed_cents[place], abs=0.6)
