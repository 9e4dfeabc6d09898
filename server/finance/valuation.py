"""The value of a contract to who holds it, as factors: exact, because it is linear in the principal.

For one rate, term and risk curve the month-by-month valuation (``tests/finance/reference.py`` keeps it)
scales with the principal, and servicing with its monthly cost. So it is computed once per unit of each, and
an offer is two products.
"""

from dataclasses import dataclass

import numpy as np

from protocol.lending import RiskCurve
from server.finance.payment import MONTHS_PER_YEAR, annuity_factors
from server.finance.programmes import Whole
from server.finance.rounding import Floats

STRESS_DEFAULTS = 1.5
"""Gross defaults under stress, as a multiple of the expected ones; recovery and timing stay."""


@dataclass(frozen=True, slots=True, eq=False)
class ContractFactors:
    """Present values of shape (p,).

    ``principal``: of all cash flows but servicing, less the principal itself, per unit of principal.
    ``servicing``: of one unit paid in each month for each contract still alive.
    """

    principal: Floats
    servicing: Floats


def contract_factors(
    annual_rate: Floats, term: Whole, curve: RiskCurve, *, defaults: float = 1.0
) -> ContractFactors:
    """Return the factors of contracts with regular monthly periods and unrounded payments.

    ``annual_rate`` (fractions) and ``term`` (months) have shape (p,). ``defaults`` multiplies gross defaults
    ``cnl / (1 - recovery)``. Per month k, with S the share of contracts alive at its start and B their
    balance: defaults D = min(S*B, G*(T_k - T_(k-1))), then the payment and the prepayments of who is left.
    """
    rate = annual_rate / MONTHS_PER_YEAR
    payment = annuity_factors(rate, term)
    gross_defaults = defaults * curve.cnl / (1.0 - curve.recovery)
    discount = 1.0 / (1.0 + curve.funding_rate / MONTHS_PER_YEAR)
    alive, balance = np.ones(len(term)), np.ones(len(term))
    lost_before = np.zeros(len(term))
    value, servicing = np.full(len(term), -1.0), np.zeros(len(term))
    for month in range(1, int(term.max(initial=0)) + 1):
        running = month <= term
        lost = _timing(curve, month, term)
        default = np.where(running, np.minimum(alive * balance, gross_defaults * (lost - lost_before)), 0.0)
        left = alive - np.divide(default, balance, out=np.zeros(len(term)), where=balance > 0)
        interest = rate * balance
        balance_after = np.where(month < term, balance + interest - payment, 0.0)
        prepaid = _single_month_mortality(curve.abs_speed, month)
        cash = left * (interest + balance - balance_after + prepaid * balance_after)
        value += np.where(running, cash, 0.0) * discount**month
        value += curve.recovery * default * discount ** (month + curve.recovery_lag_months)
        servicing += np.where(running, alive, 0.0) * discount**month
        alive, balance, lost_before = left * (1.0 - prepaid), balance_after, lost
    return ContractFactors(principal=value, servicing=servicing)


def _timing(curve: RiskCurve, month: int, term: Whole) -> Floats:
    """Return the cumulative share of the loss by ``month``, the curve laid over each term."""
    points = [(0.0, 0.0), *curve.loss_timing]
    shares, cumulative = zip(*points, strict=True)
    timing: Floats = np.interp(month / term, shares, cumulative)
    return timing


def _single_month_mortality(abs_speed: float, month: int) -> float:
    """Return the share of living contracts that prepay in a month, from that of the original ones (ABS)."""
    if abs_speed * month >= 1:
        return 1.0
    return abs_speed / (1.0 - abs_speed * (month - 1))
