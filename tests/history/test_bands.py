"""A loan of the history is in the band in which valuation looks its contract up."""

import datetime as dt
from pathlib import Path

from protocol.money.lending import RiskModel
from server.database.sample.lenders import CURVES
from server.finance.rounding import HUNDREDTHS
from server.finance.value.curves import bands
from server.history.aggregates.aggregation import aggregate, edges_of
from server.history.aggregates.engine import engine
from server.history.aggregates.files import HistoryFiles

WHEN = dt.datetime(2020, 8, 1, tzinfo=dt.UTC)
MODEL = RiskModel(version="sample", curves=tuple(CURVES))
BASIS_POINTS = 10_000


def banded(folder: Path, rows: list[tuple]) -> dict[str, tuple]:
    """Return the edges of each loan's band, as the aggregation finds them."""
    files = HistoryFiles(folder)
    files.write_loans("all", rows)
    files.write_payments("one", [("p", "l0", dt.date(2020, 7, 1), 0, 0, 0, 1, "current", 0, 0, WHEN)])
    aggregate(files, edges_of(MODEL))
    with engine(folder) as database:
        found = database.execute(
            f"SELECT loan_id, term_max, ltv_max, pti_max FROM '{folder}/aggregates/loans.parquet'"  # noqa: S608 - own
        ).fetchall()
    return {loan: tuple(edges) for loan, *edges in found}


def expected(tier: str, term: int, ltv_bp: float | None, pti_bp: float | None) -> tuple:
    """Return the edges of the curve that valuation uses."""
    grid = bands(MODEL, next(curve.tier for curve in CURVES if curve.tier.value == tier))
    curve = grid.curves_at(term)[grid.index_at(ltv_bp, pti_bp)]
    return curve.term_max_months, curve.ltv_max_bp, curve.pti_max_bp


def test_edges_are_inclusive_and_unknown_shares_are_last(tmp_path: Path) -> None:
    """Exactly on an edge is below it; a cent more is above; no value and no income are in the last band."""
    edge = edges_of(MODEL)[0]
    ltv, pti, term = edge.ltvs[0], edge.ptis[0], edge.terms[0]
    worth = 2_000_000
    on = round(worth * ltv / BASIS_POINTS)
    cases = [
        (term, on, worth, pti),
        (term + 1, on + 1, worth, pti + 1 / HUNDREDTHS),
        (120, on, None, None),
        (term, on, 0, pti),
    ]
    rows = [
        (f"l{number}", dt.date(2020, 1, 1), months, amount, 800.0, value, edge.tier, 1, share, WHEN)
        for number, (months, amount, value, share) in enumerate(cases)
    ]
    found = banded(tmp_path, rows)
    assert [found[f"l{number}"] for number in range(len(cases))] == [
        expected(edge.tier, months, amount * BASIS_POINTS / value if value else None, share)
        for months, amount, value, share in cases
    ]


def test_loans_of_other_tiers_are_left_out_and_counted(tmp_path: Path) -> None:
    """They have no curve. Their payments are not of unknown loans."""
    files = HistoryFiles(tmp_path)
    loans = [
        (f"l{number}", dt.date(2020, 1, 1), 60, 100, 800.0, 1, tier, 1, 1.0, WHEN)
        for number, tier in enumerate(("unknown", "PRIME", None))
    ]
    files.write_loans("all", loans)
    files.write_payments("one", [("p", "l0", dt.date(2020, 7, 1), 0, 0, 0, 1, "current", 0, 0, WHEN)])
    done = aggregate(files, edges_of(MODEL))
    assert (done.loans, done.left_out, done.orphans) == (0, 3, 0)
