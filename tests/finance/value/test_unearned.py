"""What each product gives back when contracts end early, against a plain count month by month."""

from decimal import Decimal, localcontext
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol.deal.structure import Structure
from protocol.money.lending import Disposition, RiskCurve
from protocol.money.products import Earning, Product, ProductKind, SoldProduct
from server.finance.plan import Plan, plan_deal
from server.finance.products import with_products
from server.finance.value.parts import lines_given_back, npv_parts
from server.finance.value.unearned import MAX_ROWS, unearned_share, unearned_table
from server.finance.value.valuation import value_plan
from tests.finance.cases import inputs, programme, sheet
from tests.finance.value.cases import banded_model, planned
from tests.finance.value.reference import DIGITS, worth

RATE = 0.0799
STRESS: dict[str, Any] = {"defaults": "1.5", "recovered": "0.8"}


def sold(
    price: int = 200_000, cost: int = 90_000, term: int | None = None, earning: Earning = Earning.PRO_RATA
) -> SoldProduct:
    """Return a product of a deal."""
    product = Product(
        product_id=f"p{price}-{term}-{earning}",
        kind=ProductKind.OTHER,
        name="Product",
        provider="Provider",
        retail_cents=price,
        cost_cents=cost,
        earning=earning,
    )
    return SoldProduct(product=product, price_cents=price, term_months=term)


LINES = (
    sold(),
    sold(term=36, earning=Earning.RULE_OF_78),
    sold(price=150_000, cost=160_000, term=84),
    sold(term=84, earning=Earning.RULE_OF_78),
    sold(price=69_500, term=60, earning=Earning.NOT_CANCELLABLE),
)


def plan_with(*lines: SoldProduct, **changes: Any) -> Plan:
    """Return the plan of a deal with these products on 60 months."""
    return plan_deal(with_products(inputs(), lines), sheet(programme(**changes)))


def left_by_78(term: int, month: int) -> Decimal:
    """Count the digits of the months that are left, as the rule of 78 earns them: n in the first month."""
    digits = list(range(term, 0, -1))
    return Decimal(sum(digits[month:])) / sum(digits)


@cache
def ending(curve: RiskCurve, months: int, *, stressed: bool) -> list[Decimal]:
    """Return the share of contracts that ends in each month before the last.

    ``ended`` is the share that ended within a window: its steps are those that end in a month.
    """
    stress = STRESS if stressed else {}
    ended = [worth(RATE, months, curve, window=month, **stress).ended for month in range(months)]
    return [after - before for before, after in pairwise(ended)]


def given_back(line: SoldProduct, curve: RiskCurve, months: int, *, stressed: bool = False) -> Decimal:
    """Return what a line's gross gives back, from the contracts that end in each month before the last."""
    term = line.term_months or months
    with localcontext(prec=DIGITS):
        total = Decimal(0)
        for month, ended in enumerate(ending(curve, months, stressed=stressed), 1):
            if line.product.earning is Earning.NOT_CANCELLABLE or month >= term:
                left = Decimal(0)
            elif line.product.earning is Earning.RULE_OF_78:
                left = left_by_78(term, month)
            else:
                left = Decimal(term - month) / term
            discount = (1 + Decimal(curve.funding_rate) / 12) ** -month
            total += ended * left * discount
        return total * (line.price_cents - line.product.cost_cents)


@pytest.mark.parametrize("disposition", Disposition)
def test_each_line_gives_back_by_its_own_curve_and_term(disposition: Disposition) -> None:
    """In every band, expected and stressed: the intercept less what it is without products, and the parts."""
    risk = banded_model()
    plan = plan_with(*LINES, disposition=disposition)
    bare = value_plan(plan_with(disposition=disposition), risk)
    valued = value_plan(plan, risk)
    gross = sum(line.price_cents - line.product.cost_cents for line in LINES)
    for band, each in enumerate(valued.bands.curves_at(60)):
        back = [given_back(line, each, 60) for line in LINES]
        stressed = sum(given_back(line, each, 60, stressed=True) for line in LINES)
        assert valued.intercept[0, band] - bare.intercept[0, band] == pytest.approx(gross - float(sum(back)))
        kept = valued.stress_intercept[0, band] - bare.stress_intercept[0, band]
        assert kept == pytest.approx(gross - float(stressed))
        assert lines_given_back(plan, risk, 0, band) == pytest.approx([float(cents) for cents in back])
    assert (valued.slope == bare.slope).all()


def test_parts_name_the_chargebacks_of_all_lines() -> None:
    """They sum to the NPV to the cent, and the chargebacks are those of the lines."""
    risk = banded_model()
    plan = plan_with(*LINES)
    curve = value_plan(plan, risk).bands.curves_at(60)[-1]
    parts = npv_parts(
        plan, risk, 0, principal_cents=3_000_000, ltv_bp=None, pti_bp=None, front_gross_cents=150_000
    )
    exact = sum(given_back(line, curve, 60) for line in LINES)
    assert parts["chargebacks"] == pytest.approx(-float(exact), abs=1.01)
    last = len(value_plan(plan, risk).bands) - 1
    assert sum(parts.values()) == int(value_plan(plan, risk).npv_cents(0, last, 3_000_000)) + 150_000


@given(price=st.integers(1, 500_000), cost=st.integers(1, 300_000), months=st.sampled_from([36, 60, 72]))
def test_a_line_over_the_contracts_term_is_worth_as_much_as_the_sum_was(
    price: int, cost: int, months: int
) -> None:
    """A product earned evenly over the contract, and the same amounts as a sum: the same value, as before."""
    risk, row = banded_model(), programme(term_months=months)
    flat = planned(row, structure=Structure(products_cents=price, products_cost_cents=cost))
    listed = plan_deal(with_products(inputs(), [sold(price, cost)]), sheet(row))
    before, now = value_plan(flat, risk), value_plan(listed, risk)
    np.testing.assert_allclose(now.intercept, before.intercept, rtol=0, atol=1e-6)
    np.testing.assert_allclose(now.stress_intercept, before.stress_intercept, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(now.slope, before.slope)


@pytest.mark.parametrize("earning", Earning)
def test_less_is_left_each_month_and_nothing_at_the_end(earning: Earning) -> None:
    """The rule of 78 leaves less than even earning does; what cannot be cancelled gives nothing back."""
    shares = [unearned_share(earning, 60, month) for month in range(62)]
    assert shares == sorted(shares, reverse=True)
    assert shares[60] == shares[61] == 0
    assert shares[0] == (0 if earning is Earning.NOT_CANCELLABLE else 1)
    assert all(
        0 < unearned_share(Earning.RULE_OF_78, 60, month) < unearned_share(Earning.PRO_RATA, 60, month)
        for month in range(1, 59)
    )


def test_the_table_is_bounded_and_answers_as_if_computed_anew() -> None:
    """A row that was evicted is computed again to the same numbers."""
    grid = value_plan(planned(programme()), banded_model()).bands
    table = unearned_table(grid)
    keys = [(79_900, 60, Earning.PRO_RATA, term) for term in range(1, 121)]
    first = table.look_up(keys)
    assert first.shape == (120, 2, len(grid))
    np.testing.assert_array_equal(table.look_up(keys[::-1])[::-1], first)
    table.look_up([(79_900, months, Earning.PRO_RATA, 12) for months in range(1, 121)] * 2)
    assert 120 < len(table) <= MAX_ROWS


def test_a_price_below_cost_is_a_loss_that_comes_back() -> None:
    """What the provider gives back of the cost then exceeds what the customer gets."""
    risk = banded_model()
    line = replace(LINES[0], price_cents=50_000)
    assert lines_given_back(plan_with(line), risk, 0, 0)[0] < 0
