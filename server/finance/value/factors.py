"""The value of a contract as factors: exact, because it is linear in the principal and in the monthly cost.

For one rate, term and curve the month-by-month value scales with the principal, and servicing with its cost.
So it is computed once per unit of each, and a structure's value is two look-ups. Most deals of a store share
tier, terms and markup, so they share the results.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from protocol.money.lending import RiskCurve
from server.finance.rounding import Floats, annual_fraction
from server.finance.rules.programmes import Whole
from server.finance.value.curves import Bands
from server.finance.value.months import (
    STRESS_DEFAULTS,
    STRESS_RECOVERY,
    Risk,
    gross_defaults,
    live,
)

MAX_ROWS = 1024
"""The most contracts in one table, each about 64 bytes per band."""


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Factors of shape (p, B).

    ``principal``: the present value of all cash but servicing, less the principal, per unit of principal.
    ``servicing``: of one unit paid in each month for each contract alive at its start. ``unearned``: of the
    part of a product's price that is given back when a contract ends early, by months left over the term.
    ``ended``: the share of contracts, not discounted, that end before their last month and within the
    lender's chargeback window.
    """

    principal: Floats
    servicing: Floats
    unearned: Floats
    ended: Floats


def contract_factors(annual_rate: Floats, term: Whole, risk: Risk, window: Whole) -> Factors:
    """Return the factors of contracts with regular monthly periods and unrounded payments.

    ``annual_rate`` (nominal fractions), ``term`` and chargeback ``window`` (months) have shape (p, 1), the
    arrays of ``risk`` (p, B) or broadcastable to it.
    """
    shape = np.broadcast_shapes(term.shape, risk.abs_speed.shape)
    value, servicing = np.full(shape, -1.0), np.zeros(shape)
    unearned, ended = np.zeros(shape), np.zeros(shape)
    lag_discount = risk.recovery * risk.discount**risk.recovery_lag
    for month in live(annual_rate, term, risk):
        discount = risk.discount**month.number
        value += (month.cash + lag_discount * month.default) * discount
        servicing += month.opening * discount
        early = np.where(month.number < term, month.opening - month.alive, 0.0)
        unearned += early * discount * (1.0 - month.number / term)
        ended += np.where(month.number <= window, early, 0.0)
    return Factors(principal=value, servicing=servicing, unearned=unearned, ended=ended)


def risk_of(curves: Sequence[Sequence[RiskCurve]], term: Whole, *, stressed: bool = False) -> Risk:
    """Return the risk of p contracts in B bands: ``curves[p][b]``, their timing laid over each ``term`` (p).

    Stress multiplies the gross defaults of the unstressed recovery, and then the recovery.
    """

    def column(name: str) -> Floats:
        return np.array([[float(getattr(curve, name)) for curve in row] for row in curves])

    recovery = column("recovery")
    defaults = gross_defaults(column("cnl"), recovery)
    return Risk(
        funding=column("funding_rate"),
        gross_defaults=defaults * (STRESS_DEFAULTS if stressed else 1.0),
        timing=_laid_timing(curves, term),
        recovery=recovery * (STRESS_RECOVERY if stressed else 1.0),
        recovery_lag=column("recovery_lag_months").astype(np.int64),
        abs_speed=column("abs_speed"),
    )


def timing(at: Floats, points: Floats, losses: Floats) -> Floats:
    """Return the cumulative share of the loss ``at`` ascending times from 0 on; ``points`` do not fall.

    A step belongs to the month that it ends; a step at the start belongs to the first month.
    """
    shares: Floats = np.interp(at, points, losses)
    shares[0] = 0.0
    return shares


class FactorTable:
    """The factors of one tier's curves by rate, term and chargeback window, expected and stressed.

    At most MAX_ROWS contracts are kept; the least recently used ones are evicted. Threads may share a table:
    rows are stored and read atomically.
    """

    def __init__(self, bands: Bands) -> None:
        self._bands = bands
        self._rows: dict[tuple[int, int, int], Floats] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def look_up(self, rate: Whole, term: Whole, window: Whole) -> tuple[Factors, Factors]:
        """Return expected and stressed factors of shape (p, B).

        ``rate`` in hundredths of a basis point, ``term`` and ``window`` in months, all of shape (p,).
        """
        keys = list(zip(rate.tolist(), term.tolist(), window.tolist(), strict=True))
        found = {key: self._rows.pop(key, None) for key in dict.fromkeys(keys)}
        missing = [key for key, row in found.items() if row is None]
        if missing:
            found.update(zip(missing, self._computed(missing), strict=True))
        self._rows.update((key, row) for key, row in found.items() if row is not None)
        for key in list(self._rows)[:-MAX_ROWS]:
            self._rows.pop(key, None)
        rows = np.array([found[key] for key in keys]).reshape(len(keys), 2, 4, len(self._bands))
        expected, stressed = (Factors(*np.moveaxis(rows[:, case], 1, 0)) for case in (0, 1))
        return expected, stressed

    def _computed(self, keys: list[tuple[int, int, int]]) -> NDArray[np.float64]:
        """Return the factors of contracts, of shape (contracts, 2, 4, B)."""
        rate, term, window = np.array(keys, dtype=np.int64).reshape(len(keys), 3).T[:, :, None]
        curves = [self._bands.curves_at(months) for months in term[:, 0].tolist()]
        cases = []
        for stressed in (False, True):
            risk = risk_of(curves, term[:, 0], stressed=stressed)
            factors = contract_factors(annual_fraction(rate), term, risk, window)
            cases.append(
                np.stack([factors.principal, factors.servicing, factors.unearned, factors.ended], axis=1)
            )
        return np.stack(cases, axis=1)


@lru_cache(maxsize=32)
def factor_table(bands: Bands) -> FactorTable:
    """Return the table of exactly these bands, shared by all their deals."""
    return FactorTable(bands)


def _laid_timing(curves: Sequence[Sequence[RiskCurve]], term: Whole) -> Floats:
    """Return the cumulative share of the loss, shape (longest term + 1, p, B)."""
    months = np.arange(int(term.max(initial=0)) + 1)
    laid = {}
    for row, months_of_term in zip(curves, term.tolist(), strict=True):
        for curve in row:
            key = (curve.loss_timing, months_of_term)
            if key not in laid:
                shares, losses = np.array([(0.0, 0.0), *curve.loss_timing]).T
                laid[key] = timing(months / months_of_term, shares, losses)
    by_contract = [
        [laid[curve.loss_timing, months_of_term] for curve in row]
        for row, months_of_term in zip(curves, term.tolist(), strict=True)
    ]
    return np.moveaxis(np.array(by_contract), 2, 0)
