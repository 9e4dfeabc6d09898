"""Contracts for the tests of the exact engine."""

import datetime as dt
import random
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from protocol.codec import convert
from protocol.money.pricing import PriceRequest
from protocol.records import BasisPoints, DayCount

RATES_BP = st.integers(0, 360_000).map(lambda hundredths: BasisPoints(Decimal(hundredths) / 100))
CONTRACT_DATES = st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31))


def contract(**fields: Any) -> PriceRequest:
    """Return a contract from JSON-like fields; else 20,000 at 6 % over 60 months from 1 January 2026."""
    standard = {"price_cents": 2_000_000, "rate_bp": 600, "term_months": 60, "contract_date": "2026-01-01"}
    return convert(PriceRequest, standard | fields)


@st.composite
def contracts(draw: st.DrawFn) -> PriceRequest:
    """Draw contracts with everything in them that always leave something to finance."""
    fees, products = draw(st.integers(0, 200_000)), draw(st.integers(0, 500_000))
    signed = draw(CONTRACT_DATES)
    return PriceRequest(
        price_cents=draw(st.integers(2_000_000, 8_000_000)),
        rate_bp=draw(RATES_BP),
        term_months=draw(st.integers(2, 120)),
        discount_cents=draw(st.integers(0, 200_000)),
        fees_cents=fees,
        taxable_fees_cents=draw(st.integers(0, fees)),
        products_cents=products,
        taxable_products_cents=draw(st.integers(0, products)),
        rebate_cents=draw(st.integers(0, 300_000)),
        rebate_reduces_tax=draw(st.booleans()),
        trade_allowance_cents=draw(st.integers(0, 500_000)),
        payoff_cents=draw(st.integers(0, 900_000)),
        trade_credit=draw(st.booleans()),
        trade_credit_cap_cents=draw(st.none() | st.integers(0, 400_000)),
        cash_down_cents=draw(st.integers(0, 400_000)),
        prepaid_finance_cents=draw(st.integers(0, 50_000)),
        tax_rate_bp=BasisPoints(Decimal(draw(st.integers(0, 120_000))) / 100),
        contract_date=signed,
        first_payment_date=signed + dt.timedelta(days=draw(st.integers(1, 75))),
        day_count=draw(st.sampled_from(DayCount)),
    )


def random_contracts(count: int, seed: int) -> list[PriceRequest]:
    """Return contracts without tax or trade: principal, rate, term, dates and day count at random."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        signed = dt.date(2020, 1, 1) + dt.timedelta(days=chance.randrange(3_650))
        made.append(
            PriceRequest(
                price_cents=chance.randrange(300_000, 12_000_000),
                rate_bp=BasisPoints(Decimal(chance.choice([0, chance.randrange(240_000)])) / 100),
                term_months=chance.randrange(2, 97),
                contract_date=signed,
                first_payment_date=signed + dt.timedelta(days=chance.randrange(1, 76)),
                day_count=chance.choice(list(DayCount)),
            )
        )
    return made
