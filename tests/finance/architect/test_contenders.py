"""The contenders of a car are all that its best offer and its frontier need, whatever was left out."""

from unittest import mock

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from protocol.deal.structure import Structure
from protocol.money.inputs import DealInputs, RowRule
from protocol.money.lending import Programme, RiskModel
from protocol.records import BasisPoints
from server.finance.architect import Pricing, best_offers, frontier, price_plan
from server.finance.architect.ranking import contenders, frontiers, ties
from server.finance.architect.ranking.objective import acceptable, best_of_cars, steps, undominated
from server.finance.architect.space.candidates import Candidates, build_candidates
from server.finance.cars import Cars
from server.finance.loans.structures import build_structures
from server.finance.plan import plan_deal
from server.finance.rounding import Flags
from tests.finance.architect.test_dominated import CURVES, TERMS, columns, lenders, replace_row
from tests.finance.cases import car, inputs, sheet
from tests.finance.strategies import deals, models, numbers, programmes

Shown = tuple[int, ...]


@st.composite
def stores(draw: st.DrawFn) -> tuple[Pricing, list[dict[str, int]]]:
    """Draw a store's sheet with capped reserves and rows that overlap, a deal, and some cars."""
    rows = []
    for row in draw(lenders()):
        cap = draw(st.none() | st.integers(100_00, 1_500_00))
        rows.append(replace_row(row, reserve_max_cents=cap))
        if draw(st.booleans()):
            cheaper = {"buy_rate_bp": row.buy_rate_bp - 40, "ltv_total_max_bp": row.ltv_total_max_bp - 1_500}
            rows.append(replace_row(row, programme_id=f"{row.programme_id}-low", **cheaper))
    step = draw(st.sampled_from([1, 7_00, 50_00, 100_00]))
    # A payment has principals that differ by some cents, so the least cash is also close below a step.
    least = draw(st.integers(0, 2_000_00) | st.integers(1, 30).map(lambda cents: 50 * step - cents))
    wish = Structure(
        terms_months=TERMS,
        cash_down_cents=least,
        cash_down_max_cents=least + draw(st.integers(0, 30_000_00)),
        tax_rate_bp=BasisPoints(725),
    )
    deal = inputs(
        wish,
        discount_max_cents=draw(st.sampled_from([0, 400_00, 1_500_00])),
        cash_step_cents=step,
        monthly_income_cents=draw(st.none() | st.integers(2_500_00, 12_000_00)),
        row_rule=RowRule.CHEAPEST,
    )
    prices = draw(st.lists(st.integers(8_000_00, 60_000_00), min_size=1, max_size=5))
    stock = [car(price_cents=each, cost_cents=each * 9 // 10, wholesale_cents=each) for each in prices]
    risk = RiskModel(version="m", curves=tuple(CURVES))
    return price_plan(plan_deal(deal, sheet(*rows)), risk), stock


@given(store=stores())
def test_what_is_left_out_changes_nothing(store: tuple[Pricing, list[dict[str, int]]]) -> None:
    """Capped reserves, rows that overlap, discounts, and cash to the cent or in steps."""
    _assert_same(*store)


@given(deal=deals(), rows=programmes(), risk=models(), stock=st.lists(numbers(), min_size=1, max_size=4))
def test_what_is_left_out_of_odd_deals_changes_nothing(
    deal: DealInputs, rows: tuple[Programme, ...], risk: RiskModel, stock: list[dict[str, int]]
) -> None:
    """Deals of a few dollars, with every kind of limit."""
    plan = plan_deal(deal, sheet(*rows))
    if len(plan.programmes):
        _assert_same(price_plan(plan, risk), stock)


def none(_pricing: Pricing, some: Candidates) -> Flags:
    """Return no structure as marked."""
    return np.zeros(len(some), dtype=np.bool_)


def _assert_same(pricing: Pricing, stock: list[dict[str, int]]) -> None:
    """Check the contenders against plain comparisons, and the answers without each shortcut."""
    cars = columns(stock)
    structures = build_structures(pricing.plan, cars)
    every = build_candidates(pricing, cars, structures)
    every = every.at(np.flatnonzero(acceptable(pricing, every)))
    found = contenders.contenders(pricing, cars, structures)
    points, best = _points(found), _shown(best_of_cars(pricing, found))
    assert [row[:3] for row in points] == _undominated({row[:3] for row in _shown(every)})
    assert _shown(every.at(undominated(every))) == points
    assert [row[0] for row in best] == sorted({row[0] for row in points})
    ours = best_offers(pricing, cars), _frontiers(pricing, cars)
    with mock.patch.object(frontiers, "_is_settled", none):
        assert (best_offers(pricing, cars), _frontiers(pricing, cars)) == ours
    alone = _shown(ties.least_paid(pricing, every))
    with mock.patch.object(ties, "_has_no_tie", none):
        assert _shown(ties.least_paid(pricing, every)) == alone


def _points(found: Candidates) -> list[Shown]:
    return _shown(found.at(steps(found.car, found.payment, found.npv)))


def _frontiers(pricing: Pricing, cars: Cars) -> list[object]:
    return [frontier(pricing, cars.at(slice(at, at + 1))) for at in range(len(cars))]


def _shown(some: Candidates) -> list[Shown]:
    """Return structures as rows: car, payment, NPV, programme and the other amounts."""
    first = some.car, some.payment, some.npv, some.programme
    table = *first, some.principal, some.cash, some.discount, some.band, some.front_gross
    return list(zip(*(each.tolist() for each in table), strict=True))


def _undominated(rows: set[Shown]) -> list[Shown]:
    """Return the cars, payments and NPVs that no other of the car beats, by car and payment."""
    return sorted(
        (car, payment, npv)
        for car, payment, npv in rows
        if not any(
            one == car and less <= payment and more >= npv and (less, more) != (payment, npv)
            for one, less, more in rows
        )
    )
