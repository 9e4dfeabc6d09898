"""Hazards, prepayment and loss by tier, term, LTV band and month of age, each with its band of 95 %."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from server.finance.rounding import Floats
from server.finance.rules.programmes import Whole
from server.history.aggregates.counts import Counts
from server.history.estimation import Estimate
from server.history.hazards import band_numbers, position
from server.history.intervals import wilson

MONTHS: Final = 128
"""More than any term has."""


@dataclass(frozen=True, slots=True, eq=False)
class Monthly:
    """A row for each month of age that loans were seen at; arrays of shape (n,).

    ``at_risk`` loans began the month with ``owed_cents``; ``defaults`` of them were charged off, with
    ``defaulted_cents``, and ``prepaid`` ended early. ``default`` and ``prepayment`` are the observed hazards,
    with Wilson's bands, ``curve`` is the estimate with its own. ``net_loss`` is the share of ``owed_cents``
    that is lost after recoveries. Prepayment is not a number in the last month of a term, which ends anyway.
    """

    tier: NDArray[np.str_]
    term_months: Whole
    ltv_max_bp: Floats
    month: Whole
    at_risk: Floats
    defaults: Floats
    default: Floats
    default_low: Floats
    default_high: Floats
    curve: Floats
    curve_low: Floats
    curve_high: Floats
    prepaid: Floats
    prepayment: Floats
    prepayment_low: Floats
    prepayment_high: Floats
    owed_cents: Floats
    defaulted_cents: Floats
    net_loss: Floats
    net_loss_low: Floats
    net_loss_high: Floats


def monthly(counts: Counts, found: Estimate) -> Monthly:
    """Return the hazards of all bands of PTI together, which weigh as many loans as they have."""
    _, tier = np.unique(counts.tier, return_inverse=True)
    edges, ltv = np.unique(counts.ltv_max, return_inverse=True)
    cell = ((tier * MONTHS + counts.term) * len(edges) + ltv) * MONTHS + counts.age
    _, first, place = np.unique(cell, return_index=True, return_inverse=True)

    def summed(values: Floats) -> Floats:
        return np.bincount(place, weights=values, minlength=len(first)).astype(np.float64)

    loans, defaults, prepaid = summed(counts.loans), summed(counts.defaults), summed(counts.prepaid)
    owed, defaulted = summed(counts.owed), summed(counts.defaulted)
    hazards = found.hazards
    at = band_numbers(counts, hazards.bands), position(counts.age, counts.term)
    curve, curve_low, curve_high = (
        summed(each[at] / counts.term * counts.loans) / loans
        for each in (hazards.rate, hazards.low, hazards.high)
    )
    default_low, default_high = wilson(defaults, loans)
    last = counts.age[first] >= counts.term[first]
    exposed = np.where(last, np.nan, loans - defaults)
    low, high = wilson(prepaid, np.maximum(loans - defaults, 0.0))
    names = counts.tier[first]
    net_loss, net_loss_low, net_loss_high = _net_losses(
        found, names, defaulted / np.maximum(owed, 1.0), (defaults / loans, default_low, default_high)
    )
    return Monthly(
        tier=names,
        term_months=counts.term[first],
        ltv_max_bp=counts.ltv_max[first],
        month=counts.age[first],
        at_risk=loans,
        defaults=defaults,
        default=defaults / loans,
        default_low=default_low,
        default_high=default_high,
        curve=curve,
        curve_low=curve_low,
        curve_high=curve_high,
        prepaid=prepaid,
        prepayment=prepaid / np.where(exposed == 0, np.nan, exposed),
        prepayment_low=np.where(last, np.nan, low),
        prepayment_high=np.where(last, np.nan, high),
        owed_cents=owed,
        defaulted_cents=defaulted,
        net_loss=net_loss,
        net_loss_low=net_loss_low,
        net_loss_high=net_loss_high,
    )


def _net_losses(
    found: Estimate, tiers: NDArray[np.str_], gross: Floats, hazard: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """Return the share of the balances that is lost, and its band: of frequency and of severity, independent.

    ``gross`` is the share charged off. If nothing was, the balance of a default is that of any loan.
    """
    losses = {one.tier: one.severity for one in found.tiers}
    lost = np.array([1.0 - losses[tier].recovery for tier in tiers.tolist()])
    spread = np.array([(losses[tier].high - losses[tier].low) / 2 for tier in tiers.tolist()]) / lost
    share, low, high = hazard
    scale = np.where(share > 0, gross / np.where(share > 0, share, 1.0), 1.0)
    net = gross * lost
    down = np.hypot(net - scale * low * lost, net * spread)
    up = np.hypot(scale * high * lost - net, net * spread)
    return net, np.maximum(net - down, 0.0), np.minimum(net + up, 1.0)
