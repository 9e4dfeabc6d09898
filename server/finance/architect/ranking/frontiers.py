"""The frontier: the structures of each car that no other beats in both payment and NPV.

It begins with the candidates. At the payment of each of its points every other programme's largest principal
is valued too, because between two of its own corners a programme may be worth more than the point.
"""

from dataclasses import dataclass

import numpy as np

from server.finance.architect.ranking.objective import acceptable, steps, undominated
from server.finance.architect.space.candidates import Candidates, build_at, may_be_offered
from server.finance.architect.space.corners import upper_ends
from server.finance.architect.space.pairs import Index, Pairs, runs_of
from server.finance.architect.space.pricing import Pricing
from server.finance.payment import largest_principal
from server.finance.rounding import Cents, Flags, Floats

MAX_ROUNDS = 16
"""A better structure may have a slightly lower payment, at which yet another is better; one is usual."""


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """What pairs are worth at most; shape (n,). Those of the car of a pair are ``count`` from ``start`` on.

    At a payment of ``y`` cents no structure of a pair is worth more than ``y * slope + intercept``, nor than
    ``highest``, before the front gross at the structure's own discount; in cents.
    """

    start: Index
    count: Index
    slope: Floats
    intercept: Floats
    highest: Floats | None
    payment: Floats

    @classmethod
    def of(cls, pricing: Pricing, pairs: Pairs) -> "_Lines":
        """Return the lines of pairs; a programme is worth what its best band is."""
        starts, count = runs_of(pairs.car)
        slope, high, cap = pairs.greatest
        slope = np.maximum(slope, 0)
        # A principal may exceed its payment's by a cent, and both payment and NPV are rounded.
        margin = slope * (1 / pairs.factors + 1) + 1
        return cls(
            start=starts.repeat(count),
            count=count.repeat(count),
            slope=slope / pairs.factors,
            intercept=high + margin,
            highest=None if pricing.valuation.most is None else cap + high + 1,
            payment=pairs.payment.astype(np.float64),
        )

    def promising(self, pricing: Pricing, points: Candidates) -> tuple[Index, Index, Cents]:
        """Return the points and the pairs of their cars that may be worth more at their payment, as two
        numbers, and the principals at which they may.

        A programme whose largest loan costs no more than the point has only corners there, and one whose best
        band is worth no more at its payment is not tried.
        """
        pairs, own = points.pairs, points.pair
        count = self.count.take(own)
        ends = np.cumsum(count)
        pair = np.arange(int(ends[-1])) + np.repeat(self.start.take(own) - (ends - count), count)
        asked = pricing.plan.inputs.structure.discount_cents
        payment = points.payment.astype(np.float64).repeat(count)
        worth = (points.npv - pairs.front.take(own) + asked).astype(np.float64).repeat(count)
        marks = payment * self.slope.take(pair) + self.intercept.take(pair) > worth
        marks &= self.payment.take(pair) > payment
        # What few of them fail is checked for the others only.
        place = marks.nonzero()[0]
        number, pair = np.arange(len(points)).repeat(count).take(place), pair.take(place)
        marks = pair != np.where(_is_settled(pricing, points), own, -1).take(number)
        if self.highest is not None:
            marks &= self.highest.take(pair) > worth.take(place)
        number, pair = number.compress(marks), pair.compress(marks)
        wanted = largest_principal(points.payment.take(number), pairs.factors.take(pair))
        wanted = np.minimum(wanted, pairs.highest.take(pair))
        tried = (wanted >= pairs.lowest.take(pair)).nonzero()[0]
        return number.take(tried), pair.take(tried), wanted.take(tried)


def frontier_of_cars(pricing: Pricing, found: Candidates, best: Candidates) -> Candidates:
    """Return the points of every car's frontier, by car, then by ascending payment: of the contenders that
    were ``found``, and the ``best`` of each car, with which its frontier ends.
    """
    if not len(found):
        return found
    points = found.at(steps(found.car, found.payment, found.npv))
    lines, open_ = _Lines.of(pricing, found.pairs), points
    for _ in range(MAX_ROUNDS):
        better = _better(pricing, lines, open_)
        if better is None:
            break
        points, new = _joined(points, better)
        open_ = points.at(new)
    starts, count = runs_of(points.car)
    last = starts + count - 1
    ends = (points.payment.take(last) == best.payment) & (points.npv.take(last) == best.npv)
    return points if ends.all() else _joined(points, best.at((~ends).nonzero()[0]))[0]


def _joined(points: Candidates, others: Candidates) -> tuple[Candidates, Index]:
    """Return the undominated ones of the points and the others, and the numbers of the others among them."""
    joined = points.joined(others)
    kept = undominated(joined)
    return joined.at(kept), (kept >= len(points)).nonzero()[0]


def _better(pricing: Pricing, lines: _Lines, points: Candidates) -> Candidates | None:
    """Return the structures that are worth more than a point at no more than its payment; None if there are
    none.
    """
    number, pair, wanted = lines.promising(pricing, points)
    if not number.size:
        return None
    made = build_at(pricing, points.pairs, upper_ends(pair, wanted))
    gains = (made.payment <= points.payment.take(number)) & (made.npv > points.npv.take(number))
    kept = (gains & acceptable(pricing, made) & may_be_offered(made)).nonzero()[0]
    return made.at(kept) if kept.size else None


def _is_settled(pricing: Pricing, points: Candidates) -> Flags:
    """Return which points are the largest loan of their own pair at their payment; shape (m,).

    A payment has only a few principals, those within ``1 / factor`` cents. If cash is found in steps that are
    larger, and the point's cash is a step or the least, no other of these principals is found.
    """
    step, asked = pricing.plan.inputs.cash_step_cents, pricing.plan.inputs.structure.discount_cents
    above = points.cash - points.pairs.cash_min.take(points.pair)
    marks: Flags = (above == 0) & (points.discount == asked)
    if step * pricing.plan.factors.min() > 2:
        whole = (points.cash // step * step == points.cash) & (above >= step)
        marks |= whole & (points.discount == asked)
    return marks
