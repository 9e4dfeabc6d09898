"""Every figure that the law of the money prints, by plain formulas that know nothing of the engine."""

import datetime as dt
from fractions import Fraction
from itertools import pairwise

import pytest

from tests.finance import plain

THIRTIETH = Fraction(1, 30)
WHOLE = Fraction(0)
TIMING = ((12, 0.30), (24, 0.60), (36, 0.80), (48, 0.92), (72, 1.00))
SHORT_TIMING = tuple((month // 3, share) for month, share in TIMING)


def monthly(*amounts: float) -> list[tuple[float, int, Fraction]]:
    """Return payments one month apart, the first after a month."""
    return [(amount, number, WHOLE) for number, amount in enumerate(amounts, 1)]


def value(**terms: object) -> float:
    """Value the published contract: 30,000 at 7.99 % for 72 months, funded at 5 %."""
    usual: dict[str, object] = {"funding": 0.05, "timing": TIMING, "recovery": 0.45, "lag": 6}
    term = terms.pop("term", 72)
    return plain.npv(30_000.0, 0.0799, term, **(usual | terms))  # type: ignore[arg-type]


def test_tax() -> None:
    """40,000 with a trade of 15,000 at 7 % is taxed 1,750 with credit and 2,800 without."""
    assert (40_000 - 15_000) * Fraction(7, 100) == 1_750
    assert 40_000 * Fraction(7, 100) == 2_800


def test_regular_payment() -> None:
    """10,000 at 10 % for 36 months costs 322.67 a month."""
    assert plain.cents(plain.annuity(Fraction(10_000), Fraction(1, 10), 36)) == 322_67


def test_odd_days() -> None:
    """45 days of 30/360 before the first of 60 payments: 610.31, the last one 609.99."""
    rate = Fraction(8, 100)
    payment = plain.cents(plain.annuity(Fraction(30_000), rate, 60, days=45))
    last, _ = plain.run_down(30_000_00, [rate * 45 / 360, *[rate / 12] * 59], payment)
    assert (payment, last) == (610_31, 609_99)


def test_real_days() -> None:
    """By real days with due dates clamped to month ends: 608.26, the last one 608.01."""
    rate = Fraction(8, 100)
    dates = [dt.date(2025, 12, 31)]
    for number in range(60):
        year, month = 2026 + number // 12, number % 12 + 1
        after = dt.date(year + month // 12, month % 12 + 1, 1)
        dates.append(after - dt.timedelta(days=1))  # the 31st, or the last day of a shorter month
    payment = plain.cents(plain.daily(Fraction(30_000), rate, dates))
    days = [(due - before).days for before, due in pairwise(dates)]
    last, _ = plain.run_down(30_000_00, [rate * one / 365 for one in days], payment)
    assert (payment, last) == (608_26, 608_01)


def test_prepaid_charge() -> None:
    """50 prepaid inside 1,000 at 10 % for a year: 11 x 87.90 + 87.85, interest 54.75, APR 19.766."""
    rate = Fraction(10, 100)
    dates = [dt.date(2019 + (month - 1) // 12, (month - 1) % 12 + 1, 1) for month in range(1, 14)]
    payment = plain.cents(plain.daily(Fraction(1_000), rate, dates))
    days = [(due - before).days for before, due in pairwise(dates)]
    last, interest = plain.run_down(1_000_00, [rate * one / 365 for one in days], payment)
    assert (payment, last, interest, interest + 50_00) == (87_90, 87_85, 54_75, 104_75)
    paid = monthly(*[payment / 100] * 11, last / 100)
    assert plain.apr_percent(950, paid, 12) == pytest.approx(19.766, abs=0.0005)


@pytest.mark.parametrize(
    ("financed", "payments", "periods", "expected"),
    [
        (5_000, monthly(*[230] * 24), 12, 9.69),
        (6_000, [(200, number + 1, 19 * THIRTIETH) for number in range(36)], 12, 11.82),
        (5_000, [(219.17, number, 12 * THIRTIETH) for number in range(24)], 24, 10.34),
        (5_000, monthly(250, *[230] * 23), 12, 10.08),
        (5_000, monthly(*[230] * 23, 280), 12, 10.50),
        (5_000, monthly(250, *[230] * 22, 280), 12, 10.90),
        (1_000, monthly(1_080), 365 / 255, 11.45),
    ],
)
def test_annual_percentage_rate(
    financed: float, payments: list[tuple[float, int, Fraction]], periods: float, expected: float
) -> None:
    """The published cases of Appendix J agree to the second decimal."""
    assert plain.apr_percent(financed, payments, periods) == pytest.approx(expected, abs=0.005)


def test_lease() -> None:
    """Cap 35,000, residual 20,000, 36 months, money factor 0.00125: 485.42."""
    depreciation = Fraction(35_000 - 20_000, 36)
    assert plain.cents(depreciation + (35_000 + 20_000) * Fraction(125, 100_000)) == 485_42


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"funding": 0.0799}, 0.00),
        ({}, 2_651.53),
        ({"cnl": 0.03}, 1_717.07),
        ({"cnl": 0.03, "speed": 0.015, "servicing": 4.0}, 715.19),
        ({"gross": 0.03 / 0.55, "recovery": 0.0}, 1_064.31),
        ({"cnl": 0.03, "recovery": 0.0}, 1_778.56),
        ({"cnl": 0.03, "term": 24, "timing": SHORT_TIMING}, -5.37),
    ],
)
def test_value(terms: dict[str, object], expected: float) -> None:
    """The published values of one contract agree to the cent."""
    assert round(value(**terms), 2) == expected


def test_parts_of_a_value() -> None:
    """Interest, funding, loss, prepayment and servicing, each added to those before."""
    steps = (
        value(funding=0.0),
        value(),
        value(cnl=0.03),
        value(cnl=0.03, speed=0.015),
        value(cnl=0.03, speed=0.015, servicing=4.0),
    )
    parts = [round(after - before, 2) for before, after in pairwise((0.0, *steps))]
    assert parts == [7_861.25, -5_209.72, -934.46, -883.86, -118.02]
