"""Ties: of structures that are worth the same to the cent, the one with the least payment.

An NPV is rounded to the cent, so a slightly smaller principal in the same band may be worth as much and cost
less a month.
"""

import numpy as np

from server.finance.architect.candidates import Candidates, Wanted, band_edges, build_at, may_be_offered
from server.finance.architect.pricing import Pricing
from server.finance.cars import Cars
from server.finance.payment import largest_principal
from server.finance.rounding import Cents, Flags
from server.finance.structures import Structures
from server.finance.versions import WHOLE_MONTHS_ENGINE


def least_paid(pricing: Pricing, cars: Cars, structures: Structures, chosen: Candidates) -> Candidates:
    """Return each structure, or the one with the same programme, discount and NPV whose payment is the least;
    with that payment, the one that asks for the least cash.
    """
    if pricing.plan.inputs.engine < WHOLE_MONTHS_ENGINE or not len(chosen):
        return chosen
    least = _least_principals(pricing, structures, chosen)
    cheaper = _replaced(pricing, cars, structures, chosen, least, lower_end=True)
    factors = pricing.plan.factors[chosen.programme]
    most = np.minimum(largest_principal(cheaper.payment, factors), chosen.principal)
    return _replaced(pricing, cars, structures, cheaper, np.maximum(most, cheaper.principal), lower_end=False)


def _least_principals(pricing: Pricing, structures: Structures, chosen: Candidates) -> Cents:
    """Return the smallest principal of each structure's band and reach that is worth as much; shape (m,)."""
    programme, valuation = chosen.programme, pricing.valuation
    edges = band_edges(pricing, structures.basis[chosen.car, programme], programme)
    below = np.where(edges < chosen.principal[:, None], edges, -1).max(axis=1, initial=-1) + 1
    lowest = np.maximum(structures.lowest[chosen.car, programme], below)
    slope = valuation.slope[programme, chosen.band]
    intercept = valuation.intercept[programme, chosen.band]
    rises = slope > 0
    exact = (chosen.npv - chosen.front_gross - 0.5 - intercept) / np.where(rises, slope, 1.0)
    # The quotient may be a cent off, so a cent below is tried first.
    least = np.where(rises, np.ceil(np.minimum(exact, chosen.principal)).astype(np.int64) - 1, 0)
    for _ in range(2):
        least += valuation.npv_cents(programme, chosen.band, least) < chosen.npv - chosen.front_gross
    return np.clip(least, np.minimum(lowest, chosen.principal), chosen.principal)


def _replaced(
    pricing: Pricing,
    cars: Cars,
    structures: Structures,
    chosen: Candidates,
    principal: Cents,
    *,
    lower_end: bool,
) -> Candidates:
    """Return each structure, or the one at the principal if it is as valuable and costs no more a month."""
    moved = np.flatnonzero(principal != chosen.principal)
    if not moved.size:
        return chosen
    marks: Flags = np.full(moved.shape, lower_end)
    wanted = Wanted(chosen.car[moved], chosen.programme[moved], principal[moved], marks)
    other = build_at(pricing, cars, structures, wanted)
    same = (
        (other.npv == chosen.npv[moved])
        & (other.payment <= chosen.payment[moved])
        & (other.discount == chosen.discount[moved])
        & may_be_offered(structures, other)
    )
    order = np.arange(len(chosen))
    order[moved[same]] = len(chosen) + np.flatnonzero(same)
    return chosen.joined(other).at(order)
