"""The factor tables against the published values and the month-by-month reference."""

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.lending import RiskCurve
from server.finance.valuation import contract_factors
from tests.finance import reference
from tests.finance.cases import curve

PRINCIPAL = 3_000_000


def value(curve: RiskCurve, term: int = 72, rate: float = 0.0799, defaults: float = 1.0) -> Decimal:
    """Return the NPV in dollars of 30,000 at 7.99 %, before acquisition."""
    factors = contract_factors(np.array([rate]), np.array([term]), curve, defaults=defaults)
    cents = PRINCIPAL * factors.principal[0] - curve.servicing_month_cents * factors.servicing[0]
    return Decimal(round(cents)) / 100


@pytest.mark.parametrize(
    ("risk", "npv"),
    [
        (curve(funding_rate=0.0799, cnl=0.0), "0.00"),
        (curve(cnl=0.0), "2651.53"),
        (curve(), "1717.07"),
        (curve(funding_rate=0.0, cnl=0.0), "7861.25"),
        (curve(abs_speed=0.015, servicing_month_cents=400), "715.19"),
        # Recovery falls to 0 at the same gross defaults: cnl rises to G = 3 % / 0.55.
        (curve(recovery=0.0, cnl=0.03 / 0.55), "1064.31"),
    ],
)
def test_published_values(risk: RiskCurve, npv: str) -> None:
    """30,000 at 7.99 % over 72 months, as FINANCE prints it, to the cent."""
    assert value(risk) == Decimal(npv)


def test_published_parts() -> None:
    """Switched on one after another: funding, loss, prepayment and servicing take the printed amounts."""
    steps = [
        curve(funding_rate=0.0, cnl=0.0),
        curve(cnl=0.0),
        curve(),
        curve(abs_speed=0.015),
        curve(abs_speed=0.015, servicing_month_cents=400),
    ]
    values = [value(step) for step in steps]
    parts = [after - before for before, after in pairwise(values)]
    assert parts == [Decimal("-5209.72"), Decimal("-934.46"), Decimal("-883.86"), Decimal("-118.02")]


def test_timing_is_laid_over_each_term() -> None:
    """Over 24 months, the curve's shares of the term apply to 24 months."""
    assert value(curve(), term=24) == Decimal("-5.37")


def test_stress_multiplies_gross_defaults() -> None:
    """1.5 times the defaults is the value at 1.5 times the net loss."""
    assert value(curve(), defaults=1.5) == value(curve(cnl=0.045))


CURVES = st.builds(
    curve,
    funding_rate=st.floats(0, 0.15),
    cnl=st.floats(0, 0.4),
    recovery=st.floats(0, 0.7),
    recovery_lag_months=st.integers(0, 12),
    abs_speed=st.sampled_from([0.0, 0.005, 0.015, 0.05, 0.3]),
    servicing_month_cents=st.integers(0, 2_000),
)
CONTRACTS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0299, 0.0799, 0.2199]), st.integers(1, 96)), min_size=1, max_size=6
)


@given(risk=CURVES, contracts=CONTRACTS, principal=st.integers(500_00, 100_000_00))
def test_factors_are_exact(risk: RiskCurve, contracts: list[tuple[float, int]], principal: int) -> None:
    """Principal times factor less servicing times factor is the month-by-month value of each contract."""
    rates, terms = (np.array(column) for column in zip(*contracts, strict=True))
    factors = contract_factors(rates, terms, risk)
    bulk = principal * factors.principal - risk.servicing_month_cents * factors.servicing
    slow = [reference.contract_npv(principal, rate, term, risk) for rate, term in contracts]
    assert bulk.tolist() == pytest.approx(slow, rel=1e-9, abs=1e-4)


@given(
    risk=CURVES,
    rate=st.floats(0.01, 0.25),
    term=st.integers(2, 96),
    lag=st.integers(1, 12),
)
def test_value_falls_with_lag_and_servicing(risk: RiskCurve, rate: float, term: int, lag: int) -> None:
    """Later recoveries and dearer servicing never make a contract worth more."""
    rates, terms = np.array([rate]), np.array([term])
    base = contract_factors(rates, terms, risk)
    later = contract_factors(
        rates, terms, curve_with(risk, recovery_lag_months=risk.recovery_lag_months + lag)
    )
    assert later.principal[0] <= base.principal[0] + 1e-12
    assert base.servicing[0] > 0


@given(
    rate=st.floats(0.05, 0.25),
    term=st.integers(2, 96),
    losses=st.tuples(st.floats(0, 0.3), st.floats(0, 0.3)),
)
def test_value_falls_with_losses(rate: float, term: int, losses: tuple[float, float]) -> None:
    """Where the coupon is at least the funding rate, more loss is never worth more."""
    less, more = (
        contract_factors(np.array([rate]), np.array([term]), curve(cnl=cnl)).principal[0]
        for cnl in sorted(losses)
    )
    assert more <= less + 1e-12


@given(rate=st.floats(0.0, 0.25), funding=st.floats(0.0, 0.25), term=st.integers(3, 96))
def test_prepayments_sign_is_that_of_funding_less_coupon(rate: float, funding: float, term: int) -> None:
    """Without losses, money that comes back early is worth more where it costs more than it earns."""
    kept, prepaid = (
        contract_factors(
            np.array([rate]), np.array([term]), curve(cnl=0.0, funding_rate=funding, abs_speed=speed)
        ).principal[0]
        for speed in (0.0, 0.02)
    )
    assert (prepaid - kept) * (funding - rate) >= -1e-12


def curve_with(risk: RiskCurve, **changes: object) -> RiskCurve:
    """Return ``risk`` with changes."""
    fields = {name: getattr(risk, name) for name in risk.__struct_fields__}
    return RiskCurve(**(fields | changes))
