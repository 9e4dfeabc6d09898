"""The pencil grid of one programme: against plain sums for 200 cars, and over 2,000 random deals."""

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import pytest

from protocol.deal.structure import Structure
from protocol.money.inputs import RowRule
from protocol.money.lending import RateSheet
from protocol.money.quotes import QuoteGrid
from protocol.records import BasisPoints
from server.finance.exact.schedule import Accrual, repay, total_of_payments
from server.finance.quoting import Case, GridQuestion, quote_grid, quote_structure
from server.finance.rounding import hundredths_of_bp
from tests.finance.architect.test_frontier import a_car, wish
from tests.finance.cases import car, inputs, programme
from tests.finance.customers import MODEL, SHEET
from tests.finance.exact.contracts import random_contracts
from tests.finance.quoting.plain_cells import plain_ways, rows_at
from tests.finance.sheets.edged import EDGED, random_sheet

CARS = 200
DEALS = 2_000
TERMS = [36, 48, 60, 72, 84]


def a_case(chance: random.Random, sheet: RateSheet = SHEET, **more: Any) -> Case:
    """Draw a deal and a car, under the rule of the cheapest row."""
    deal = inputs(
        wish(chance),
        discount_max_cents=chance.choice([0, 40_000]),
        cash_step_cents=5_000,
        row_rule=RowRule.CHEAPEST,
        **more,
    )
    return Case(deal, a_car(chance), sheet, MODEL)


@pytest.mark.parametrize(
    ("draw", "least_raised"), [(lambda _: SHEET, 0), (lambda _: EDGED, 100), (random_sheet, 1)]
)
def test_each_cell_is_what_a_plain_sum_says(
    draw: Callable[[random.Random], RateSheet], least_raised: int
) -> None:
    """Of the offer's programme at the offer's discount: payment and total of payments of a row that takes the
    cell and that no cheaper row of the lender undercuts; else nothing takes it, or it would raise a payment.
    """
    chance = random.Random(8)
    tried = shown = refused = raised = 0
    while tried < CARS:
        subject = a_case(chance, draw(chance))
        offer = quote_structure(subject).choice
        if offer is None:
            continue
        tried += 1
        grid = quote_grid(subject, GridQuestion(TERMS), offer)
        assert isinstance(grid.discount_cents, list)
        assert isinstance(grid.total_of_payments_cents, list)
        assert isinstance(grid.binding, list)
        falling(grid)
        for row, term in enumerate(TERMS):
            every = rows_at(subject.sheet, subject.inputs, term)
            for column, cash in enumerate(grid.cash_down_cents):
                asked = cash, offer.discount_cents
                ways = plain_ways(subject.inputs, every, subject.numbers, offer.programme_id, asked)
                payment = grid.payment_cents[row][column]
                if grid.eligible[row][column]:
                    shown += 1
                    total = grid.total_of_payments_cents[row][column]
                    assert (payment, total) in {(way.payment, way.total) for way in ways}
                    assert grid.discount_cents[row][column] == offer.discount_cents
                elif ways:
                    raised += 1
                    assert payment is None
                    assert all(rises(grid, row, column, way.payment) for way in ways)
                    assert grid.binding[row][column] in {"amount_min", "ltv_min", "term", "rate"}
                else:
                    refused += 1
                    assert payment is None or payment > (subject.inputs.structure.payment_max_cents or 0)
        term, cash = TERMS.index(offer.term_months), grid.cash_down_cents.index(offer.cash_down_cents)
        assert grid.payment_cents[term][cash] == offer.payment_cents
        assert grid.npv_cents[term][cash] == offer.npv_cents
    assert min(shown, refused) > 10 * CARS
    assert raised >= least_raised


def rises(grid: QuoteGrid, row: int, column: int, payment: int) -> bool:
    """Return whether a payment at a place would be above one with less, or below one with more."""
    across, down = grid.payment_cents[row], [each[column] for each in grid.payment_cents]
    before, after = [*across[:column], *down[:row]], [*across[column + 1 :], *down[row + 1 :]]
    return any(each is not None and each < payment for each in before) or any(
        each is not None and each > payment for each in after
    )


@pytest.mark.parametrize("part", range(3))
def test_a_payment_never_rises_with_cash_or_term(part: int) -> None:
    """Within one lender and discount, over 2,000 random deals, whatever lender the grid is turned to; under
    the sample sheet, one with lower edges, and sheets of random rows.
    """
    chance = random.Random(10_000 + part)
    compared = 0
    for number in range(DEALS // 3 + 1):
        sheet = (SHEET, EDGED)[part] if part < 2 else random_sheet(chance)
        subject = a_case(chance, sheet, standard_markup_bp=float(chance.choice([0, 100, 250])))
        if chance.random() < 0.5:
            subject = subject.under(payment_max_cents=None)
        is_new = bool(subject.numbers["is_new"])
        rows = [row for row in sheet.programmes if (row.new_cars if is_new else row.used_cars)]
        discounted = subject.under(discount_cents=chance.choice([0, 0, chance.randrange(40_000)]))
        programme_id = chance.choice(sorted({row.programme_id for row in rows}))
        step = chance.choice([None, None, 10_000])
        offer = quote_structure(discounted).choice if number % 10 == 0 else None
        asked = GridQuestion(TERMS, programme_id=None if offer else programme_id, step_cents=step)
        compared += falling(quote_grid(discounted, asked, offer))
    assert compared > DEALS


def test_a_dearer_row_never_raises_the_payment() -> None:
    """From $25,000 the lender's rate is 1 % lower. With more cash the dearer row's payment would first be
    above that, so that the cell is refused by the smallest loan of the cheaper row; then it is below. The
    offer's own cell stays, and then the cheaper row's with less cash is refused by its rate.
    """
    rows = [programme(), programme(buy_rate_bp=599.0, amount_min_cents=2_500_000)]
    structure = Structure(terms_months=[60], cash_down_max_cents=600_000)
    deal = inputs(structure, row_rule=RowRule.CHEAPEST)
    subject = Case(deal, car(price_cents=2_600_000), RateSheet(version="r", programmes=tuple(rows)), MODEL)
    question = GridQuestion([60], [50_000, 100_000, 100_100, 150_000, 200_000], programme_id="harbor")
    grid = quote_grid(subject, question, None)
    assert grid.rate_bp == [[699.0, 699.0, None, None, 799.0]]
    assert grid.binding == [[None, None, "amount_min", "amount_min", None]]
    [payments] = grid.payment_cents
    assert payments[2] is None
    assert payments[1] > payments[4]
    fixed = subject.under(cash_down_cents=100_100, cash_down_max_cents=100_100)
    offer = quote_structure(fixed).choice
    assert offer is not None
    around = quote_grid(fixed, question, offer)
    assert around.payment_cents[0][2] == offer.payment_cents
    assert around.rate_bp == [[None, None, 799.0, 799.0, 799.0]]
    assert around.binding == [["rate", "rate", None, None, None]]


def test_a_low_rate_ends_with_its_terms() -> None:
    """0.9 % up to 60 months, 7.99 % beyond: 72 months would cost more a month, and no customer takes that."""
    rows = [
        programme(term_months=60, term_min_months=36, buy_rate_bp=90.0, markup_max_bp=0.0),
        programme(term_months=72),
        programme(term_months=84),
    ]
    deal = inputs(Structure(terms_months=[60, 72, 84]), row_rule=RowRule.CHEAPEST)
    subject = Case(deal, car(), RateSheet(version="r", programmes=tuple(rows)), MODEL)
    grid = quote_grid(subject, GridQuestion([60, 72, 84], [0], programme_id="harbor"), None)
    assert grid.binding == [[None], ["term"], [None]]
    assert grid.payment_cents[0][0] > grid.payment_cents[2][0]


@pytest.mark.parametrize("draw", [lambda _: SHEET, lambda _: EDGED, random_sheet])
def test_a_chosen_cell_is_the_structure_that_it_shows(draw: Callable[[random.Random], RateSheet]) -> None:
    """Its term, cash, programme and discount give its payment, principal and value, though a larger discount
    would be worth more to the store where it reaches a better risk band.
    """
    chance = random.Random(11)
    compared = dearer = 0
    while compared < 250:
        subject = a_case(chance, draw(chance))
        offer = quote_structure(subject).choice
        if offer is None:
            continue
        grid = quote_grid(subject, GridQuestion(TERMS), offer)
        family = replace(subject, programme_id=grid.programme_id or None)
        for row, column in product(range(len(TERMS)), range(len(grid.cash_down_cents))):
            if not grid.eligible[row][column]:
                continue
            cash = grid.cash_down_cents[column]
            cell = family.under(
                term_months=TERMS[row], terms_months=TERMS, cash_down_cents=cash, cash_down_max_cents=cash
            )
            chosen = quote_structure(cell.at_discount(offer.discount_cents)).choice
            assert chosen is not None
            assert chosen.discount_cents == offer.discount_cents
            assert chosen.payment_cents == grid.payment_cents[row][column]
            assert chosen.npv_cents == (grid.npv_cents or [])[row][column]
            compared += 1
            open_ = quote_structure(cell.under(discount_cents=offer.discount_cents)).choice
            dearer += open_ is not None and open_.discount_cents > offer.discount_cents
    assert dearer > 0 or draw is random_sheet


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
