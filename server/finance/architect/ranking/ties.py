"""Ties: of structures that are worth the same to the cent, the one with the least payment.

An NPV is rounded to the cent, so a slightly smaller principal in the same band may be worth as much and cost
less a month. Where the value falls with the principal, a smaller loan gains nearly what a cent of discount
costs, so a slightly larger discount may be worth as much, too.
"""

from typing import Final

import numpy as np

from server.finance.architect.space.candidates import Candidates, build_at, may_be_offered
from server.finance.architect.space.corners import Corners, band_edges, upper_ends
from server.finance.architect.space.pricing import Pricing
from server.finance.payment import largest_principal
from server.finance.rounding import Cents, Flags
from server.finance.versions import WHOLE_MONTHS_ENGINE

MOST_GIVEN_CENTS: Final = 16
"""How much smaller a principal is tried with a larger discount. A tie reaches further only if a loan loses
more than three quarters of what is lent: with a tax of 10 %, ``d`` cents of discount gain at most
``(1.1 d + 1) * loss``, which a tie needs to be more than ``d - 1``.
"""


def least_paid(pricing: Pricing, chosen: Candidates) -> Candidates:
    """Return each structure, or the one with the same programme and NPV whose payment is the least; with that
    payment, the one that asks for the least discount, then for the least cash.
    """
    if pricing.plan.inputs.engine < WHOLE_MONTHS_ENGINE:
        return chosen
    open_ = np.flatnonzero(~_has_no_tie(pricing, chosen))
    if not open_.size:
        return chosen
    some = chosen.at(open_)
    cheaper = _replaced(pricing, some, _least_principals(pricing, some), lower_end=True)
    factors = some.pairs.factors.take(some.pair)
    most = np.minimum(largest_principal(cheaper.payment, factors), some.principal)
    least = _replaced(pricing, cheaper, np.maximum(most, cheaper.principal), lower_end=False)
    least = _discounted(pricing, least)
    order = np.arange(len(chosen))
    order[open_] = len(chosen) + np.arange(len(some))
    return chosen.joined(least).at(order)


def _has_no_tie(pricing: Pricing, chosen: Candidates) -> Flags:
    """Return which structures are the only ones of their programme and discount that are worth as much, as
    far as a look at the amounts tells; shape (m,).

    Cash in whole steps makes the next smaller principal one that is smaller by a whole step. It is worth less
    if the value of that step is more than the cent that rounding may hide.
    """
    step, asked = pricing.plan.inputs.cash_step_cents, pricing.plan.inputs.structure.discount_cents
    valuation, pairs = pricing.valuation, chosen.pairs
    place = pairs.programme.take(chosen.pair) * len(valuation.bands) + chosen.band
    slope = valuation.slope.take(place)
    marks: Flags = (slope > 0) & (slope * (step - 4) > 1)
    marks &= (chosen.cash % step == 0) & (chosen.discount == asked)
    if valuation.most is not None:
        marks &= chosen.principal * slope < valuation.most.take(place)
    return marks


def _least_principals(pricing: Pricing, chosen: Candidates) -> Cents:
    """Return the smallest principal of each structure's band and reach that is worth as much; shape (m,)."""
    pairs, valuation = chosen.pairs, pricing.valuation
    programme, front = chosen.programme, chosen.front_gross
    edges = band_edges(pricing, pairs).take(chosen.pair, axis=1)
    below = np.where(edges < chosen.principal, edges, -1).max(axis=0, initial=-1) + 1
    lowest = np.maximum(pairs.lowest.take(chosen.pair), below)
    slope = valuation.slope[programme, chosen.band]
    intercept = valuation.intercept[programme, chosen.band]
    rises = slope > 0
    exact = (chosen.npv - front - 0.5 - intercept) / np.where(rises, slope, 1.0)
    # The quotient may be a cent off, so a cent below is tried first.
    least = np.where(rises, np.ceil(np.minimum(exact, chosen.principal)).astype(np.int64) - 1, 0)
    for _ in range(2):
        least += valuation.npv_cents(programme, chosen.band, least) < chosen.npv - front
    return np.clip(least, np.minimum(lowest, chosen.principal), chosen.principal)


def _replaced(pricing: Pricing, chosen: Candidates, principal: Cents, *, lower_end: bool) -> Candidates:
    """Return each structure, or the one at the principal if it is as valuable and costs no more a month."""
    moved = np.flatnonzero(principal != chosen.principal)
    if not moved.size:
        return chosen
    upper = 0 if lower_end else len(moved)
    wanted = Corners(chosen.pair.take(moved), principal.take(moved), upper)
    other = build_at(pricing, chosen.pairs, wanted)
    same = (
        (other.npv == chosen.npv.take(moved))
        & (other.payment <= chosen.payment.take(moved))
        & (other.discount == chosen.discount.take(moved))
        & may_be_offered(other)
    )
    order = np.arange(len(chosen))
    order[moved.compress(same)] = len(chosen) + np.flatnonzero(same)
    return chosen.joined(other).at(order)


def _discounted(pricing: Pricing, chosen: Candidates) -> Candidates:
    """Return each structure, or the one with a larger discount that is worth as much and costs less a month.

    Only where the value falls with the principal and the customer's cash is used up.
    """
    pairs, pair, valuation = chosen.pairs, chosen.pair, pricing.valuation
    falls = valuation.slope[chosen.programme, chosen.band] < 0
    open_ = np.flatnonzero(falls & (chosen.cash >= pairs.cash_max.take(pair)))
    if not open_.size:
        return chosen
    wanted = chosen.principal.take(open_)[:, None] - np.arange(1, MOST_GIVEN_CENTS + 1)
    within = wanted >= pairs.lowest.take(pair.take(open_))[:, None]
    number, wanted = open_.take(np.nonzero(within)[0]), wanted[within]
    made = build_at(pricing, pairs, upper_ends(pair.take(number), wanted))
    better = np.flatnonzero(
        (made.npv == chosen.npv.take(number))
        & (made.payment < chosen.payment.take(number))
        & may_be_offered(made)
    )
    number = number.take(better)
    ranked = np.lexsort((made.discount.take(better), made.payment.take(better), number))
    first = ranked[np.flatnonzero(np.diff(number.take(ranked), prepend=-1))]
    order = np.arange(len(chosen))
    order[number.take(first)] = len(chosen) + better.take(first)
    return chosen.joined(made).at(order)
