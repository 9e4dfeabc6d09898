"""A contract's life month by month, per unit of principal: the only implementation of the cash-flow formula.

After FINANCE: gross defaults G = CNL / (1 - R), spread by the timing T, the ABS prepayment model, and the
payments of those who still pay. Everything scales with the principal, because the payment is unrounded and
periods are regular.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.finance.payment import MONTHS_PER_YEAR, annuity_factors
from server.finance.rounding import Floats
from server.finance.rules.programmes import Whole

STRESS_DEFAULTS = 1.5
"""Gross defaults under stress, as a multiple of the expected ones; their timing stays."""

STRESS_RECOVERY = 0.8
"""Recovery under stress, as a multiple of the expected one. Gross defaults do not move with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Risk:
    """What is expected of contracts; arrays of shape (p, B) or broadcastable to it.

    ``funding`` is a nominal annual fraction, ``gross_defaults`` a share of the principal, ``timing`` of shape
    (months + 1, p, B) the cumulative share of it by the end of each month, ``recovery`` the share of a
    default that is recovered ``recovery_lag`` months later, ``abs_speed`` the fraction of the original
    contracts that prepay in a month.
    """

    funding: Floats
    gross_defaults: Floats
    timing: Floats
    recovery: Floats
    recovery_lag: Whole
    abs_speed: Floats

    @property
    def discount(self) -> Floats:
        """The present value of one unit a month later."""
        return 1.0 / (1.0 + self.funding / MONTHS_PER_YEAR)


@dataclass(frozen=True, slots=True, eq=False)
class Month:
    """One month of shape (p, B): shares of the contracts, amounts per unit of principal.

    ``opening`` and ``alive`` are the contracts at its start and end, ``default`` the balance lost before
    recovery, ``cash`` the payments and prepayments of living contracts, before servicing. All are 0 after the
    term.
    """

    number: int
    opening: Floats
    default: Floats
    cash: Floats
    alive: Floats


def gross_defaults(cnl: Floats, recovery: Floats) -> Floats:
    """Return the share of the principal that defaults, where ``cnl`` of it is lost after recovery."""
    return cnl / (1.0 - recovery)


def live(annual_rate: Floats, term: Whole, risk: Risk) -> Iterator[Month]:
    """Yield months 1 to the longest term of contracts with a nominal ``annual_rate`` (fractions) and a
    ``term`` in months, both of shape (p, 1).
    """
    rate = annual_rate / MONTHS_PER_YEAR
    payment = annuity_factors(rate, term)
    opening = np.ones(np.broadcast_shapes(term.shape, risk.abs_speed.shape))
    balance = np.ones(term.shape)
    for month in range(1, int(term.max(initial=0)) + 1):
        running = month <= term
        lost = risk.gross_defaults * (risk.timing[month] - risk.timing[month - 1])
        default = np.where(running, np.minimum(opening * balance, lost), 0.0)
        # A balance of 0 means that the contract is over; 1 only keeps the division defined.
        paying = np.maximum(opening - default / np.where(balance > 0, balance, 1.0), 0.0)
        after = np.where(month < term, np.maximum(balance * (1.0 + rate) - payment, 0.0), 0.0)
        prepaid = _single_month_mortality(risk.abs_speed, month)
        cash = paying * (balance * (1.0 + rate) - after + prepaid * after)
        alive = np.where(running, paying * (1.0 - prepaid), 0.0)
        yield Month(
            number=month,
            opening=np.where(running, opening, 0.0),
            default=default,
            cash=np.where(running, cash, 0.0),
            alive=alive,
        )
        opening, balance = alive, after


def _single_month_mortality(abs_speed: Floats, month: int) -> Floats:
    """Return the share of living contracts that prepay in a month, from that of the original ones (ABS)."""
    original_left = 1.0 - abs_speed * (month - 1)
    ended: NDArray[np.bool_] = abs_speed * month >= 1
    return np.where(ended, 1.0, abs_speed / np.where(ended, 1.0, original_left))
