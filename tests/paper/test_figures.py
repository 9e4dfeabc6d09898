"""The figures of paper: they sum, and they follow from the pencil to the cent."""

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given

from protocol.deal.structure import Structure, StructureError
from protocol.records import BasisPoints
from server.finance.quoting import Case
from server.paper.credit import credit_figures, payment_without_products
from server.paper.figures import VALID_DAYS, car_figures, valid_until
from tests.finance.cases import TODAY, car, inputs, model, programme, sheet
from tests.finance.quoting.asked import RULES, WISH, case
from tests.finance.strategies import deals, numbers
from tests.paper.pencils import CAR, pencil


@given(deal=deals(), numbers=numbers())
def test_the_lines_sum_to_the_amount_financed(deal: Any, numbers: dict[str, int]) -> None:
    """Whatever is financed, the itemization is the whole way from the price to it."""
    stated = msgspec.structs.replace(deal.structure, term_months=60, rate_bp=BasisPoints(799))
    # A stated term and rate have a contract, whichever limit of the programme refuses it.
    stored = pencil(
        Case(msgspec.structs.replace(deal, structure=stated), numbers, sheet(programme()), model())
    )
    assume(not isinstance(stored.answer.payment_cents, msgspec.UnsetType))
    figures = credit_figures(stored, CAR)
    assert car_figures(stored, CAR) == figures
    assert sum(line.cents for line in figures.lines) == figures.amount_financed_cents
    schedule = stored.answer.schedule
    assert not isinstance(schedule, msgspec.UnsetType)
    assert figures.total_of_payments_cents == sum(row.payment_cents for row in schedule)
    down = figures.total_sale_price_cents - figures.total_of_payments_cents
    assert down >= figures.cash_down_cents


def test_every_tax_has_its_line() -> None:
    """Each jurisdiction is named, and their sum is the tax of the contract."""
    stored = pencil(case(msgspec.structs.replace(WISH, tax_rate_bp=None), tax_rules=RULES))
    lines = {line.name: line.cents for line in car_figures(stored, CAR).lines}
    assert {"Tax, state", "Tax, county"} <= set(lines)
    assert lines["Tax, state"] + lines["Tax, county"] == stored.answer.tax_cents


def test_the_total_sale_price_is_the_cash_price_and_the_finance_charge() -> None:
    """Without a trade: price, fees, tax, products and finance charge, which the down payment reduces not."""
    wish = Structure(
        terms_months=[60],
        fees_cents=50_000,
        products_cents=100_000,
        cash_down_cents=200_000,
        cash_down_max_cents=200_000,
        tax_rate_bp=BasisPoints(700),
    )
    stored = pencil(case(wish))
    figures = credit_figures(stored, CAR)
    answer = stored.answer
    assert isinstance(answer.tax_cents, int)
    cash_price = answer.price_cents + 50_000 + 100_000 + answer.tax_cents
    assert figures.total_sale_price_cents == cash_price + figures.finance_charge_cents


def test_negative_equity_is_no_negative_down_payment() -> None:
    """Who owes more than the allowance pays the rest in the payments, once."""
    wish = msgspec.structs.replace(
        WISH, trade_allowance_cents=300_000, trade_acv_cents=300_000, payoff_cents=500_000, rebate_cents=0
    )
    figures = credit_figures(pencil(case(wish)), CAR)
    assert figures.total_sale_price_cents == figures.total_of_payments_cents + figures.cash_down_cents


def test_the_payment_without_products_is_that_of_a_deal_without_them() -> None:
    """The same lender, term, rate and cash, asked for without products, has exactly this payment."""
    stored = pencil(case(WISH))
    answer = stored.answer
    plain = case(
        msgspec.structs.replace(
            WISH,
            products_cents=0,
            term_months=answer.term_months,
            rate_bp=BasisPoints(answer.rate_bp),
            cash_down_cents=answer.cash_down_cents,
            cash_down_max_cents=answer.cash_down_cents,
            discount_cents=answer.discount_cents,
        ),
        rows=[programme(programme_id="any", term_months=answer.term_months, ltv_total_max_bp=20_000.0)],
    )
    assert payment_without_products(stored) == pencil(plain).answer.payment_cents
    assert [line.price_cents for line in car_figures(stored, CAR).products] == [WISH.products_cents]


def test_no_products_are_no_lines() -> None:
    """A deal without products has nothing optional on its paper."""
    assert car_figures(pencil(case(msgspec.structs.replace(WISH, products_cents=0))), CAR).products == ()


def test_a_refused_car_has_no_paper() -> None:
    """A car that no programme takes has no contract, and says so by its stock number."""
    stored = pencil(case(msgspec.structs.replace(WISH, payment_max_cents=100)))
    with pytest.raises(StructureError, match=CAR.stock_no):
        car_figures(stored, CAR)


@pytest.mark.parametrize(
    ("good_through", "days"),
    [(None, VALID_DAYS), (TODAY + dt.timedelta(days=3), 3), (TODAY - dt.timedelta(days=3), VALID_DAYS)],
)
def test_figures_stand_until_something_ends_them(good_through: dt.date | None, days: int) -> None:
    """A week, or until the payoff's quote ends; a quote that ended already is in the figures."""
    wish = msgspec.structs.replace(WISH, payoff_good_through=good_through)
    assert valid_until(TODAY, (pencil(case(wish)),)) == TODAY + dt.timedelta(days=days)


def test_figures_end_before_the_first_payment() -> None:
    """A contract that would be paid for on Saturday is not offered on Saturday."""
    first = TODAY + dt.timedelta(days=4)
    wish = msgspec.structs.replace(WISH, contract_date=TODAY, first_payment_date=first)
    stored = pencil(Case(inputs(wish), car(), sheet(programme()), model()))
    assert valid_until(TODAY, (stored,)) == first - dt.timedelta(days=1)
