"""The frontier: the structures of each car that no other beats in both payment and NPV.

It begins with the candidates. At the payment of each of its points every other programme's largest principal
is valued too, because between two of its own corners a programme may be worth more than the point.
"""

from dataclasses import dataclass

import numpy as np

from server.finance.architect.candidates import Candidates, Index, Wanted, build_at, may_be_offered
from server.finance.architect.objective import acceptable, perhaps_undominated, undominated
from server.finance.architect.pricing import Pricing
from server.finance.cars import Cars
from server.finance.payment import largest_principal
from server.finance.rounding import Cents, Floats
from server.finance.structures import Structures

MAX_ROUNDS = 16
"""A better structure may have a slightly lower payment, at which yet another is better; one is usual."""


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """The feasible pairs, by car; shape (n,). Those of a car are ``count`` from ``start`` on, shape (c,).

    At a payment of ``y`` cents no structure of a pair is worth more than ``y * slope + intercept``, nor than
    ``highest``, before the front gross at the structure's own discount; in cents.
    """

    programme: Index
    start: Index
    count: Index
    largest: Cents
    payment: Cents
    lowest: Cents
    slope: Floats
    intercept: Floats
    highest: Floats | None

    @classmethod
    def of(cls, pricing: Pricing, structures: Structures) -> "_Pairs":
        """Return the pairs; a programme is worth what its best band is."""
        car, programme = structures.feasible.nonzero()
        number, count = structures.pairs(car, programme), np.bincount(car, minlength=len(structures.feasible))
        valuation, factors = pricing.valuation, pricing.plan.factors
        slope, intercept = np.maximum(valuation.slope.max(axis=1), 0), valuation.intercept.max(axis=1)
        # A principal may exceed its payment's by a cent, and both payment and NPV are rounded.
        margin = slope * (1 / factors + 1) + 1
        most = valuation.most
        return cls(
            programme=programme,
            start=np.cumsum(count) - count,
            count=count,
            largest=structures.principal.take(number),
            payment=structures.payment.take(number),
            lowest=structures.lowest.take(number),
            slope=(slope / factors).take(programme),
            intercept=(intercept + margin).take(programme),
            highest=None if most is None else (most.max(axis=1) + intercept + 1).take(programme),
        )

    def with_points(self, points: Candidates) -> tuple[Index, Index]:
        """Return each point with each pair of its car, as two numbers."""
        count = self.count.take(points.car)
        number = np.repeat(np.arange(len(points)), count)
        before = self.start.take(points.car) - (np.cumsum(count) - count)
        return number, before.take(number) + np.arange(len(number))


def frontier_of_cars(
    pricing: Pricing, cars: Cars, structures: Structures, found: Candidates, best: Candidates
) -> Candidates:
    """Return the points of every car's frontier, by car, then by ascending payment: of the acceptable
    structures that were ``found``, and the ``best`` of each car, with which its frontier ends.
    """
    points = found.at(undominated(found, perhaps_undominated(found, acceptable(pricing, found))))
    pairs, open_ = _Pairs.of(pricing, structures), points
    for _ in range(MAX_ROUNDS):
        better = _better(pricing, cars, structures, pairs, open_)
        if not len(better):
            break
        before, joined = len(points), points.joined(better)
        kept = undominated(joined, np.ones(len(joined), dtype=np.bool_))
        points, open_ = joined.at(kept), joined.at(kept[kept >= before])
    points = points.joined(best)
    return points.at(undominated(points, np.ones(len(points), dtype=np.bool_)))


def _better(
    pricing: Pricing, cars: Cars, structures: Structures, pairs: _Pairs, points: Candidates
) -> Candidates:
    """Return the structures that are worth more than a point at no more than its payment.

    A programme whose largest loan costs no more than the point has only corners there, and one whose best
    band is worth no more at its payment is not tried.
    """
    number, pair = pairs.with_points(points)
    payment, worth = points.payment.take(number), (points.npv - _highest_front(pricing, points)).take(number)
    promising = pairs.payment.take(pair) > payment
    promising &= payment * pairs.slope.take(pair) + pairs.intercept.take(pair) > worth
    if pairs.highest is not None:
        promising &= pairs.highest.take(pair) > worth
    place = np.flatnonzero(promising)
    number, pair, payment = number.take(place), pair.take(place), payment.take(place)
    programme = pairs.programme.take(pair)
    wanted = largest_principal(payment, pricing.plan.factors.take(programme))
    wanted = np.minimum(wanted, pairs.largest.take(pair))
    tried = np.flatnonzero(wanted >= pairs.lowest.take(pair))
    number = number.take(tried)
    upper_end = np.zeros(len(tried), dtype=np.bool_)
    made = build_at(
        pricing,
        cars,
        structures,
        Wanted(points.car.take(number), programme.take(tried), wanted.take(tried), upper_end),
    )
    gains = (made.payment <= points.payment.take(number)) & (made.npv > points.npv.take(number))
    made = made.at(gains & acceptable(pricing, made))
    return made.at(may_be_offered(structures, made))


def _highest_front(pricing: Pricing, points: Candidates) -> Cents:
    """Return each point's front gross at the structure's own discount."""
    return points.front_gross + points.discount - pricing.plan.inputs.structure.discount_cents
