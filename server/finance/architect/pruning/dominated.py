"""Drops what cannot be a car's best offer or a point of its frontier, before it is valued.

Most programmes of a rate sheet are worse for a car than one other over their whole range: the payment is the
same and the NPV is lower, whatever the principal. Such a pair is found from the ends of its range, and its
candidates, a dozen or more, are never built. Each pair is compared with two champions of its car: the pair
that is worth most, and the one that is worth most of those that the first did not drop. A third champion
drops no more.

A champion must be worth a line over its whole range. Where lenders' rows overlap and reserves are capped,
those that are worth most often are not. So two more champions follow, which may narrow the range of a pair
if they do not drop it (``narrowed``).

Why the ends suffice: the NPV of a pair lies between two lines in the payment, drawn with the lowest and the
highest slope and intercept of the risk bands in range. If the champion's payment factor is not higher, its
principal at the same payment is not smaller, so it needs no more discount. Above its highest payment the
champion keeps its best. The margin covers every rounding, so ties are never dropped.
"""

from dataclasses import replace

import numpy as np

from server.finance.architect.pruning.lines import Index, Lines
from server.finance.architect.pruning.narrowed import narrowed
from server.finance.architect.space.pricing import Pricing
from server.finance.loans.structures import Structures, structures_of
from server.finance.rounding import Flags, Floats
from server.finance.rules.cheapest import NONE

CHAMPIONS = 2


def without_dominated(pricing: Pricing, structures: Structures) -> Structures:
    """Return the structures of only the pairs that may be best for their car or undominated, and only as far
    as they may be: from ``least_tried`` to ``most_tried``.

    Every car keeps a pair if it had one. Nothing is dropped if the NPV falls with the principal anywhere.
    """
    loans = structures.loans
    if not loans.feasible.any() or (pricing.valuation.slope < 0).any():
        return structures
    lines = Lines.of(pricing, loans)
    left = _not_beaten(lines, loans.feasible, _may_champion(pricing).take(loans.programme))
    left, least, most = narrowed(pricing, loans, lines, left)
    tried = replace(loans, least_tried=least, most_tried=most)
    return structures_of(tried.at(np.flatnonzero(left)))


def _not_beaten(lines: Lines, feasible: Flags, may_champion: Flags) -> Flags:
    """Return the pairs that are not beaten by CHAMPIONS of their car, one after the other; none of those is
    dropped by a later one.
    """
    left, open_ = feasible.copy(), feasible.copy()
    for _ in range(CHAMPIONS):
        champion = lines.champions(open_ & may_champion)
        open_ &= champion != lines.place
        beaten = _beaten(lines, open_, champion)
        left[beaten] = open_[beaten] = False
    return left


def _may_champion(pricing: Pricing) -> Flags:
    """Return which programmes are offered over their whole range and worth a line there, shape (p,): no
    cheaper row of the lender takes a part of it, and no cap of the reserve bends it.
    """
    whole: Flags = (pricing.plan.cheaper == NONE).all(axis=1)
    most = pricing.valuation.most
    return whole if most is None else whole & np.isinf(most).all(axis=1)


def _beaten(lines: Lines, among: Flags, champion: Index) -> Index:
    """Return the places of the pairs that are worth less than their car's champion at every payment."""
    factor, least = lines.factor, lines.least
    place = np.flatnonzero((factor.take(champion) <= factor) & among & (champion >= 0))
    its = champion.take(place)
    # With another rebate, another amount is owed.
    alike = lines.rebate.take(its) == lines.rebate.take(place)
    place = place.compress(alike & (least.take(its) <= least.take(place)))
    its, bound = champion.take(place), lines.bound.take(place) + lines.margin
    rate, start = lines.low_rate.take(its), lines.low.take(its)
    rates, high = lines.high_rate.take(place), lines.high.take(place) + lines.margin
    least, most = least.take(place), lines.most.take(place)

    def beaten_at(payment: Floats) -> Flags:
        marks: Flags = rate * payment + start >= rates * payment + high
        return marks

    ends = np.minimum(most, lines.most.take(its))
    beaten = bound <= lines.worth.take(its)
    within = beaten_at(least) & beaten_at(ends) & ((most <= ends) | beaten)
    return place.compress(np.where(ends < least, beaten, within))
