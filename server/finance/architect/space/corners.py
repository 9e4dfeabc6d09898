"""The corners of each pair: the principals between which its NPV is linear.

They are the largest and the smallest principal in reach, the one at which cash runs out and discount begins,
the upper edge of every LTV, PTI and payment band between, and both edges of what a cheaper row of the lender
lends. A reserve that the lender caps bends the value at one more principal. If a smaller principal may be
worth more, the cent above an edge is also a corner: it is the best of the next band.

Shapes: n pairs of a car and a feasible programme, e edges of each, m corners of all.
"""

from typing import NamedTuple

import numpy as np

from server.finance.architect.space.pairs import Index, Pairs
from server.finance.architect.space.pricing import Pricing
from server.finance.payment import largest_principal, payments_cents
from server.finance.rounding import Cents

PAYMENT_BAND_CENTS = 50_00
"""The width of the payment bands; an upper edge belongs to its band."""

MAX_PAYMENT_BANDS = 400
"""The most bands below a structure's highest payment: $20,000 a month. The bands of a car for millions, paid
over a few months, would exhaust memory.
"""


class Corners(NamedTuple):
    """Principals to be reached, of shape (m,) in cents, for pairs by number. Those from number ``upper`` on
    are lower ends: a smaller principal would leave the band, at the others a larger one.
    """

    pair: Index
    principal: Cents
    upper: int


def upper_ends(pair: Index, principal: Cents) -> Corners:
    """Return principals that may be missed but not exceeded."""
    return Corners(pair, principal, len(pair))


def corners_of(pricing: Pricing, pairs: Pairs) -> Corners:
    """Return the corners of every pair that need to be tried, in no order; at the lower end of a range the
    principal may be exceeded but not missed, so cash is rounded down.
    """
    every, covered = (pairs.highest <= pairs.most_tried).nonzero()[0], pairs.covered
    from_ = np.maximum(pairs.lowest, pairs.least_tried)
    below = np.minimum(pairs.highest, pairs.most_tried + 1)
    edges, payments = band_edges(pricing, pairs), _payment_edges(pairs, from_, below)
    rest = [edges, (pairs.owed - pairs.cash_max)[None], covered.low - 1]
    ends = [pairs.lowest[None], covered.high + 1]
    parts = [(every, pairs.highest.take(every)), payments]
    if falls_anywhere(pricing):
        above = payments[1] + 1
        inside = (above < below.take(payments[0])).nonzero()[0]
        ends.append(edges + 1)
        parts.append((payments[0].take(inside), above.take(inside)))
    table = np.concatenate(rest + ends)
    place = ((table >= from_) & (table < below)).ravel().nonzero()[0]
    upper = int(place.searchsorted(sum(map(len, rest)) * len(pairs)))
    pair, principal = place % max(1, len(pairs)), table.take(place)
    parts[1:1] = [(pair[:upper], principal[:upper])]
    first = sum(len(each) for each, _ in parts[:3])
    parts.append((pair[upper:], principal[upper:]))
    numbers, principals = zip(*parts, strict=True)
    return Corners(np.concatenate(numbers), np.concatenate(principals), first)


def falls_anywhere(pricing: Pricing) -> bool:
    """Return whether a smaller principal is worth more with any programme in any band."""
    return bool((pricing.valuation.slope < 0).any())


def band_edges(pricing: Pricing, pairs: Pairs) -> Cents:
    """Return the principals at the upper edges of LTV and PTI bands, and where a reserve reaches its cap;
    shape (e, n).
    """
    own, capped = pricing.pti_principals.T, pricing.valuation.capped_from
    if capped is not None:
        own = np.concatenate([own, capped[None], capped[None] + 1])
    return np.concatenate([pairs.ltv_edges, own.take(pairs.programme, axis=1)])


def _payment_edges(pairs: Pairs, from_: Cents, below: Cents) -> tuple[Index, Cents]:
    """Return the largest principals of the payment bands of each pair between two principals, and before
    them the numbers of the pairs; at most MAX_PAYMENT_BANDS of a pair.

    The largest principal of a band lies below a principal if that one's payment is above the band.
    """
    first = (payments_cents(below, pairs.factors) - 1) // PAYMENT_BAND_CENTS
    last = -(-payments_cents(from_, pairs.factors) // PAYMENT_BAND_CENTS)
    last = np.maximum(last, pairs.payment // PAYMENT_BAND_CENTS - (MAX_PAYMENT_BANDS - 1))
    # A payment of 0 is that of a few cents, but no band's edge.
    last = np.maximum(last, from_ > 0)
    count = np.maximum(first - last + 1, 0)
    pair = np.repeat(np.arange(len(pairs)), count)
    edges = np.repeat(last - (np.cumsum(count) - count), count) + np.arange(len(pair))
    return pair, largest_principal(edges * PAYMENT_BAND_CENTS, pairs.factors.take(pair))
