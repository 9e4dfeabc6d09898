"""The frontier: the structures of each car that no other beats in both payment and NPV.

It begins with the candidates. At the payment of each of its points every other programme's largest principal
is valued too, because between two of its own corners a programme may be worth more than the point.
"""

import numpy as np

from server.finance.architect.candidates import Candidates, Wanted, build_at, may_be_offered
from server.finance.architect.objective import acceptable, undominated
from server.finance.architect.pricing import Pricing
from server.finance.cars import Cars
from server.finance.payment import largest_principal
from server.finance.rounding import Cents
from server.finance.structures import Structures

MAX_ROUNDS = 16
"""A better structure may have a slightly lower payment, at which yet another is better; one is usual."""


def frontier_of_cars(
    pricing: Pricing, cars: Cars, structures: Structures, found: Candidates, best: Candidates
) -> Candidates:
    """Return the points of every car's frontier, by car, then by ascending payment: of the acceptable
    structures that were ``found``, and the ``best`` of each car, with which its frontier ends.
    """
    points = found.at(undominated(found, acceptable(pricing, found)))
    open_ = points
    for _ in range(MAX_ROUNDS):
        better = _better(pricing, cars, structures, open_)
        if not len(better):
            break
        before, joined = len(points), points.joined(better)
        kept = undominated(joined, np.ones(len(joined), dtype=np.bool_))
        points, open_ = joined.at(kept), joined.at(kept[kept >= before])
    points = points.joined(best)
    return points.at(undominated(points, np.ones(len(points), dtype=np.bool_)))


def _better(pricing: Pricing, cars: Cars, structures: Structures, points: Candidates) -> Candidates:
    """Return the structures that are worth more than a point at no more than its payment.

    A programme whose largest loan costs no more than the point has only corners there.
    """
    costs_more = structures.payment[points.car] > points.payment[:, None]
    number, programme = (structures.feasible[points.car] & costs_more).nonzero()
    car = points.car[number]
    wanted = largest_principal(points.payment[number], pricing.plan.factors[programme])
    wanted = np.minimum(wanted, structures.principal[car, programme])
    # No band of the programme makes a loan of this size worth more.
    valuation = pricing.valuation
    most = wanted * np.maximum(valuation.slope.max(axis=1), 0)[programme]
    most += valuation.intercept.max(axis=1)[programme] + _highest_front(pricing, points)[number]
    tried = (wanted >= structures.lowest[car, programme]) & (most + 1 > points.npv[number])
    number, car, programme, wanted = number[tried], car[tried], programme[tried], wanted[tried]
    made = build_at(
        pricing, cars, structures, Wanted(car, programme, wanted, np.zeros(len(car), dtype=np.bool_))
    )
    gains = (made.payment <= points.payment[number]) & (made.npv > points.npv[number])
    return made.at(gains & acceptable(pricing, made) & may_be_offered(pricing, structures, made))


def _highest_front(pricing: Pricing, points: Candidates) -> Cents:
    """Return each point's front gross at the structure's own discount."""
    return points.front_gross + points.discount - pricing.plan.inputs.structure.discount_cents
