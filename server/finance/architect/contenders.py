"""The contenders: the acceptable candidates of each car that none of its others beats.

Most candidates are beaten by one with no higher payment and a higher NPV. The best offer and the frontier are
made of the others. Many of the beaten ones are never built: one programme of each car is certainly worth a
lot, and from some payment on it is worth more than another programme ever is.
"""

import numpy as np

from protocol.records import MAX_CENTS
from server.finance.architect.candidates import Candidates, build_at, may_be_offered
from server.finance.architect.corners import MAX_PAYMENT_BANDS, PAYMENT_BAND_CENTS, corners_of, falls_anywhere
from server.finance.architect.pairs import Index, Pairs, runs_of
from server.finance.architect.pricing import Pricing
from server.finance.cars import Cars
from server.finance.rounding import Cents, Floats
from server.finance.structures import Structures

MARGIN_CENTS = 10
"""How much more a structure must be worth to beat another for certain, because amounts are rounded."""

ASTRAY_CENTS = 1_00
"""By how much a principal may miss a wanted one, besides a step of cash: a cent of discount is taxed."""

LEAST_SLOPE = 1e-9
"""The value of a cent of principal, if it is worth less: then no amount is worth more than another."""


def contenders(pricing: Pricing, cars: Cars, structures: Structures) -> Candidates:
    """Return the acceptable candidates of every car, of which none is worth less than one that costs less a
    month; by car, then by ascending payment, then in the order of the sheet.
    """
    pairs = Pairs.feasible(pricing, cars, structures)
    found = build_at(pricing, pairs, corners_of(pricing, pairs, _beaten_from(pricing, pairs)))
    if not len(found):
        return found
    order = found.by_payment()
    # NPVs of a later car are shifted above those of an earlier one, so one running maximum serves all.
    apart = pairs.car * (int(found.npv.max()) - int(found.npv.min()) + 1)
    lifted = found.npv + apart.take(found.pair)
    stands = may_be_offered(found) & (found.npv >= pricing.plan.inputs.npv_floor_cents)
    np.copyto(lifted, np.iinfo(np.int64).min, where=~stands)
    lifted = lifted.take(order)
    unbeaten = (lifted >= np.maximum.accumulate(lifted)) & stands.take(order)
    return found.at(order.compress(unbeaten))


def _beaten_from(pricing: Pricing, pairs: Pairs) -> Cents | None:
    """Return for each pair a principal from which on one candidate of its car's champion beats it, above any
    amount if there is none, shape (n,); None if the NPV falls with the principal anywhere.

    The candidate is the champion's largest loan or one at a payment band's edge. It needs no discount, its
    cash is at most a step above what the edge asks for, and no cheaper row lends it. It is worth at least
    what the champion's worst band is, and the other pair at most what its best band is at its largest loan.
    """
    if falls_anywhere(pricing) or not len(pairs):
        return None
    low_slope, low, low_cap, high_slope, high, high_cap = pairs.ends
    step = pricing.plan.inputs.cash_step_cents
    regular = np.maximum(np.maximum(pairs.floor + step, pairs.lowest), pairs.owed - pairs.cash_max)
    certain = np.minimum((pairs.highest - step) * low_slope, low_cap) + low
    certain[(pairs.highest < regular) | pairs.touched] = -np.inf
    champion = _champions(pairs, certain)
    needs = np.minimum(pairs.highest * high_slope, high_cap) + (high + MARGIN_CENTS) - low.take(champion)
    slope = np.maximum(low_slope, LEAST_SLOPE).take(champion)
    principal = np.maximum(needs / slope + step, regular.take(champion))
    largest, its_payment = pairs.highest.take(champion), pairs.payment.take(champion)
    reaches = (needs <= low_cap.take(champion)) & (principal <= largest) & (certain.take(champion) > -np.inf)
    reaches &= champion != np.arange(len(pairs))
    band = np.ceil((principal + 1) * pairs.raised.take(champion) / PAYMENT_BAND_CENTS)
    band = np.maximum(band, its_payment // PAYMENT_BAND_CENTS - (MAX_PAYMENT_BANDS - 1))
    payment = np.minimum(band * PAYMENT_BAND_CENTS, its_payment)
    beaten = payment / pairs.factors + (step + ASTRAY_CENTS)
    return np.where(reaches, beaten, 2 * MAX_CENTS).astype(np.int64)


def _champions(pairs: Pairs, certain: Floats) -> Index:
    """Return the number of the pair of each pair's car that is certainly worth most; shape (n,)."""
    starts, count = runs_of(pairs.car)
    best = (certain == np.maximum.reduceat(certain, starts).repeat(count)).nonzero()[0]
    # The first of those of a car.
    champion: Index = best.take(best.searchsorted(starts)).repeat(count)
    return champion
