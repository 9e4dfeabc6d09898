"""A book of loans whose risk model is known: its kinds' hazards are those that the model expects."""

import itertools

import numpy as np

from protocol.money.lending import NO_EDGE_BP, NO_EDGE_MONTHS, RiskCurve, RiskModel
from protocol.records import Tier
from server.finance.value.factors import risk_of
from server.finance.value.months import live
from server.history.estimation import scheduled_balance
from tests.history.generating import Known

RATE_BP = 900.0
LTV_EDGE, PTI_EDGE = 11_000.0, 1_200.0
SHORT, LONG = (24, 36), (48, 72)
"""The two terms of a book: short ones are seen to their end in four years."""

TIMING = ((0.1, 0.08), (0.25, 0.33), (0.5, 0.68), (0.75, 0.9), (1.0, 1.0))
RECOVERED = {2: 0.2, 4: 0.15, 9: 0.1}
RECOVERY = sum(RECOVERED.values())
LAG = sum(lag * share for lag, share in RECOVERED.items()) / RECOVERY
CNL = {
    Tier.SUPER_PRIME: 0.012,
    Tier.PRIME: 0.025,
    Tier.NEAR_PRIME: 0.05,
    Tier.SUBPRIME: 0.1,
    Tier.DEEP_SUBPRIME: 0.15,
}


def known_model(terms: tuple[int, int] = SHORT) -> RiskModel:
    """Return a model with 2 x 2 x 2 bands for each tier: its bands of terms part between two terms."""
    curves = []
    edges = ((terms[0], NO_EDGE_MONTHS), (LTV_EDGE, NO_EDGE_BP), (PTI_EDGE, NO_EDGE_BP))
    for tier, (term, ltv, pti) in itertools.product(Tier, itertools.product(*edges)):
        worse = (1.3 if ltv == NO_EDGE_BP else 0.9) * (1.2 if pti == NO_EDGE_BP else 1.0)
        curves.append(
            RiskCurve(
                tier=tier,
                funding_rate=0.05,
                cnl=CNL[tier] * worse,
                loss_timing=TIMING,
                recovery=RECOVERY,
                recovery_lag_months=round(LAG),
                abs_speed=0.012 if term == terms[0] else 0.009,
                servicing_month_cents=400,
                term_max_months=term,
                ltv_max_bp=ltv,
                pti_max_bp=pti,
            )
        )
    return RiskModel(version="known", curves=tuple(curves))


def kinds_of(model: RiskModel) -> list[Known]:
    """Return a kind of loan for each of the model's curves, inside of its bands and of its longer term."""
    found, longer = [], dict((SHORT, LONG))
    shortest = min(curve.term_max_months for curve in model.curves)
    for curve in model.curves:
        term = curve.term_max_months if curve.term_max_months != NO_EDGE_MONTHS else longer[shortest]
        balance = scheduled_balance(RATE_BP, term)
        rate, months = np.array([[RATE_BP / 10_000]]), np.array([[term]])
        default, prepayment = [], []
        for month in live(rate, months, risk_of([[curve]], months[:, 0])):
            opening, lost = float(month.opening[0, 0]), float(month.default[0, 0])
            paying = opening - lost / balance[month.number - 1]
            default.append(lost / balance[month.number - 1] / opening if opening > 0 else 0.0)
            prepayment.append(1.0 - float(month.alive[0, 0]) / paying if paying > 0 else 1.0)
        found.append(
            Known(
                tier=curve.tier.value,
                term=term,
                ltv_bp=9_500.0 if curve.ltv_max_bp == LTV_EDGE else 12_500.0,
                pti_bp=800.0 if curve.pti_max_bp == PTI_EDGE else 1_500.0,
                default=np.array(default),
                prepayment=np.array(prepayment),
                rate_bp=RATE_BP,
            )
        )
    return found
