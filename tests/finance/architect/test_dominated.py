"""Programmes that are dropped before they are valued would not have been chosen."""

from unittest import mock

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from protocol.deal.structure import Structure
from protocol.jobs import NUMBER_COLUMNS
from protocol.money.inputs import DealInputs, RowRule
from protocol.money.lending import Disposition, Programme, RiskModel
from protocol.records import BasisPoints
from server.finance.architect import Pricing, best_offers, frontier, offers, price_plan
from server.finance.architect.pruning import dominated
from server.finance.architect.pruning.dominated import without_dominated
from server.finance.architect.pruning.lines import Lines
from server.finance.architect.space.candidates import Candidates, build_candidates
from server.finance.cars import Cars
from server.finance.loans.loans import Loans
from server.finance.loans.structures import Structures, build_structures, structures_of
from server.finance.plan import plan_deal
from server.finance.rounding import Cents, Flags
from tests.finance.cases import car, curve, inputs, model, programme, sheet
from tests.finance.strategies import deals, models, numbers, programmes

TERMS = [36, 48, 60, 72]


def columns(stock: list[dict[str, int]]) -> Cars:
    """Return cars as columns."""
    return Cars.of({name: [each[name] for each in stock] for name in NUMBER_COLUMNS})


@st.composite
def lenders(draw: st.DrawFn) -> list[Programme]:
    """Draw a rate sheet as a store has it: some lenders with every term, held and sold, of unlike rates."""
    rows = []
    for number in range(draw(st.integers(2, 5))):
        base, step = draw(st.integers(300, 900)), draw(st.integers(0, 60))
        held = draw(st.booleans())
        ltv = float(draw(st.integers(9_000, 13_000)))
        rows += [
            programme(
                programme_id=f"p{number}",
                lender=f"l{number}",
                term_months=term,
                buy_rate_bp=float(base + step * at),
                disposition=Disposition.HELD if held else Disposition.SOLD,
                ltv_total_max_bp=ltv,
                lender_fee_cents=draw(st.integers(0, 500_00)),
                acquisition_cents=draw(st.integers(0, 300_00)),
            )
            for at, term in enumerate(TERMS)
        ]
    return rows


CURVES = [
    curve(ltv_max_bp=edge, cnl=cnl)
    for edge, cnl in ((10_000.0, 0.012), (12_000.0, 0.02), (1_000_000.0, 0.035))
]


@given(
    rows=lenders(),
    cash_max=st.integers(0, 12_000_00),
    payment_max=st.none() | st.integers(250_00, 1_500_00),
    discount=st.integers(0, 1_500_00),
    income=st.none() | st.integers(2_500_00, 12_000_00),
    prices=st.lists(st.integers(8_000_00, 60_000_00), min_size=1, max_size=5),
)
def test_offers_are_the_same_with_every_programme(
    *,
    rows: list[Programme],
    cash_max: int,
    payment_max: int | None,
    discount: int,
    income: int | None,
    prices: list[int],
) -> None:
    """Realistic sheets, cash from nothing to $12,000, discounts, bands of LTV: every column but the count
    of trade-offs, to the cent. What was dropped is worth less than something that was kept.
    """
    wish = Structure(
        terms_months=TERMS,
        cash_down_max_cents=cash_max,
        payment_max_cents=payment_max,
        tax_rate_bp=BasisPoints(725),
    )
    deal = inputs(wish, discount_max_cents=discount, monthly_income_cents=income)
    stock = [car(price_cents=each, cost_cents=each * 9 // 10, wholesale_cents=each) for each in prices]
    pricing = price_plan(plan_deal(deal, sheet(*rows)), RiskModel(version="m", curves=tuple(CURVES)))
    _assert_same(pricing, stock)


@given(
    deal=deals(),
    rows=programmes(),
    risk=models(),
    stock=st.lists(numbers(), min_size=1, max_size=4),
)
def test_offers_of_odd_deals_are_the_same(
    deal: DealInputs, rows: tuple[Programme, ...], risk: RiskModel, stock: list[dict[str, int]]
) -> None:
    """Deals of a few dollars, with every kind of limit."""
    plan = plan_deal(deal, sheet(*rows))
    if len(plan.programmes):
        _assert_same(price_plan(plan, risk), stock)


def test_a_lender_that_charges_more_for_the_same_is_dropped() -> None:
    """Its payments are the same, and every structure is worth less by its fee."""
    rows = [
        programme(programme_id=name, lender=name, disposition=Disposition.SOLD, lender_fee_cents=fee)
        for name, fee in (("cheap", 0), ("dear", 500_00))
    ]
    wish = Structure(terms_months=[60], cash_down_max_cents=2_000_00, tax_rate_bp=BasisPoints(0))
    pricing = price_plan(plan_deal(inputs(wish), sheet(*rows)), model())
    structures = build_structures(pricing.plan, columns([car()]))
    assert structures.feasible.tolist() == [[True, True]]
    assert without_dominated(pricing, structures).feasible.tolist() == [[True, False]]


def test_a_dearer_lender_is_dropped_where_every_reserve_is_capped() -> None:
    """No lender is worth a line over its range, so the corners of the better one decide, whose longer term
    costs less a month.
    """
    rows = [
        programme(
            programme_id=name,
            lender=name,
            disposition=Disposition.SOLD,
            lender_fee_cents=fee,
            reserve_max_cents=600_00,
            term_months=term,
        )
        for name, fee, term in (("cheap", 0, 72), ("dear", 1_500_00, 60))
    ]
    wish = Structure(terms_months=[60, 72], cash_down_max_cents=2_000_00, tax_rate_bp=BasisPoints(0))
    pricing = price_plan(plan_deal(inputs(wish), sheet(*rows)), model())
    structures = build_structures(pricing.plan, columns([car()]))
    assert pricing.valuation.most is not None
    assert without_dominated(pricing, structures).feasible.tolist() == [[True, False]]


@given(
    rows=lenders(),
    caps=st.lists(st.none() | st.integers(100_00, 1_500_00), min_size=5, max_size=5),
    overlaps=st.lists(st.booleans(), min_size=5, max_size=5),
    cash_max=st.integers(0, 30_000_00),
    discount=st.integers(0, 1_500_00),
    step=st.sampled_from([1, 50_00]),
    prices=st.lists(st.integers(8_000_00, 60_000_00), min_size=1, max_size=5),
)
def test_narrowed_pairs_lose_no_point_of_a_frontier(
    *,
    rows: list[Programme],
    caps: list[int | None],
    overlaps: list[bool],
    cash_max: int,
    discount: int,
    step: int,
    prices: list[int],
) -> None:
    """Capped reserves and lenders with two rows that overlap: every column and every frontier is the same to
    the last point if each pair is tried over its whole range.
    """
    sheet_rows = []
    for row in rows:
        at = int(row.lender[1:])
        sheet_rows.append(replace_row(row, reserve_max_cents=caps[at]))
        if overlaps[at]:
            cheaper = {"buy_rate_bp": row.buy_rate_bp - 40, "ltv_total_max_bp": row.ltv_total_max_bp - 1_500}
            sheet_rows.append(replace_row(row, programme_id=f"{row.programme_id}-low", **cheaper))
    wish = Structure(terms_months=TERMS, cash_down_max_cents=cash_max, tax_rate_bp=BasisPoints(725))
    deal = inputs(wish, discount_max_cents=discount, cash_step_cents=step, row_rule=RowRule.CHEAPEST)
    stock = [car(price_cents=each, cost_cents=each * 9 // 10, wholesale_cents=each) for each in prices]
    pricing = price_plan(plan_deal(deal, sheet(*sheet_rows)), RiskModel(version="m", curves=tuple(CURVES)))
    _assert_same(pricing, stock)


def replace_row(row: Programme, **changes: object) -> Programme:
    """Return a row with other terms."""
    return msgspec.structs.replace(row, **changes)


def whole_range(_pricing: Pricing, loans: Loans, _lines: Lines, left: Flags) -> tuple[Flags, Cents, Cents]:
    """Return every pair, to be tried over its whole range."""
    return left, loans.lowest, loans.principal


def only(structures: Structures, pairs: Flags) -> Structures:
    """Return the structures with only some pairs, by marks of shape (c, p)."""
    loans = structures.loans
    return structures_of(loans.at(np.flatnonzero(pairs.ravel().take(loans.number))))


def rows_of(found: Candidates) -> list[tuple[int, ...]]:
    """Return car, programme, payment, NPV, cash and discount of each candidate."""
    columns = found.car, found.programme, found.payment, found.npv, found.cash, found.discount
    return list(zip(*(each.tolist() for each in columns), strict=True))


def _assert_same(pricing: Pricing, stock: list[dict[str, int]]) -> None:
    cars = columns(stock)
    structures = build_structures(pricing.plan, cars)
    left = without_dominated(pricing, structures)
    ours = best_offers(pricing, cars)
    each = [cars.at(slice(at, at + 1)) for at in range(len(cars))]
    points = [frontier(pricing, one) for one in each]
    with mock.patch.object(dominated, "narrowed", whole_range):
        assert best_offers(pricing, cars) == ours
        assert [frontier(pricing, one) for one in each] == points
        wide = without_dominated(pricing, structures)
    kept = build_candidates(pricing, cars, left)
    _assert_beaten(rows_of(build_candidates(pricing, cars, wide)), rows_of(kept))
    assert (left.feasible <= structures.feasible).all()
    assert (left.any_feasible() == structures.any_feasible()).all()
    with mock.patch.object(offers, "without_dominated", lambda _pricing, every: every):
        theirs = best_offers(pricing, cars)
    for name in ours.keys() - {"frontier"}:
        assert ours[name] == theirs[name], name
    assert ours["frontier"] == [len(some) or None for some in points]
    lost = build_candidates(pricing, cars, only(structures, structures.feasible & ~left.feasible))
    for one in range(len(lost)):
        assert ((kept.car == lost.car[one]) & (kept.npv > lost.npv[one])).any()


def _assert_beaten(every: list[tuple[int, ...]], kept: list[tuple[int, ...]]) -> None:
    """Assert that each candidate that is not kept is beaten by one that is, at no higher payment."""
    assert set(kept) <= set(every)
    for car_number, _, payment, npv, *_ in set(every) - set(kept):
        assert any(one[0] == car_number and one[2] <= payment and one[3] > npv for one in kept)
