"""Feasibility, the price window and the best offers, against a brute force that tries every cent of cash."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from protocol.deal.structure import Structure
from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme
from protocol.records import BasisPoints, Tier
from server.finance.loans.loans import TOO_SMALL
from server.finance.loans.structures import build_structures
from server.finance.payment import payments_cents
from server.finance.plan import Plan, plan_deal, price_window
from server.finance.rules.limits import Limit
from tests.finance import reference
from tests.finance.cases import car, cars, inputs, programme, sheet
from tests.finance.strategies import deals, numbers, programmes


def factors_by_programme(plan: Plan, rows: tuple[Programme, ...], deal: DealInputs) -> dict[str, float]:
    """Return payments per unit of principal by ``programme_id:term``, for the rows that the plan kept."""
    kept = [row for row in rows if takes_customer(row, deal)]
    return {
        f"{row.programme_id}:{row.term_months}": factor
        for row, factor in zip(kept, plan.factors, strict=True)
    }


def takes_customer(row: Programme, deal: DealInputs) -> bool:
    """Return whether tier, term and score fit."""
    return (
        row.tier == deal.structure.tier
        and row.term_months in deal.structure.terms_months
        and (deal.score is None or row.score_min <= deal.score <= row.score_max)
    )


@given(deal=deals(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=3))
def test_the_largest_loans_are_those_of_brute_force(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]]
) -> None:
    """Each car and programme is feasible exactly where some cent of cash and of discount is; the structure
    has the largest such loan at the least discount, and the lowest payment shown is not above any.
    """
    plan = plan_deal(deal, sheet(*rows))
    factors = factors_by_programme(plan, rows, deal)
    kept = tuple(row for row in rows if f"{row.programme_id}:{row.term_months}" in factors)
    if not kept:
        return
    found = build_structures(plan, cars(*stock))
    for c, one in enumerate(stock):
        every = list(reference.feasible_structures(deal, kept, one, factors))
        for p, row in enumerate(kept):
            expected = [each for each in every if each.programme is row]
            assert bool(found.feasible[c, p]) == bool(expected)
            if not expected:
                assert found.limit[c, p] != Limit.NONE
                continue
            largest = max(expected, key=lambda each: (each.principal, -each.discount))
            assert (found.principal[c, p], found.discount[c, p]) == (largest.principal, largest.discount)
            assert (found.cash[c, p], found.payment[c, p]) == (largest.cash, largest.payment)
            assert found.lowest[c, p] <= min(each.principal for each in expected)


@given(deal=deals(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=3))
def test_the_window_loses_no_feasible_car(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]]
) -> None:
    """Every car that brute force finds feasible lies inside; trades, rebates, discounts and caps included."""
    plan = plan_deal(deal, sheet(*rows))
    factors = factors_by_programme(plan, rows, deal)
    kept = tuple(row for row in rows if f"{row.programme_id}:{row.term_months}" in factors)
    window = price_window(plan, max(one["rebate_cents"] for one in stock))
    for one in stock:
        if any(True for _ in reference.feasible_structures(deal, kept, one, factors)):
            assert window is not None
            assert window[0] <= one["price_cents"] <= window[1]


@given(deal=deals(), rows=programmes())
def test_an_empty_window_is_explained(deal: DealInputs, rows: tuple[Programme, ...]) -> None:
    """Where no programme can take any car, the plan names the limit."""
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        assert price_window(plan) is None


@given(deal=deals(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=4))
def test_what_is_in_the_way_is_that_of_the_nearest_programme(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]]
) -> None:
    """The list of pairs tells the same as a table of every car with every programme; each refused pair counts
    with its limit. The payments of a car are those of its feasible programmes.
    """
    plan = plan_deal(deal, sheet(*rows))
    if not len(plan.programmes):
        return
    found = build_structures(plan, cars(*stock))
    lowest, highest = found.loans.payment_ends()
    for c in range(len(stock)):
        nearest = int(found.shortfall[c].argmin())
        least = int(found.shortfall[c, nearest])
        assert found.nearest_limit()[c] == found.limit[c, nearest]
        assert found.more_cash()[c] == (least if least < TOO_SMALL else -1)
        assert found.any_feasible()[c] == found.loans.any_feasible()[c] == (least == 0)
        at = np.flatnonzero(found.feasible[c])
        least_paid = payments_cents(found.lowest[c], plan.factors).take(at)
        assert (lowest[c], highest[c]) == (
            min(least_paid.tolist(), default=0),
            max(found.payment[c].take(at).tolist(), default=0),
        )


def test_the_window_is_tight_at_both_ends() -> None:
    """A car at either end is feasible and a cent beyond is not, where only amounts and the payment limit."""
    wish = Structure(payment_max_cents=500_00, cash_down_cents=1_000_00, cash_down_max_cents=3_000_00)
    plan = plan_deal(inputs(wish), sheet(programme(ltv_front_max_bp=90_000.0, ltv_total_max_bp=90_000.0)))
    window = price_window(plan)
    assert window is not None
    low, high = window
    edges = cars(*(car(price_cents=price) for price in (low - 1, low, high, high + 1)))
    assert build_structures(plan, edges).any_feasible().tolist() == [False, True, True, False]


def test_a_feasible_structure_names_what_asks_for_its_cash() -> None:
    """The limit that raises the cash above the wish, or none."""
    wish = Structure(cash_down_cents=0, cash_down_max_cents=2_000_000, terms_months=[60])
    stock = cars(car(), car(wholesale_cents=1_000_000))
    found = build_structures(plan_deal(inputs(wish), sheet(programme())), stock)
    assert found.feasible[:, 0].tolist() == [True, True]
    assert found.limit[:, 0].tolist() == [Limit.NONE, Limit.LTV_FRONT]
    assert found.cash[1, 0] == 2_500_000 - 1_200_000


def test_refusals_name_their_limit() -> None:
    """Each kind of refusal has a name of its own."""
    wish = Structure(cash_down_cents=0, discount_cents=100_000, terms_months=[60])
    plan = plan_deal(inputs(wish), sheet(programme(new_cars=False)))
    stock = cars(
        car(mileage=300_000),
        car(year=1999),
        car(wholesale_cents=0),
        car(is_new=1),
        car(price_cents=50_000),
        car(price_cents=400_000, wholesale_cents=400_000),
        car(price_cents=20_000_000, wholesale_cents=20_000_000),
        car(price_cents=5_000_000, wholesale_cents=2_000_000),
    )
    names = [Limit(code).wire for code in build_structures(plan, stock).nearest_limit().tolist()]
    assert names == [
        "mileage",
        "model_year",
        "ltv_basis",
        "new_used",
        "discount",
        "amount_min",
        "amount_max",
        "ltv_front",
    ]


def test_the_customers_limits_have_names() -> None:
    """Payment maximum, income and debt each refuse under their own name."""

    def nearest(deal: DealInputs) -> str | None:
        structures = build_structures(plan_deal(deal, sheet(programme())), cars(car()))
        return Limit(int(structures.nearest_limit()[0])).wire

    wish = Structure(terms_months=[60])
    capped = Structure(terms_months=[60], payment_max_cents=300_00)
    assert nearest(inputs(capped)) == "payment_max"
    assert nearest(inputs(wish, monthly_income_cents=150_000)) == "pti"
    assert nearest(inputs(wish, monthly_income_cents=400_000, other_debt_cents=180_000)) == "dti"


def test_an_empty_plan_says_why() -> None:
    """Tier, score, term and rate are refused before any car is read."""
    rows = sheet(programme(score_min=700))
    cases = {
        "tier": inputs(Structure(tier=Tier.SUBPRIME)),
        "score": inputs(score=650),
        "term": inputs(Structure(terms_months=[24])),
        "rate": inputs(Structure(rate_bp=BasisPoints(2_000))),
    }
    assert {name: plan_deal(deal, rows).empty.wire for name, deal in cases.items()} == {n: n for n in cases}


def test_an_unknown_score_or_income_refuses_nobody() -> None:
    """A limit applies only to what is known."""
    plan = plan_deal(inputs(Structure(terms_months=[60])), sheet(programme(score_min=800, pti_max_bp=1.0)))
    assert build_structures(plan, cars(car())).any_feasible().tolist() == [True]


def test_permuting_cars_permutes_answers() -> None:
    """No car's answer depends on its neighbours."""
    stock = [car(price_cents=price) for price in (1_000_000, 2_500_000, 4_000_000, 9_000_000)]
    plan = plan_deal(inputs(), sheet(programme(), programme(term_months=72)))
    forwards, backwards = build_structures(plan, cars(*stock)), build_structures(plan, cars(*stock[::-1]))
    assert np.array_equal(forwards.payment, backwards.payment[::-1])
    assert np.array_equal(forwards.feasible, backwards.feasible[::-1])
