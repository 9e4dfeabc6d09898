"""Risk models with bands, plans and random contracts for the tests of the value."""

from typing import Any

import msgspec
import numpy as np

from protocol.deal.structure import Structure
from protocol.money.lending import NO_EDGE_BP, NO_EDGE_MONTHS, Programme, RiskCurve, RiskModel
from server.finance.plan import Plan, plan_deal
from server.finance.value.factors import Factors, contract_factors, risk_of
from tests.finance.cases import curve, inputs, sheet

LTV_EDGES = (9_000.0, 11_000.0, NO_EDGE_BP)
PTI_EDGES = (1_000.0, NO_EDGE_BP)
TERM_EDGES = (48, NO_EDGE_MONTHS)


def banded_model(version: str = "risk-bands", **changes: Any) -> RiskModel:
    """Return a model of the prime tier with 2 x 3 x 2 bands: losses rise with each of term, LTV and PTI."""
    curves = [
        curve(
            term_max_months=term,
            ltv_max_bp=ltv,
            pti_max_bp=pti,
            **({"cnl": 0.02 + 0.01 * t + 0.02 * v + 0.005 * p, "abs_speed": 0.012} | changes),
        )
        for t, term in enumerate(TERM_EDGES)
        for v, ltv in enumerate(LTV_EDGES)
        for p, pti in enumerate(PTI_EDGES)
    ]
    return RiskModel(version=version, curves=tuple(curves))


def planned(*programmes: Programme, structure: Structure | None = None, **changes: Any) -> Plan:
    """Return the plan of a deal with these programmes."""
    return plan_deal(inputs(structure, **changes), sheet(*programmes))


def factors_of(
    curves: list[RiskCurve],
    rate: float,
    term: int,
    *,
    stressed: bool = False,
    window: int = 0,
) -> Factors:
    """Return the factors, shape (1, B), of one contract under several curves."""
    terms = np.array([[term]])
    risk = risk_of([curves], terms[:, 0], stressed=stressed)
    return contract_factors(np.array([[rate]]), terms, risk, np.array([[window]]))


def worth(risk: RiskCurve, *, rate: float = 0.0799, term: int = 72, principal: int = 3_000_000) -> float:
    """Return a contract's NPV in cents, before acquisition."""
    factors = factors_of([risk], rate, term)
    servicing = risk.servicing_month_cents * factors.servicing[0, 0]
    return float(principal * factors.principal[0, 0] - servicing)


def random_curve(random: np.random.Generator) -> RiskCurve:
    """Draw a curve of any tier of risk, timing included: with or without steps, also at the beginning."""
    points = int(random.integers(1, 6))
    shares = [*np.sort(random.integers(0, 101, points - 1)) / 100, 1.0]
    losses = [*np.sort(random.random(points - 1)), 1.0]
    return msgspec.structs.replace(
        curve(),
        funding_rate=float(random.uniform(0, 0.15)),
        cnl=float(random.uniform(0, 0.4)),
        loss_timing=tuple(zip(map(float, shares), map(float, losses), strict=True)),
        recovery=float(random.uniform(0, 0.7)),
        recovery_lag_months=int(random.integers(0, 13)),
        abs_speed=float(random.choice([0.0, 0.005, 0.015, 0.05, 0.3])),
        servicing_month_cents=int(random.integers(0, 2_000)),
    )
