"""A car's quote against the offer, the exact engine and itself: its figures, its grids, its frontier."""

import datetime as dt
import pickle
import random
from dataclasses import replace
from itertools import product

import msgspec
import pytest
import pyxirr
from hypothesis import given, settings

from protocol import codec
from protocol.deal.structure import Structure, StructureError
from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme, RiskModel
from protocol.records import BasisPoints
from server.finance.architect import best_offers, price_plan
from server.finance.plan import plan_deal
from server.finance.quoting import (
    Case,
    GridQuestion,
    quote_cash,
    quote_frontier,
    quote_grid,
    quote_structure,
)
from server.finance.versions import engine_number
from tests.finance.cases import car, cars, curve, model, sheet
from tests.finance.quoting.asked import RULES, TERMS, WISH, case, only, under
from tests.finance.strategies import deals, numbers, programmes


def test_a_quote_is_the_offer_printed() -> None:
    """On 400 random deals, term, rate, cash, discount, payment, NPV and binding are those of the search's
    offer, and the exact contract's amounts agree with each other.
    """
    draw = random.Random(5)
    quoted = 0
    for _ in range(400):
        wish = msgspec.structs.replace(
            WISH,
            cash_down_cents=draw.randrange(0, 400_000),
            trade_allowance_cents=draw.randrange(0, 900_000),
            payment_max_cents=draw.choice([None, draw.randrange(25_000, 70_000)]),
            tax_rate_bp=draw.choice([None, BasisPoints(draw.randrange(0, 1_100))]),
        )
        subject = case(
            wish,
            numbers=car(price_cents=draw.randrange(900_000, 4_000_000)),
            monthly_income_cents=draw.choice([None, draw.randrange(250_000, 900_000)]),
            discount_max_cents=draw.choice([0, 75_000]),
            tax_rules=RULES,
        )
        answer = quote_structure(subject).answer
        pricing = price_plan(plan_deal(subject.inputs, subject.sheet), subject.model)
        offer = {name: column[0] for name, column in best_offers(pricing, cars(subject.numbers)).items()}
        assert answer.eligible == (offer["payment_cents"] is not None)
        assert answer.binding == offer["binding"]
        if not answer.eligible:
            assert codec.plain(answer)["fix"] == offer["fix"]
            continue
        quoted += 1
        told = codec.plain(answer)
        same = ("payment_cents", "term_months", "rate_bp", "cash_down_cents", "discount_cents", "lender")
        assert {name: told[name] for name in same} == {name: offer[name] for name in same}
        assert told["value"]["npv_cents"] == offer["npv_cents"] == sum(told["value"]["parts"].values())
        assert told["value"]["stress_npv_cents"] == offer["stress_npv_cents"]
        assert told["tax_cents"] == sum(line["tax_cents"] for line in told["taxes"])
        assert told["total_of_payments_cents"] == sum(row["payment_cents"] for row in told["schedule"])
        assert told["schedule"][-1]["balance_cents"] == 0
        assert told["principal_cents"] == (
            told["price_cents"] - told["discount_cents"] + wish.fees_cents + wish.products_cents
            + told["tax_cents"] - told["rebate_cents"] - told["cash_down_cents"]
            - wish.trade_allowance_cents + told["payoff_cents"]
        )  # fmt: skip
    assert quoted > 200


@settings(max_examples=60)
@given(deals(), programmes(), numbers())
def test_any_deal_can_be_quoted(deal: DealInputs, rows: tuple[Programme, ...], one: dict[str, int]) -> None:
    """Whatever the deal, an answer comes back: priced and valued, or with the limit that refuses it."""
    subject = Case(deal, one, sheet(*rows), model())
    answer = quote_structure(subject).answer
    if answer.eligible:
        assert answer.schedule[-1].balance_cents == 0
        assert sum(answer.value.parts.values()) == answer.value.npv_cents
    else:
        assert answer.binding
        assert answer.value is msgspec.UNSET


def test_an_answer_travels_between_processes() -> None:
    """What was computed on the way to it stays behind, and can be computed again."""
    quoted = quote_structure(case())
    subject = case()
    assert subject.pricing is not None
    copied = pickle.loads(pickle.dumps(subject))  # noqa: S301 - our own
    assert copied == subject
    assert "pricing" not in vars(copied)
    again = pickle.loads(pickle.dumps(quoted))  # noqa: S301 - our own
    assert codec.plain(again.answer) == codec.plain(quoted.answer)


def test_tax_is_told_by_jurisdiction() -> None:
    """Without a stated rate each rule of the address is a line, with its own base, cap and rounding."""
    wish = msgspec.structs.replace(WISH, tax_rate_bp=None, trade_credit=False)
    answer = quote_structure(case(wish, tax_rules=RULES)).answer
    assert [codec.plain(line) for line in answer.taxes] == [
        {"jurisdiction": "state", "tax_cents": 117_875},  # 5.75 % of 25,000 - 4,500 (net of trade)
        {"jurisdiction": "county", "tax_cents": 11_250},  # 1.125 % of at most 10,000
    ]
    with pytest.raises(StructureError, match="tax_rate_bp"):
        quote_structure(case(wish))


def test_the_best_grid_is_a_quote_in_each_cell() -> None:
    """With the best programme and discount of each cell, a cell is what a quote with that term and exactly
    that cash answers, also where it is refused; what only the customer's highest payment refuses is shown
    without it.
    """
    subject = case(msgspec.structs.replace(WISH, payment_max_cents=46_000))
    unbound = under(subject, payment_max_cents=None)
    cash = [0, 150_000, 700_000]
    grid = quote_grid(subject, GridQuestion([48, 60, 84], cash, best=True), None)
    assert grid.programme_id is None
    above = []
    for (row, term), (column, amount) in product(enumerate([48, 60, 84]), enumerate(cash)):
        there = {"term_months": term, "cash_down_cents": amount, "cash_down_max_cents": amount}
        alone = quote_structure(under(subject, **there)).answer
        assert (grid.eligible[row][column], grid.binding[row][column]) == (alone.eligible, alone.binding)
        if alone.binding == "payment_max" and not alone.eligible:
            above.append(alone := quote_structure(under(unbound, **there)).answer)
            assert alone.payment_cents > 46_000
        assert grid.payment_cents[row][column] == (alone.payment_cents or None)
        if alone.eligible:
            assert grid.npv_cents[row][column] == alone.value.npv_cents
            assert (grid.lender[row][column], grid.rate_bp[row][column]) == (alone.lender, alone.rate_bp)
            assert grid.discount_cents[row][column] == alone.discount_cents
            assert grid.total_of_payments_cents[row][column] == alone.total_of_payments_cents
    assert above
    assert {True, False} == {cell for row in grid.eligible for cell in row}
    assert grid.payment_cents[2] == [None] * 3
    assert grid.binding[2] == ["term"] * 3


def test_a_pencil_is_computed_by_the_rules_of_its_engine() -> None:
    """A contract from the end of February had 28 days before version 4, and its pencil has them still."""
    february = msgspec.structs.replace(
        WISH, contract_date=dt.date(2026, 2, 28), first_payment_date=dt.date(2026, 3, 28)
    )
    now, before = quote_structure(case(february)).answer, quote_structure(case(february, engine=3)).answer
    assert now.payment_cents > before.payment_cents
    assert now.schedule[0].interest_cents * 28 // 30 == before.schedule[0].interest_cents
    assert (engine_number("3"), engine_number("4"), engine_number("test")) == (3, 4, 4)


def test_a_grid_of_its_own() -> None:
    """Asked for nothing, a grid has the structure's terms, and cash in the store's steps from the least to
    two steps above the most; the offer's own cash has a column.
    """
    subject = case()
    offered = quote_structure(subject).choice
    grid = quote_grid(subject, GridQuestion(), offered)
    assert grid.terms_months == TERMS
    assert grid.cash_down_cents == [100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000, 800_000]
    halves = quote_grid(subject, GridQuestion(step_cents=25_000), offered)
    assert halves.cash_down_cents == list(range(100_000, 400_000, 25_000))
    near = msgspec.structs.replace(WISH, cash_down_max_cents=220_000)
    grid = quote_grid(case(near), GridQuestion(), None)
    assert grid.cash_down_cents == [100_000, 150_000, 200_000, 220_000, 250_000, 300_000]
    assert grid.step_cents == 50_000
    grid = quote_grid(case(Structure(cash_down_cents=5)), GridQuestion(), None)
    assert grid.cash_down_cents == [5, 50_000, 100_000, 150_000, 200_000]


def test_a_grid_names_the_programmes_that_it_can_be_of() -> None:
    """Each once, with its rate at the offer's term; the grid is of the offer's own unless asked otherwise."""
    subject = case()
    offered = quote_structure(subject).choice
    grid = quote_grid(subject, GridQuestion(), offered)
    assert grid.programme_id == offered.programme_id
    term = offered.term_months
    assert [codec.plain(each) for each in grid.lenders] == [
        {"programme_id": "harbor", "lender": "harbor", "rate_bp": 740.0 + term},
        {"programme_id": "summit", "lender": "summit", "rate_bp": 710.0 + term},
    ]
    other = next(each for each in grid.lenders if each.programme_id != offered.programme_id)
    turned = quote_grid(subject, GridQuestion(programme_id=other.programme_id), offered)
    assert turned.programme_id == other.programme_id
    assert {lender for row in turned.lender for lender in row} == {other.lender}


def test_the_frontier_rises_and_its_points_can_be_quoted() -> None:
    """Payment and NPV both rise along the points; each is what a quote of its terms answers. The best of a
    payment band lies inside the band.
    """
    subject = case(discount_max_cents=100_000, monthly_income_cents=500_000)
    points, bands = quote_frontier(subject)
    assert len(points) > 1
    assert [point.payment_cents for point in points] == sorted({point.payment_cents for point in points})
    assert [point.npv_cents for point in points] == sorted({point.npv_cents for point in points})
    for point in points:
        again = quote_structure(
            under(
                only(subject, point.programme_id),
                term_months=point.term_months,
                cash_down_cents=point.cash_down_cents,
                cash_down_max_cents=point.cash_down_cents,
                discount_cents=point.discount_cents,
            )
        ).answer
        assert (again.payment_cents, again.value.npv_cents) == (point.payment_cents, point.npv_cents)
    for band in bands:
        assert band.over_cents < band.best.payment_cents <= band.to_cents
    best = quote_structure(subject).answer
    assert max(band.best.npv_cents for band in bands) == best.value.npv_cents


def test_the_frontier_tells_what_turns_over_under_stress() -> None:
    """Where a held contract is worth most and a sold one is safe, more than one point is passed; each count
    is that of the cheaper points that are worth more under stress.
    """
    risky = RiskModel(version="risk-1", curves=(curve(cnl=0.05, recovery=0.3),))
    subject = replace(case(discount_max_cents=100_000), model=risky)
    points, bands = quote_frontier(subject)
    stressed = [point.stress_npv_cents for point in points]
    for place, point in enumerate(points):
        assert point.passed_by == sum(cheaper > stressed[place] for cheaper in stressed[:place])
    assert {point.passed_by > 0 for point in points} == {True, False}
    assert all(not hasattr(band.best, "passed_by") for band in bands)


def test_monthly_cash_is_the_contracts_part_of_the_value() -> None:
    """Discounted at the funding rate, less the principal and what is paid outside, it is the sum of the
    contract's parts, to half a cent for each rounded amount of a month. A sold contract brings none.
    """
    subject = only(case(), "harbor")
    quoted = quote_structure(subject)
    cash = quote_cash(subject, quoted.choice)
    net = [
        sum(month) for month in zip(cash.collected, cash.recovered, [-c for c in cash.servicing], strict=True)
    ]
    assert len(net) >= quoted.answer.term_months
    worth = pyxirr.npv(curve().funding_rate / 12, [-quoted.answer.principal_cents, *net])
    contract = ("interest", "funding", "loss", "prepayment", "servicing")
    parts = sum(quoted.answer.value.parts[name] for name in contract)
    assert worth == pytest.approx(parts, abs=1.5 * len(net))
    sold = only(case(), "summit")
    assert quote_cash(sold, quote_structure(sold).choice) is None
