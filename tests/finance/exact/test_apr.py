"""The APR against the published cases of Appendix J, pyxirr, QuantLib and what defines it."""

from typing import Any

import numpy as np
import pytest
import pyxirr
import QuantLib as ql
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import convert
from protocol.deal.structure import StructureError
from protocol.money.pricing import AprRequest, PriceRequest
from server.finance.exact.apr import annual_percentage_rate, periodic_rates
from server.finance.exact.price import price_contract
from server.finance.exact.unit_periods import UnitPeriod, between
from tests.finance.exact.contracts import contract, contracts, random_contracts

ODD = {"fraction": 19 / 30}


def payments(*amounts: float, start: int = 1, **timing: float) -> list[dict[str, float]]:
    return [
        {"amount": amount, "unit_periods": number, **timing} for number, amount in enumerate(amounts, start)
    ]


def apr(advances: Any, flows: list[dict[str, float]], per_year: float = 12) -> float:
    asked = {"advances": advances, "payments": flows, "unit_periods_per_year": per_year}
    return annual_percentage_rate(convert(AprRequest, asked)).apr_percent


@pytest.mark.parametrize(
    ("advances", "flows", "per_year", "published"),
    [
        (5_000, payments(*[230] * 24), 12, 9.69),
        (6_000, payments(*[200] * 36, **ODD), 12, 11.82),
        (5_000, payments(*[219.17] * 24, start=0, fraction=6 / 15), 24, 10.34),
        (5_000, payments(250, *[230] * 23), 12, 10.08),
        (5_000, payments(*[230] * 23, 280), 12, 10.50),
        (5_000, payments(250, *[230] * 22, 280), 12, 10.90),
        (1_000, payments(1_080), 365 / 255, 11.45),
    ],
)
def test_published_cases(
    advances: float, flows: list[dict[str, float]], per_year: float, published: float
) -> None:
    """Regular, odd first period, half-months, irregular first and last payments, and a single payment."""
    assert round(apr(advances, flows, per_year), 2) == published


@pytest.mark.parametrize(
    ("per_year", "periodic"), [(52, 0.002), (24, 0.004), (4, 0.03), (1, 0.1), (365, 3e-4)]
)
def test_every_unit_period(per_year: int, periodic: float) -> None:
    """Weeks, half-months, quarters, years and days: the periodic rate of a level loan, made annual."""
    level = periodic / (1 - (1 + periodic) ** -20) * 10_000
    assert apr(10_000, payments(*[level] * 20), per_year) == pytest.approx(
        periodic * per_year * 100, abs=1e-4
    )


def test_several_advances() -> None:
    """Two advances a month apart are worth what the payments are."""
    flows = payments(*[500] * 12, start=2)
    rate = apr([{"amount": 3_000}, {"amount": 2_500, "unit_periods": 1}], flows) / 1_200
    paid = sum(500 / (1 + rate) ** number for number in range(2, 14))
    assert paid == pytest.approx(3_000 + 2_500 / (1 + rate), abs=0.01)


@pytest.mark.parametrize(
    ("advances", "flows", "field"),
    [
        (0, payments(10), "advances"),
        ([{"amount": 0}], payments(10), "advances"),
        (1_000, payments(500, 400), "payments"),
        (1_000, [{"amount": 1_100}], "payments"),
    ],
)
def test_what_has_no_rate_is_refused(advances: Any, flows: list[dict[str, float]], field: str) -> None:
    """Nothing advanced, payments below the advances, or everything at once: the field is named."""
    with pytest.raises(StructureError) as refused:
        apr(advances, flows)
    assert refused.value.field == field


def test_repaying_just_what_was_advanced_costs_nothing() -> None:
    """Also where the cents do not add up exactly in binary."""
    assert apr(0.3, payments(0.1, 0.1, 0.1)) == 0.0


def test_regular_loans_agree_with_pyxirr_and_all_at_once_with_one_by_one() -> None:
    """3,000 random loans with irregular payments: pyxirr's irr of the same flows."""
    chance = np.random.default_rng(5)
    flows, periods, fractions = _random_loans(chance, 3_000)
    ours = periodic_rates(flows, periods, fractions * 0)
    theirs = np.array([pyxirr.irr(row) for row in flows])
    assert ours == pytest.approx(theirs, rel=1e-7, abs=1e-10)
    alone = [periodic_rates(flows[k : k + 1], periods[k : k + 1], fractions[k : k + 1])[0] for k in range(50)]
    assert periodic_rates(flows, periods, fractions)[:50] == pytest.approx(alone, rel=1e-12)


def test_regular_loans_agree_with_quantlib() -> None:
    """200 random level loans: QuantLib's internal rate of return of the same flows by 30/360."""
    today = ql.Date(1, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    for asked in random_contracts(200, seed=6):
        answer = price_contract(contract(price_cents=asked.price_cents, rate_bp=float(asked.rate_bp)))
        if answer.apr_percent == 0:
            continue
        leg = [ql.SimpleCashFlow(row.payment_cents, _ql(row.date)) for row in answer.schedule]
        theirs = ql.CashFlows.yieldRate(
            leg, float(answer.amount_financed_cents), ql.Thirty360(ql.Thirty360.BondBasis),
            ql.Compounded, ql.Monthly, False, today, today, 1e-12, 1_000, 0.05,
        )  # fmt: skip
        assert answer.apr_percent == pytest.approx(theirs * 100, abs=2e-4)


@given(asked=contracts())
def test_the_amount_financed_is_worth_the_payments_at_the_apr(asked: PriceRequest) -> None:
    """By Appendix J's general equation, with its fraction and whole unit periods."""
    answer = price_contract(asked)
    assert asked.contract_date is not None
    assert asked.first_payment_date is not None
    whole, f = between(asked.contract_date, asked.first_payment_date, UnitPeriod.MONTH)
    i = answer.apr_percent / 1_200
    worth = sum(
        row.payment_cents / (1 + f * i) / (1 + i) ** (whole + number)
        for number, row in enumerate(answer.schedule)
    )
    # The APR has four decimals: half of the last one moves the worth by this much at most.
    years = whole / 12 + len(answer.schedule) / 12 + 1
    assert worth == pytest.approx(answer.amount_financed_cents, rel=1e-6 * years)


def test_a_contract_of_one_payment_is_one_unit_period() -> None:
    """1,000 for 255 days at 11.45 % costs 79.99: 365/255 unit periods a year give the rate back."""
    asked = contract(
        price_cents=100_000,
        rate_bp=1_145,
        term_months=1,
        contract_date="2026-01-11",
        first_payment_date="2026-09-23",
        day_count="actual/365",
    )
    answer = price_contract(asked)
    assert (answer.payment_cents, round(answer.apr_percent, 2)) == (1_079_99, 11.45)


@pytest.mark.parametrize("rate_bp", [0, 0.01, 10_000])
@pytest.mark.parametrize("term", [1, 2, 120])
@pytest.mark.parametrize("first", ["2026-01-02", "2200-12-31"])
def test_every_contract_has_an_apr(rate_bp: float, term: int, first: str) -> None:
    """Also where all but a cent of the principal is prepaid, and the first payment comes in 174 years."""
    for prepaid in (0, 99_999_99):
        asked = contract(
            price_cents=100_000_00,
            rate_bp=rate_bp,
            term_months=term,
            prepaid_finance_cents=prepaid,
            first_payment_date=first,
        )
        assert price_contract(asked).apr_percent >= 0


@given(rate_bp=st.integers(0, 3_600), term=st.integers(1, 96))
def test_a_regular_loan_without_fees_costs_its_rate(rate_bp: int, term: int) -> None:
    """Up to what rounding payments to the cent moves on 100,000."""
    answer = price_contract(contract(price_cents=10_000_000, rate_bp=rate_bp, term_months=term))
    assert answer.apr_percent == pytest.approx(rate_bp / 100, abs=1e-3)


def _random_loans(
    chance: np.random.Generator, count: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return loans of up to 72 irregular payments; where a loan has fewer, the rest is 0."""
    term = chance.integers(2, 73, count)
    flows = np.zeros((count, 73))
    paid = np.arange(1, 73) <= term[:, None]
    flows[:, 1:] = np.where(paid, chance.integers(20_000, 90_000, (count, 72)), 0)
    flows[:, 0] = -np.floor(flows.sum(axis=1) * chance.uniform(0.6, 0.98, count))
    periods = np.tile(np.arange(73), (count, 1))
    fractions = np.where(periods > 0, chance.uniform(0, 1, count)[:, None], 0.0)
    return flows, periods, fractions


def _ql(date: Any) -> ql.Date:
    return ql.Date(date.day, date.month, date.year)
