"""Hypothesis strategies for small deals: a few dollars, so that every cent of cash can be tried."""

from decimal import Decimal

from hypothesis import strategies as st

from protocol.deal.structure import Structure
from protocol.jobs import NUMBER_COLUMNS
from protocol.money.inputs import AuthorityCovers, DealInputs
from protocol.money.lending import (
    NO_EDGE_BP,
    Disposition,
    LtvBasis,
    Programme,
    ReserveMethod,
    RiskModel,
    Rounding,
    TaxBase,
    TaxRule,
)
from protocol.records import BasisPoints, DayCount, Tier
from tests.finance.cases import curve, inputs, programme

DOLLARS = st.integers(0, 8_000)
CENTS = st.integers(0, 300)
LTV_BP = st.integers(6_000, 15_000).map(float)
VALUE = st.integers(2_000, 8_000) | st.sampled_from([0, 5_000])
ALL_TERMS = [12, 24, 36]


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    """Draw structures with trades, payoffs, rebates, discounts, caps and every kind of limit."""
    fees, products, cash = draw(CENTS), draw(CENTS), draw(CENTS)
    by_address = draw(st.booleans())
    return Structure(
        price_cents=draw(st.none() | DOLLARS.map(lambda cents: cents + 2_000)),
        discount_cents=draw(st.just(0) | st.integers(0, 60)),
        fees_cents=fees,
        taxable_fees_cents=draw(st.integers(0, fees)),
        doc_fee_cents=draw(st.integers(0, fees)),
        products_cents=products,
        taxable_products_cents=draw(st.integers(0, products)),
        rebate_cents=draw(CENTS),
        rebate_reduces_tax=draw(st.booleans()),
        trade_allowance_cents=draw(st.just(0) | st.integers(0, 2_000)),
        payoff_cents=draw(st.just(0) | st.integers(0, 2_000)),
        trade_acv_cents=draw(st.none() | st.integers(0, 3_000)),
        trade_credit=draw(st.booleans()),
        trade_credit_cap_cents=draw(st.none() | st.integers(0, 2_000)),
        cash_down_cents=cash,
        cash_down_max_cents=draw(st.none() | st.integers(cash, cash + 25)),
        tax_rate_bp=None if by_address else BasisPoints(Decimal(draw(st.integers(0, 120_000))) / 100),
        terms_months=draw(st.just(ALL_TERMS) | st.lists(st.sampled_from(ALL_TERMS), min_size=1, unique=True)),
        payment_max_cents=draw(st.none() | st.integers(50, 600)),
        day_count=draw(st.sampled_from(DayCount)),
    )


@st.composite
def programmes(draw: st.DrawFn) -> tuple[Programme, ...]:
    """Draw one to four programmes of different terms, limits and rates."""
    rows = []
    for number in range(draw(st.integers(1, 4))):
        front, least = draw(LTV_BP), draw(st.just(0) | st.integers(0, 2_000))
        rows.append(
            programme(
                programme_id=f"programme-{number}",
                tier=draw(st.sampled_from([Tier.PRIME] * 5 + [Tier.SUBPRIME])),
                term_months=draw(st.sampled_from([12, 24, 36])),
                score_min=draw(st.sampled_from([250, 250, 250, 700])),
                new_cars=draw(st.sampled_from([True, True, False])),
                year_min=draw(st.sampled_from([2000, 2000, 2020])),
                mileage_max=draw(st.sampled_from([200_000, 200_000, 50_000])),
                new_ltv_basis=draw(st.sampled_from(LtvBasis)),
                used_ltv_basis=draw(st.sampled_from(LtvBasis)),
                ltv_front_max_bp=front,
                ltv_total_max_bp=front + draw(st.integers(0, 3_000)),
                amount_min_cents=least,
                amount_max_cents=least + draw(st.just(9_000) | st.integers(1, 9_000)),
                pti_max_bp=float(draw(st.integers(500, 3_000))),
                dti_max_bp=float(draw(st.integers(2_000, 6_000))),
                buy_rate_bp=draw(st.integers(0, 240_000)) / 100,
                lender_fee_cents=draw(st.integers(0, 50)),
                acquisition_cents=draw(st.integers(0, 50)),
                disposition=draw(st.sampled_from(Disposition)),
                reserve_method=draw(st.sampled_from(ReserveMethod)),
                reserve_flat_cents=draw(CENTS),
                chargeback_months=draw(st.integers(0, 6)),
            )
        )
    return tuple(rows)


@st.composite
def tax_rules(draw: st.DrawFn) -> tuple[TaxRule, ...]:
    """Draw one to three jurisdictions, each with its own base, caps and rounding."""
    return tuple(
        TaxRule(
            jurisdiction=f"jurisdiction-{number}",
            state="OH",
            rate_bp=draw(st.integers(0, 100_000)) / 100,
            base=draw(st.sampled_from(TaxBase)),
            base_cap_cents=draw(st.none() | DOLLARS),
            credit_cap_cents=draw(st.none() | st.integers(0, 2_000)),
            rebate_reduces_tax=draw(st.booleans()),
            rounding=draw(st.sampled_from(Rounding)),
        )
        for number in range(draw(st.integers(1, 3)))
    )


@st.composite
def models(draw: st.DrawFn) -> RiskModel:
    """Draw risk models of a few bands, in any order of riskiness; money may cost more than the coupon."""
    ltvs = [*sorted(draw(st.sets(st.sampled_from([4_000.0, 7_000.0, 9_500.0]), max_size=2))), NO_EDGE_BP]
    ptis = [*sorted(draw(st.sets(st.sampled_from([300.0, 700.0, 1_200.0]), max_size=2))), NO_EDGE_BP]
    funding = draw(st.integers(0, 3_000)) / 10_000
    return RiskModel(
        version="risk-1",
        curves=tuple(
            curve(
                tier=tier,
                ltv_max_bp=ltv,
                pti_max_bp=pti,
                funding_rate=funding,
                cnl=draw(st.integers(0, 40)) / 100,
                abs_speed=draw(st.integers(0, 30)) / 1_000,
                servicing_month_cents=draw(st.integers(0, 3)),
            )
            for tier in (Tier.PRIME, Tier.SUBPRIME)
            for ltv in ltvs
            for pti in ptis
        ),
    )


@st.composite
def deals(draw: st.DrawFn) -> DealInputs:
    """Draw a deal with or without known income and score."""
    structure = draw(structures())
    return inputs(
        structure,
        monthly_income_cents=draw(st.none() | st.integers(500, 8_000)),
        other_debt_cents=draw(st.just(0) | st.integers(0, 500)),
        score=draw(st.sampled_from([None, 750, 600])),
        standard_markup_bp=float(draw(st.integers(0, 300))),
        npv_floor_cents=draw(st.just(-(10**12)) | st.integers(-5_000, 5_000)),
        discount_max_cents=structure.discount_cents + draw(st.just(0) | st.integers(1, 120)),
        authority_covers=draw(st.sampled_from(AuthorityCovers)),
        product_cost_share_bp=float(draw(st.integers(0, 10_000))),
        tax_rules=draw(tax_rules()) if structure.tax_rate_bp is None else (),
    )


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, int]:
    """Draw the numbers of one car; a book value may be missing."""
    drawn = {name: draw(CENTS) for name in NUMBER_COLUMNS}
    return drawn | {
        "price_cents": draw(st.integers(500, 8_000)),
        "cost_cents": draw(DOLLARS),
        "invoice_cents": draw(VALUE),
        "msrp_cents": draw(VALUE),
        "wholesale_cents": draw(VALUE),
        "retail_cents": draw(VALUE),
        "year": draw(st.sampled_from([2022, 2022, 2010])),
        "mileage": draw(st.sampled_from([10, 10, 90_000])),
        "is_new": draw(st.integers(0, 1)),
    }
