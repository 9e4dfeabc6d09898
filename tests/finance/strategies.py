"""Hypothesis strategies for small deals: a few dollars, so that every cent of cash can be tried."""

from decimal import Decimal

from hypothesis import strategies as st

from protocol.inputs import DealInputs
from protocol.jobs import NUMBER_COLUMNS
from protocol.lending import Disposition, LtvBasis, Programme
from protocol.records import BasisPoints, DayCount, Structure, Tier
from tests.finance.cases import inputs, programme

DOLLARS = st.integers(0, 8_000)
CENTS = st.integers(0, 300)
LTV_BP = st.integers(2_000, 15_000).map(float)


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    """Draw structures with trades, payoffs, rebates, discounts, caps and every kind of limit."""
    fees, products, cash = draw(CENTS), draw(CENTS), draw(CENTS)
    return Structure(
        price_cents=draw(st.none() | DOLLARS),
        discount_cents=draw(CENTS),
        fees_cents=fees,
        taxable_fees_cents=draw(st.integers(0, fees)),
        products_cents=products,
        taxable_products_cents=draw(st.integers(0, products)),
        rebate_cents=draw(CENTS),
        rebate_reduces_tax=draw(st.booleans()),
        trade_allowance_cents=draw(st.integers(0, 3_000)),
        payoff_cents=draw(st.integers(0, 3_000)),
        trade_acv_cents=draw(st.integers(0, 3_000)),
        trade_credit=draw(st.booleans()),
        trade_credit_cap_cents=draw(st.none() | st.integers(0, 2_000)),
        cash_down_cents=cash,
        cash_down_max_cents=draw(st.none() | st.integers(cash, cash + 200)),
        tax_rate_bp=BasisPoints(Decimal(draw(st.integers(0, 120_000))) / 100),
        terms_months=draw(st.lists(st.sampled_from([12, 24, 36]), min_size=1, unique=True)),
        payment_max_cents=draw(st.none() | st.integers(0, 500)),
        day_count=draw(st.sampled_from(DayCount)),
    )


@st.composite
def programmes(draw: st.DrawFn) -> tuple[Programme, ...]:
    """Draw one to four programmes of different terms, limits and rates."""
    rows = []
    for number in range(draw(st.integers(1, 4))):
        front, least = draw(LTV_BP), draw(st.integers(0, 3_000))
        rows.append(
            programme(
                programme_id=f"programme-{number}",
                tier=draw(st.sampled_from([Tier.PRIME, Tier.PRIME, Tier.SUBPRIME])),
                term_months=draw(st.sampled_from([12, 24, 36])),
                score_min=draw(st.sampled_from([250, 700])),
                new_cars=draw(st.booleans()),
                year_min=draw(st.sampled_from([2000, 2020])),
                mileage_max=draw(st.sampled_from([50_000, 200_000])),
                new_ltv_basis=draw(st.sampled_from(LtvBasis)),
                used_ltv_basis=draw(st.sampled_from(LtvBasis)),
                ltv_front_max_bp=front,
                ltv_total_max_bp=front + draw(st.integers(0, 3_000)),
                amount_min_cents=least,
                amount_max_cents=least + draw(st.integers(1, 8_000)),
                pti_max_bp=float(draw(st.integers(500, 3_000))),
                dti_max_bp=float(draw(st.integers(2_000, 6_000))),
                buy_rate_bp=draw(st.integers(0, 240_000)) / 100,
                lender_fee_cents=draw(st.integers(0, 50)),
                acquisition_cents=draw(st.integers(0, 50)),
                disposition=draw(st.sampled_from(Disposition)),
            )
        )
    return tuple(rows)


@st.composite
def deals(draw: st.DrawFn) -> DealInputs:
    """Draw a deal with or without known income and score."""
    return inputs(
        draw(structures()),
        monthly_income_cents=draw(st.none() | st.integers(0, 5_000)),
        other_debt_cents=draw(st.integers(0, 500)),
        score=draw(st.none() | st.sampled_from([600, 750])),
        standard_markup_bp=float(draw(st.integers(0, 300))),
    )


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, int]:
    """Draw the numbers of one car; a book value may be missing."""
    drawn = {name: draw(CENTS) for name in NUMBER_COLUMNS}
    return drawn | {
        "price_cents": draw(st.integers(1, 8_000)),
        "cost_cents": draw(DOLLARS),
        "invoice_cents": draw(st.just(0) | DOLLARS),
        "msrp_cents": draw(DOLLARS),
        "wholesale_cents": draw(st.just(0) | DOLLARS),
        "retail_cents": draw(DOLLARS),
        "year": draw(st.sampled_from([2010, 2022])),
        "mileage": draw(st.sampled_from([10, 90_000])),
        "is_new": draw(st.integers(0, 1)),
    }
