"""The pencil grid of one programme: against plain sums for 300 cars, and over 10,000 random deals."""

import random
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec

from protocol.money.quotes import QuoteGrid
from protocol.records import BasisPoints
from server.finance.exact.schedule import Accrual, repay, total_of_payments
from server.finance.quoting import Case, GridQuestion, quote_grid, quote_structure
from server.finance.rounding import hundredths_of_bp
from tests.finance import reference
from tests.finance.cases import car, inputs
from tests.finance.customers import MODEL, SHEET
from tests.finance.exact.contracts import random_contracts
from tests.finance.test_frontier import a_car, factor, takes, wish

CARS = 300
DEALS = 10_000
TERMS = [36, 48, 60, 72, 84]


def a_case(chance: random.Random, **more: Any) -> Case:
    """Draw a deal and a car."""
    deal = inputs(wish(chance), discount_max_cents=chance.choice([0, 40_000]), cash_step_cents=5_000, **more)
    return Case(deal, a_car(chance), SHEET, MODEL)


def test_each_cell_is_what_a_plain_sum_says() -> None:
    """Of the offer's programme at the offer's discount: payment, total of payments, and what refuses it."""
    chance = random.Random(8)
    tried = shown = refused = 0
    while tried < CARS:
        subject = a_case(chance)
        offer = quote_structure(subject).choice
        if offer is None:
            continue
        tried += 1
        grid = quote_grid(subject, GridQuestion(TERMS), offer)
        assert isinstance(grid.discount_cents, list)
        assert isinstance(grid.total_of_payments_cents, list)
        for row, term in enumerate(TERMS):
            for column, cash in enumerate(grid.cash_down_cents):
                expected = plain_cell(subject, offer.programme_id, term, cash, offer.discount_cents)
                payment = grid.payment_cents[row][column]
                if grid.eligible[row][column]:
                    shown += 1
                    assert expected is not None
                    assert (payment, grid.total_of_payments_cents[row][column]) == expected[:2]
                    assert expected[2]
                    assert grid.discount_cents[row][column] == offer.discount_cents
                else:
                    refused += 1
                    assert expected is None or not expected[2]
                    assert payment is None or payment > (subject.inputs.structure.payment_max_cents or 0)
        term, cash = TERMS.index(offer.term_months), grid.cash_down_cents.index(offer.cash_down_cents)
        assert grid.payment_cents[term][cash] == offer.payment_cents
        assert grid.npv_cents[term][cash] == offer.npv_cents
    assert min(shown, refused) > 10 * CARS


def plain_cell(
    subject: Case, programme_id: str, term: int, cash: int, discount: int
) -> tuple[int, int, bool] | None:
    """Return payment, total of payments and whether the payment is within the target; None if the programme
    does not take it.
    """
    deal, one = subject.inputs, subject.numbers
    s = deal.structure
    rows = [
        row
        for row in SHEET.programmes
        if (row.programme_id, row.tier, row.term_months) == (programme_id, s.tier, term)
    ]
    offered = inputs(msgspec.structs.replace(s, terms_months=TERMS))
    if not rows or not takes(rows[0], offered, one):
        return None
    row = rows[0]
    note = reference.principal(deal, one["price_cents"], discount, 0) - cash
    basis = one[f"{(row.new_ltv_basis if one['is_new'] else row.used_ltv_basis).value}_cents"]
    if (
        not max(row.amount_min_cents, 1) <= note <= row.amount_max_cents
        or note * 10_000 > basis * Fraction(row.ltv_total_max_bp)
        or (note - s.products_cents) * 10_000 > basis * Fraction(row.ltv_front_max_bp)
    ):
        return None
    rate = row.buy_rate_bp + min(row.markup_max_bp, deal.standard_markup_bp)
    payment = reference.half_up(note * factor(rate, term))
    balance, total = note, 0
    for number in range(1, term + 1):
        owed = balance + reference.half_up(balance * Fraction(str(rate)) / 120_000)
        paid = owed if number == term else min(payment, owed)
        balance, total = owed - paid, total + paid
    return payment, total, payment <= (s.payment_max_cents or payment)


def test_a_payment_never_rises_with_cash_or_term() -> None:
    """Within one lender and discount, over 10,000 random deals, whatever lender the grid is turned to."""
    chance = random.Random(10_000)
    compared = 0
    for _ in range(DEALS):
        subject = a_case(chance, standard_markup_bp=float(chance.choice([0, 100, 250])))
        if chance.random() < 0.5:
            subject = subject.under(payment_max_cents=None)
        is_new = bool(subject.numbers["is_new"])
        families = sorted({row.programme_id for row in SHEET.programmes if row.new_cars is is_new})
        discounted = subject.under(discount_cents=chance.choice([0, 0, chance.randrange(40_000)]))
        grid = quote_grid(discounted, GridQuestion(TERMS, programme_id=chance.choice(families)), None)
        compared += falling(grid)
    assert compared > 5 * DEALS


def falling(grid: QuoteGrid) -> int:
    """Check that payments fall, or stay, along rows and down columns; return how many were compared."""
    assert len({name for row in grid.lender or [] for name in row if name}) <= 1
    assert len({cut for row in grid.discount_cents or [] for cut in row if cut is not None}) <= 1
    compared = 0
    for line in [*grid.payment_cents, *map(list, zip(*grid.payment_cents, strict=True))]:
        payments = [payment for payment in line if payment is not None]
        assert all(more <= less for less, more in pairwise(payments)), grid
        compared += max(0, len(payments) - 1)
    return compared


def test_a_cell_that_the_programme_does_not_take_has_no_other_lender() -> None:
    """A car too old for the programme: every cell names the limit, though another lender would take it."""
    chance = random.Random(3)
    subject = replace(a_case(chance), numbers=car(year=2009, mileage=20_000))
    grid = quote_grid(subject, GridQuestion(TERMS, programme_id="harbor-credit-union-used"), None)
    assert not any(any(row) for row in grid.eligible)
    assert {limit for row in grid.binding or [] for limit in row} == {"model_year"}
    assert {name for row in grid.lender or [] for name in row} == {None}
    best = quote_grid(subject, GridQuestion(TERMS, best=True), None)
    assert any(any(row) for row in best.eligible)


def test_totals_in_whole_numbers_are_those_of_the_schedule() -> None:
    """For random contracts of both day counts, to the cent, whatever the payment."""
    chance = random.Random(6)
    for request in random_contracts(300, seed=6):
        assert request.contract_date is not None
        assert request.first_payment_date is not None
        accrual = Accrual.of(
            request.contract_date, request.first_payment_date, request.term_months, request.day_count
        )
        payment = chance.randrange(1, request.price_cents)
        rows = repay(request.price_cents, payment, request.rate_bp / 10_000, accrual)
        rate = hundredths_of_bp(BasisPoints(request.rate_bp))
        total = total_of_payments(request.price_cents, payment, rate, accrual)
        assert total == sum(row.payment_cents for row in rows)
