"""The factor tables against the published values, the month-by-month reference, and what must hold."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.money.lending import RiskCurve
from protocol.records import Tier
from server.finance.value import factors
from server.finance.value.curves import bands
from server.finance.value.factors import FactorTable, contract_factors, factor_table, risk_of
from tests.finance.cases import curve
from tests.finance.value import reference
from tests.finance.value.cases import banded_model, factors_of, random_curve, worth

CASES = 3_000


@pytest.mark.parametrize(
    ("risk", "term", "npv"),
    [
        (curve(funding_rate=0.0799, cnl=0.0), 72, "0.00"),
        (curve(cnl=0.0), 72, "2651.53"),
        (curve(), 72, "1717.07"),
        (curve(funding_rate=0.0, cnl=0.0), 72, "7861.25"),
        (curve(abs_speed=0.015, servicing_month_cents=400), 72, "715.19"),
        # Recovery falls to 0 at the same gross defaults: the net loss rises to 3 % / 0.55.
        (curve(recovery=0.0, cnl=0.03 / 0.55), 72, "1064.31"),
        (curve(recovery=0.0), 72, "1778.56"),
        # The timing is laid over the shorter term.
        (curve(), 24, "-5.37"),
    ],
)
def test_published_values(risk: RiskCurve, term: int, npv: str) -> None:
    """30,000 at 7.99 %, as FINANCE prints it, to the cent."""
    assert Decimal(round(worth(risk, term=term))) / 100 == Decimal(npv)


@pytest.mark.parametrize("stressed", [False, True])
def test_factors_are_the_month_by_month_value(stressed: bool) -> None:
    """On thousands of random contracts each factor is the decimal reference's to 1e-9."""
    random = np.random.default_rng(20260115 + stressed)
    curves = [random_curve(random) for _ in range(CASES)]
    rates = random.choice([0.0, 0.0299, 0.0799, 0.1234, 0.2199], CASES)
    terms = random.integers(1, 97, CASES)
    windows = random.integers(0, 13, CASES)
    risk = risk_of([[each] for each in curves], terms, stressed=stressed)
    bulk = contract_factors(rates[:, None], terms[:, None], risk, windows[:, None])
    scale = {"defaults": "1.5", "recovered": "0.8"} if stressed else {}
    slow = [
        reference.worth(float(rate), int(term), each, window=int(window), **scale)
        for rate, term, each, window in zip(rates, terms, curves, windows, strict=True)
    ]
    for computed, exact in (
        (bulk.principal, [each.value for each in slow]),
        (bulk.servicing, [each.servicing for each in slow]),
        (bulk.unearned, [each.unearned for each in slow]),
        (bulk.ended, [each.ended for each in slow]),
    ):
        # A value is the difference of what was paid out and what comes back, so it is exact relative to the
        # principal, which is 1.
        np.testing.assert_allclose(computed[:, 0], np.array(exact, dtype=float), rtol=1e-9, atol=1e-12)


def test_a_table_says_what_each_contract_is_worth() -> None:
    """Looked up together, again, or in another order, a contract's factors are those computed alone."""
    grid = bands(banded_model(), Tier.PRIME)
    table = FactorTable(grid)
    rate, term, window = np.array([79_900, 45_000, 79_900]), np.array([72, 36, 36]), np.array([0, 4, 4])
    first, first_stressed = table.look_up(rate, term, window)
    order = np.array([2, 0, 1])
    again, _ = table.look_up(rate[order], term[order], window[order])
    alone = factors_of(list(grid.curves_at(36)), 0.045, 36, window=4)
    stressed = factors_of(list(grid.curves_at(36)), 0.045, 36, window=4, stressed=True)
    np.testing.assert_array_equal(again.principal, first.principal[order])
    np.testing.assert_allclose(first.ended[1], alone.ended[0], rtol=1e-14)
    np.testing.assert_allclose(first.principal[1], alone.principal[0], rtol=1e-14)
    np.testing.assert_allclose(first_stressed.principal[1], stressed.principal[0], rtol=1e-14)


def test_a_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least recently used contracts are let go, and computed again when they are asked for."""
    monkeypatch.setattr(factors, "MAX_ROWS", 4)
    table = FactorTable(bands(banded_model(), Tier.PRIME))
    term, window = np.array([12]), np.array([0])
    values = [table.look_up(np.array([rate]), term, window)[0].principal for rate in range(10)]
    assert len(table) == 4
    np.testing.assert_array_equal(table.look_up(np.array([0]), term, window)[0].principal, values[0])


def test_a_table_without_contracts() -> None:
    """No programme is no row, not an error."""
    none = np.zeros(0, dtype=np.int64)
    expected, stressed = FactorTable(bands(banded_model(), Tier.PRIME)).look_up(none, none, none)
    assert expected.principal.shape == stressed.ended.shape == (0, 6)


def test_models_with_one_name_do_not_share_factors() -> None:
    """A table belongs to its curves, so that a model of the same version with others has its own."""
    one, other = banded_model(), banded_model(recovery=0.2)
    assert factor_table(bands(one, Tier.PRIME)) is factor_table(bands(banded_model(), Tier.PRIME))
    assert factor_table(bands(one, Tier.PRIME)) is not factor_table(bands(other, Tier.PRIME))


def test_stress_keeps_gross_defaults_when_recovery_falls() -> None:
    """Stress is 1.5 times the gross defaults of the expected recovery, then 0.8 times that recovery."""
    gross = 1.5 * 0.03 / 0.55
    recovery = 0.8 * 0.45
    same = curve(recovery=recovery, cnl=gross * (1 - recovery))
    stressed = factors_of([curve()], 0.0799, 72, stressed=True).principal
    assert stressed == pytest.approx(factors_of([same], 0.0799, 72).principal, rel=1e-12)


CURVES = st.builds(
    curve,
    funding_rate=st.floats(0, 0.15),
    cnl=st.floats(0, 0.4),
    recovery=st.floats(0, 0.7),
    recovery_lag_months=st.integers(0, 12),
    abs_speed=st.sampled_from([0.0, 0.005, 0.015, 0.05, 0.3]),
    servicing_month_cents=st.integers(0, 2_000),
)
RATES = st.floats(0.0, 0.25)
TERMS = st.integers(2, 96)


def changed(risk: RiskCurve, **changes: object) -> RiskCurve:
    """Return ``risk`` with changes."""
    return RiskCurve(**({name: getattr(risk, name) for name in risk.__struct_fields__} | changes))


@given(risk=CURVES, rate=RATES, term=TERMS, more=st.integers(1, 12))
def test_value_falls_with_lag_and_servicing(risk: RiskCurve, rate: float, term: int, more: int) -> None:
    """Later recoveries and dearer servicing never make a contract worth more."""
    base = worth(risk, rate=rate, term=term)
    later = changed(risk, recovery_lag_months=risk.recovery_lag_months + more)
    dearer = changed(risk, servicing_month_cents=risk.servicing_month_cents + more)
    assert worth(later, rate=rate, term=term) <= base + 1e-6
    assert worth(dearer, rate=rate, term=term) < base


@given(
    risk=CURVES,
    rate=RATES,
    margin=st.floats(0.0, 0.25),
    term=TERMS,
    losses=st.tuples(st.floats(0, 0.3), st.floats(0, 0.3)),
)
def test_value_falls_with_losses(
    risk: RiskCurve, rate: float, margin: float, term: int, losses: tuple[float, float]
) -> None:
    """Where the coupon is at least the funding rate, more loss is never worth more."""
    funding = max(rate - margin, 0.0)
    risks = (
        changed(risk, cnl=cnl, funding_rate=funding, abs_speed=0.0, servicing_month_cents=0)
        for cnl in sorted(losses)
    )
    less, more = (worth(risk, rate=rate, term=term) for risk in risks)
    assert more <= less + 1e-6


@given(rate=RATES, funding=RATES, term=st.integers(3, 96), speed=st.sampled_from([0.005, 0.02, 0.2, 1.0]))
def test_prepayments_sign_is_that_of_funding_less_coupon(
    rate: float, funding: float, term: int, speed: float
) -> None:
    """Without losses, money that comes back early is worth more where it costs more than it earns."""
    kept, prepaid = (
        worth(curve(cnl=0.0, funding_rate=funding, abs_speed=abs_speed), rate=rate, term=term)
        for abs_speed in (0.0, speed)
    )
    assert (prepaid - kept) * (funding - rate) >= -1e-6


@given(risk=CURVES, rate=RATES, term=TERMS, window=st.integers(0, 100))
def test_shares_of_contracts_are_shares(risk: RiskCurve, rate: float, term: int, window: int) -> None:
    """No more than all contracts end early, all of them earlier in a longer window, and no more is unearned
    than has ended.
    """
    short, long = (factors_of([risk], rate, term, window=w) for w in (window, window + 3))
    assert 0 <= short.ended[0, 0] <= long.ended[0, 0] <= 1 + 1e-12
    assert 0 <= short.unearned[0, 0] <= factors_of([risk], rate, term, window=term).ended[0, 0] + 1e-12
