"""The corners of each pair: the principals between which its NPV is linear.

They are the largest and the smallest principal in reach, the one at which cash runs out and discount begins,
the upper edge of every LTV, PTI and payment band between, and both edges of what a cheaper row of the lender
lends. A reserve that the lender caps bends the value at one more principal. If a smaller principal may be
worth more, the cent above an edge is also a corner: it is the best of the next band.

Shapes: n pairs of a car and a feasible programme, e edges of each, m corners of all.
"""

from typing import NamedTuple

import numpy as np

from server.finance.architect.pairs import Index, Pairs
from server.finance.architect.pricing import Pricing
from server.finance.payment import largest_principal, payments_cents
from server.finance.rounding import Cents, Flags

PAYMENT_BAND_CENTS = 50_00
"""The width of the payment bands; an upper edge belongs to its band."""

MAX_PAYMENT_BANDS = 400
"""The most bands below a structure's highest payment: $20,000 a month. The bands of a car for millions, paid
over a few months, would exhaust memory.
"""


class Corners(NamedTuple):
    """Principals to be reached, of shape (m,) in cents, for pairs by number. At a ``lower_end`` a smaller
    principal would leave the band, at others a larger one.
    """

    pair: Index
    principal: Cents
    lower_end: Flags


def corners_of(pricing: Pricing, pairs: Pairs) -> Corners:
    """Return the corners of every pair that need to be tried, in no order; at the lower end of a range the
    principal may be exceeded but not missed, so cash is rounded down.
    """
    every, covered = np.flatnonzero(pairs.highest <= pairs.most_tried), pairs.covered
    from_ = np.maximum(pairs.lowest, pairs.least_tried)
    below = np.minimum(pairs.highest, pairs.most_tried + 1)
    edges, payments = band_edges(pricing, pairs), _payment_edges(pairs, from_, below)
    parts = [
        (every, pairs.highest.take(every)),
        _between(edges, from_, below),
        payments,
        _between(np.stack([pairs.owed - pairs.cash_max, *(covered.low - 1)]), from_, below),
    ]
    upper = sum(len(pair) for pair, _ in parts)
    if falls_anywhere(pricing):
        above = payments[1] + 1
        inside = np.flatnonzero(above < below.take(payments[0]))
        parts += [_between(edges + 1, from_, below), (payments[0].take(inside), above.take(inside))]
    parts.append(_between(np.stack([pairs.lowest, *(covered.high + 1)]), from_, below))
    pair, principal = (np.concatenate(each) for each in zip(*parts, strict=True))
    lower_end = np.zeros(len(pair), dtype=np.bool_)
    lower_end[upper:] = True
    return Corners(pair, principal, lower_end)


def falls_anywhere(pricing: Pricing) -> bool:
    """Return whether a smaller principal is worth more with any programme in any band."""
    return bool((pricing.valuation.slope < 0).any())


def band_edges(pricing: Pricing, pairs: Pairs) -> Cents:
    """Return the principals at the upper edges of LTV and PTI bands, and where a reserve reaches its cap;
    shape (e, n).
    """
    pti, capped = pricing.pti_principals, pricing.valuation.capped_from
    rows = [pairs.ltv_edges, pti.T.take(pairs.programme, axis=1)]
    if capped is not None:
        reached = capped.take(pairs.programme)
        rows += [reached[None], reached[None] + 1]
    return np.concatenate(rows)


def _between(table: Cents, from_: Cents, below: Cents) -> tuple[Index, Cents]:
    """Return, of principals of shape (e, n), those that lie below an end of their pair and not below the
    other; and before them the numbers of their pairs.
    """
    inside = np.flatnonzero((table >= from_) & (table < below))
    return inside % max(1, len(from_)), table.take(inside)


def _payment_edges(pairs: Pairs, from_: Cents, below: Cents) -> tuple[Index, Cents]:
    """Return the largest principals of the payment bands of each pair, as ``_between``; at most
    MAX_PAYMENT_BANDS of a pair.

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
