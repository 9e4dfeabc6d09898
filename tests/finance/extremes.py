"""Hypothesis strategies at the limits: every value that decodes, the ends of its type most of all."""

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from protocol.commands import MAX_GRID
from protocol.deal.structure import (
    FIRST_DATE,
    LAST_DATE,
    MAX_DEFERRAL_DAYS,
    MAX_PER_DIEM_CENTS,
    RateReason,
    Structure,
    check_consistent,
)
from protocol.jobs import NUMBER_COLUMNS
from protocol.money.inputs import DealInputs
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
from protocol.records import MAX_CENTS, BasisPoints, DayCount, Tier
from server.finance.calendar import with_dates
from tests.finance.cases import TODAY, curve

MAX_BP = 10_000
LONGEST_TERM = 120
LONGEST_IN_STOCK_DAYS = 750_000
"""From the first day of the calendar until today."""

CENTS = st.sampled_from([0, 1, 99, MAX_CENTS - 1, MAX_CENTS]) | st.integers(0, MAX_CENTS)
USUAL_CENTS = st.integers(0, 10_000_000)
ANY_CENTS = CENTS | USUAL_CENTS
SHARE_BP = st.sampled_from([0.0, 0.01, 9_999.99, 10_000.0]) | st.integers(0, MAX_BP).map(float)
LAST_CONTRACT = LAST_DATE - dt.timedelta(days=MAX_DEFERRAL_DAYS)
DATES = st.sampled_from([FIRST_DATE, TODAY, LAST_DATE]) | st.dates(FIRST_DATE, LAST_DATE)
TERMS = st.sampled_from([1, 2, 60, LONGEST_TERM]) | st.integers(1, LONGEST_TERM)
TERM_LISTS = st.lists(TERMS, min_size=1, max_size=MAX_GRID, unique=True)


def _percent(draw: st.DrawFn) -> BasisPoints:
    return BasisPoints(draw(SHARE_BP))


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    """Draw any structure that a command can bring about: each amount anywhere in its type."""
    fees, products, cash = draw(ANY_CENTS), draw(ANY_CENTS), draw(ANY_CENTS)
    contract = draw(st.sampled_from([FIRST_DATE, TODAY, LAST_CONTRACT]) | st.dates(FIRST_DATE, LAST_CONTRACT))
    first = contract + draw(st.integers(1, MAX_DEFERRAL_DAYS)) * dt.timedelta(days=1)
    rate = _percent(draw) if draw(st.booleans()) else None
    drawn = Structure(
        price_cents=draw(st.none() | ANY_CENTS),
        discount_cents=draw(st.just(0) | ANY_CENTS),
        fees_cents=fees,
        taxable_fees_cents=draw(st.sampled_from([0, fees])),
        doc_fee_cents=draw(st.sampled_from([0, fees])),
        products_cents=products,
        taxable_products_cents=draw(st.sampled_from([0, products])),
        products_cost_cents=draw(st.none() | ANY_CENTS),
        rebate_cents=draw(st.just(0) | ANY_CENTS),
        rebate_reduces_tax=draw(st.booleans()),
        trade_allowance_cents=draw(st.just(0) | ANY_CENTS),
        payoff_cents=draw(st.just(0) | ANY_CENTS),
        payoff_good_through=draw(st.none() | DATES),
        payoff_per_diem_cents=draw(
            st.sampled_from([0, MAX_PER_DIEM_CENTS]) | st.integers(0, MAX_PER_DIEM_CENTS)
        ),
        trade_acv_cents=draw(st.none() | st.just(0) | ANY_CENTS),
        trade_credit=draw(st.booleans()),
        trade_credit_cap_cents=draw(st.none() | ANY_CENTS),
        cash_down_cents=cash,
        cash_down_max_cents=draw(st.none() | st.integers(cash, MAX_CENTS)),
        prepaid_finance_cents=draw(st.just(0) | ANY_CENTS),
        tax_rate_bp=_percent(draw) if draw(st.booleans()) else None,
        rate_bp=rate,
        rate_reason=None if rate is None else RateReason.PROMOTION,
        term_months=draw(st.none() | TERMS),
        terms_months=draw(TERM_LISTS),
        payment_max_cents=draw(st.none() | ANY_CENTS),
        contract_date=contract,
        first_payment_date=first,
        day_count=draw(st.sampled_from(DayCount)),
    )
    check_consistent(drawn)
    return with_dates(drawn, TODAY)


@st.composite
def deals(draw: st.DrawFn) -> DealInputs:
    """Draw any deal: a customer without income or with the highest, any authority, up to eight tax rules."""
    structure = draw(structures())
    rules = tuple(
        TaxRule(
            jurisdiction=f"place-{number}",
            state="OH",
            rate_bp=draw(SHARE_BP),
            base=draw(st.sampled_from(TaxBase)),
            base_cap_cents=draw(st.none() | ANY_CENTS),
            credit_cap_cents=draw(st.none() | ANY_CENTS),
            rebate_reduces_tax=draw(st.booleans()),
            rounding=draw(st.sampled_from(Rounding)),
        )
        for number in range(draw(st.integers(1, 8)))
    )
    return DealInputs(
        structure=structure,
        monthly_income_cents=draw(st.none() | ANY_CENTS.map(lambda cents: 2 * cents)),
        other_debt_cents=draw(ANY_CENTS),
        score=draw(st.sampled_from([None, 250, 900])),
        standard_markup_bp=draw(SHARE_BP),
        npv_floor_cents=draw(st.sampled_from([-(10**12), 0]) | st.integers(-MAX_CENTS, MAX_CENTS)),
        discount_max_cents=draw(ANY_CENTS),
        product_cost_share_bp=draw(SHARE_BP),
        tax_rules=rules,
    )


@st.composite
def programmes(draw: st.DrawFn, terms: list[int]) -> tuple[Programme, ...]:
    """Draw programmes that take almost any car, with limits anywhere in what the schema stores."""
    rows = []
    for number in range(draw(st.integers(1, 6))):
        front, least = draw(st.sampled_from([1.0, 12_000.0, 999_999.99])), draw(st.just(0) | USUAL_CENTS)
        rows.append(
            Programme(
                programme_id=f"programme-{number}",
                lender=f"lender-{number}",
                tier=Tier.PRIME,
                term_months=draw(st.sampled_from(terms) | TERMS),
                score_min=250,
                score_max=900,
                new_cars=True,
                used_cars=True,
                year_min=1900,
                mileage_max=2_000_000,
                new_ltv_basis=draw(st.sampled_from(LtvBasis)),
                used_ltv_basis=draw(st.sampled_from(LtvBasis)),
                ltv_front_max_bp=front,
                ltv_total_max_bp=draw(st.sampled_from([front, 999_999.99])),
                amount_min_cents=least,
                amount_max_cents=draw(st.sampled_from([least + 1, MAX_CENTS])),
                pti_max_bp=draw(SHARE_BP),
                dti_max_bp=draw(SHARE_BP),
                buy_rate_bp=draw(SHARE_BP),
                markup_max_bp=draw(SHARE_BP),
                reserve_share_bp=draw(SHARE_BP),
                lender_fee_cents=draw(ANY_CENTS),
                acquisition_cents=draw(ANY_CENTS),
                stipulations=(),
                disposition=draw(st.sampled_from(Disposition)),
                reserve_method=draw(st.sampled_from(ReserveMethod)),
                reserve_flat_cents=draw(ANY_CENTS),
                chargeback_months=draw(st.integers(0, 120)),
            )
        )
    return tuple(rows)


@st.composite
def models(draw: st.DrawFn) -> RiskModel:
    """Draw a risk model of two bands each way, under which a smaller principal may be worth more."""
    return RiskModel(
        version="risk-1",
        curves=tuple(
            curve(
                tier=Tier.PRIME,
                ltv_max_bp=ltv,
                pti_max_bp=pti,
                funding_rate=draw(st.sampled_from([0.0, 0.05, 0.99])),
                cnl=draw(st.sampled_from([0.0, 0.03, 0.99])),
                recovery=draw(st.sampled_from([0.0, 0.45, 0.99])),
                abs_speed=draw(st.sampled_from([0.0, 0.015, 0.99])),
                servicing_month_cents=draw(st.sampled_from([0, 400, MAX_CENTS])),
            )
            for ltv in (9_000.0, NO_EDGE_BP)
            for pti in (1_200.0, NO_EDGE_BP)
        ),
    )


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, int]:
    """Draw any car that the schema stores."""
    drawn: dict[str, Any] = {name: draw(ANY_CENTS) for name in NUMBER_COLUMNS}
    return drawn | {
        "price_cents": draw(st.integers(1, MAX_CENTS) | st.integers(1, 10_000_000)),
        "days_in_stock": draw(st.sampled_from([0, 30, LONGEST_IN_STOCK_DAYS])),
        "year": draw(st.integers(1900, 2100)),
        "mileage": draw(st.integers(0, 2_000_000)),
        "is_new": draw(st.integers(0, 1)),
        "transfer_days": draw(st.integers(0, 365)),
    }
