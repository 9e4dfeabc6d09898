"""Figures of real pools go through files, aggregation and estimates, and come back.

The data is not part of the project: where it is absent, the tests skip.
"""

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from protocol.money.lending import NO_EDGE_BP, NO_EDGE_MONTHS, RiskCurve, RiskModel
from protocol.records import Tier
from server.finance.rounding import Floats
from server.history.aggregates.aggregation import aggregate, edges_of
from server.history.aggregates.counts import History, read_history
from server.history.aggregates.files import HistoryFiles
from server.history.aggregates.manifest import Edges
from server.history.estimation import LOSS_DIGITS, estimate, scheduled_balance
from server.history.intervals import wilson
from server.history.monthly import monthly
from server.history.prepayment import single_month_mortality, speed_for
from tests.history.generating import Known, Plan, generate

DATA = Path(__file__).parents[3] / "../shared/data"
POOLS, LOSSES = DATA / "pool_amortisation.csv", DATA / "abs_net_loss.csv"
needs_data = pytest.mark.skipif(
    not POOLS.exists(), reason="the real pools' figures are not beside the project"
)

SCALE = 50
"""Real loans to one of ours."""

TERM = 72
WHEN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
FEWEST_REPORTS = 18
BAND_STEP = 100.0
"""Each pool or figure is a band of LTV of its own: basis points from one to the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """A pool's reports: months from 1, balances in dollars, living loans. Some months may lack a report."""

    name: str
    month: Floats
    balance: Floats
    loans: Floats


def read_pools() -> list[Pool]:
    """Return the pools of the file."""
    rows: dict[str, list[tuple[float, float, float]]] = {}
    with POOLS.open(newline="") as file:
        for row in csv.DictReader(file):
            figures = row["month_no"], row["ending_pool_balance"], row["ending_receivables"]
            rows.setdefault(row["deal"], []).append(tuple(map(float, figures)))  # type: ignore[arg-type]
    return [Pool(name, *np.array(reports).T) for name, reports in rows.items()]


def edges(count: int, tiers: tuple[str, ...] = ("prime",)) -> tuple[Edges, ...]:
    """Return bands of LTV for so many pools."""
    ltvs = (*(BAND_STEP * (number + 1) for number in range(count)), NO_EDGE_BP)
    return tuple(Edges(tier, (NO_EDGE_MONTHS,), ltvs, (NO_EDGE_BP,)) for tier in tiers)


def as_history(pools: list[Pool], folder: Path) -> History:
    """Return the pools as loans, one for SCALE of theirs: each lives as many months as its place says."""
    files = HistoryFiles(folder)
    files.write_loans("all", loan_rows(pools))
    files.write_payments("all", payment_rows(pools))
    aggregate(files, edges(len(pools)))
    return read_history(folder, "2100-01")


def scaled(pool: Pool) -> list[int]:
    """Return how many of our loans live at the end of each month; a month without a report is as before."""
    at = dict(zip(pool.month.tolist(), pool.loans.tolist(), strict=True))
    alive = [at[1.0]]
    for month in range(2, int(pool.month[-1]) + 1):
        alive.append(at.get(float(month), alive[-1]))
    return [round(loans / SCALE) for loans in alive]


def loan_rows(pools: list[Pool]) -> Iterator[tuple]:
    """Yield the loans, each in the band of its pool."""
    for number, pool in enumerate(pools):
        for loan in range(scaled(pool)[0]):
            value = round(2_000_000 * 10_000 / (BAND_STEP * (number + 0.5)))
            yield (
                f"{number}-{loan}",
                dt.date(2016, 12, 1),
                TERM,
                2_000_000,
                400.0,
                value,
                "prime",
                1,
                None,
                WHEN,
            )


def payment_rows(pools: list[Pool]) -> Iterator[tuple]:
    """Yield a payment for each month that a loan lives; one that is gone at a month's end prepaid in it."""
    for number, pool in enumerate(pools):
        alive = scaled(pool)
        for month in range(1, len(alive) + 1):
            due_on = dt.date(2016 + (month + 11) // 12, (month + 11) % 12 + 1, 1)
            before = alive[max(month - 2, 0)]
            for loan in range(before):
                gone = loan >= alive[month - 1]
                row = (1, 0, 0, "prepaid") if gone else (0, 0, 1, "current")
                yield f"{number}-{loan}-{month}", f"{number}-{loan}", due_on, 0, *row, 0, 0, WHEN


@needs_data
def test_speeds_of_real_pools_come_back(tmp_path: Path) -> None:
    """Each month's single month mortality of each pool is the one that its reports give, to the rounding of
    the scale; the ABS speed of a pool is that of its reports to 3 %.
    """
    pools = read_pools()
    history = as_history(pools, tmp_path)
    counts = history.counts
    compared = 0
    for number, pool in enumerate(pools):
        mine = counts.where(counts.ltv_max == BAND_STEP * (number + 1))
        ours = dict(zip(mine.age.tolist(), (mine.prepaid / mine.loans).tolist(), strict=True))
        for place in np.flatnonzero(np.diff(pool.month) == 1):
            real = 1.0 - pool.loans[place + 1] / pool.loans[place]
            assert ours[int(pool.month[place + 1])] == pytest.approx(
                real, abs=1.5 * SCALE / pool.loans[place]
            )
            compared += 1
        if len(pool.month) >= FEWEST_REPORTS:
            real_speed = speed_for(pool.loans[0] - pool.loans[-1], pool.month[1:], pool.loans[:-1])
            found = speed_for(float(mine.prepaid.sum()), mine.age, mine.loans)
            assert found == pytest.approx(real_speed, rel=0.03), pool.name
    assert compared == 217


@needs_data
def test_one_speed_and_one_schedule_describe_a_real_pool() -> None:
    """The form of the risk model: with one ABS speed (and the pool's age at its first report) the number of
    living loans stays within 5.5 % of the reports over up to 35 months, and with a regular schedule the
    balance within 5 %.
    """
    for pool in read_pools():
        if len(pool.month) < FEWEST_REPORTS:
            continue
        months = pool.month.astype(np.int64)
        alive = min((living(pool, months, age) for age in range(36)), key=lambda one: worst(one, pool.loans))
        per_loan = pool.balance / pool.loans
        terms = range(months[-1] + 1, 85)
        schedule = min(
            (scheduled_balance(450.0, term)[months - 1] for term in terms),
            key=lambda one: worst(one, per_loan),
        )
        assert worst(alive, pool.loans) < 0.055, pool.name
        assert worst(alive * schedule, pool.balance) < 0.05, pool.name


def living(pool: Pool, months: np.ndarray, age: int) -> Floats:
    """Return the share of loans alive at each report under one speed, if the pool was so old at the first."""
    speed = speed_for(pool.loans[0] - pool.loans[-1], months[1:] + age, pool.loans[:-1])
    mortality = single_month_mortality(speed, np.arange(months[0] + 1, months[-1] + 1) + age)
    return np.concatenate([[1.0], np.cumprod(1.0 - mortality)])[months - 1]


def worst(ours: Floats, real: Floats) -> float:
    """Return the largest relative deviation, both from 1 at the first report."""
    return float(np.abs(ours / ours[0] / (real / real[0]) - 1.0).max())


@needs_data
@pytest.mark.parametrize("segment", ["prime", "subprime"])
def test_published_net_losses_come_back(tmp_path: Path, segment: str) -> None:
    """A book that loses what S&P published for a segment, month by month, and recovers as much: the estimate
    has that recovery, the segment's net loss is the mean of its months to 10 %, and each month's rate lies in
    the band of 95 % of its loans, but for one.
    """
    with LOSSES.open(newline="") as file:
        published = [row for row in csv.DictReader(file) if row["segment"] == segment]
    rates = [float(row["net_loss_rate_pct"]) / 100 for row in published]
    recovered = next(float(row["recovery_rate_pct"]) / 100 for row in published if row["recovery_rate_pct"])
    kinds = [
        Known(
            tier=segment,
            term=TERM,
            ltv_bp=BAND_STEP * (number + 0.5),
            pti_bp=100.0,
            default=np.full(TERM, rate / 12 / (1.0 - recovered)),
            prepayment=np.full(TERM, 0.013),
        )
        for number, rate in enumerate(rates)
    ]
    model = one_tier(Tier(segment), len(rates))
    plan = Plan(loans=4_000 * len(rates), origination_months=6, seen_to=40, recovered={0: recovered})
    aggregate(generate(tmp_path, kinds, plan), edges_of(model))
    history = read_history(tmp_path, "2100-01")
    found = estimate(history, model, "new")
    [tier] = found.tiers
    assert tier.severity.recovery == pytest.approx(recovered, abs=0.001)
    assert {curve.recovery for curve in found.model.curves} == {round(tier.severity.recovery, LOSS_DIGITS)}
    # Bands that lose more hold fewer loans later on.
    assert tier.net_loss_rate == pytest.approx(np.mean(rates), rel=0.1)
    table, lost = monthly(history.counts, found), 12 * (1.0 - tier.severity.recovery)
    within = 0
    for number, rate in enumerate(rates):
        mine = table.ltv_max_bp == BAND_STEP * (number + 1)
        low, high = wilson(np.array(table.defaults[mine].sum()), np.array(table.at_risk[mine].sum()))
        within += bool(low * lost <= rate <= high * lost)
    assert within >= len(rates) - 1


def one_tier(tier: Tier, count: int) -> RiskModel:
    """Return a model of one tier with so many bands of LTV."""
    ltvs = (*(BAND_STEP * (number + 1) for number in range(count)), NO_EDGE_BP)
    curves = tuple(
        RiskCurve(
            tier=tier,
            funding_rate=0.05,
            cnl=0.01,
            loss_timing=((1.0, 1.0),),
            recovery=0.0,
            recovery_lag_months=0,
            abs_speed=0.01,
            servicing_month_cents=0,
            ltv_max_bp=ltv,
        )
        for ltv in ltvs
    )
    return RiskModel(version="flat", curves=curves)
