"""The contenders: the acceptable candidates of each car that none of its others beats.

Most candidates are beaten by one with no higher payment and a higher NPV. The best offer and the frontier are
made of the others. Many of the beaten ones are never built (``narrowed``).
"""

import numpy as np

from server.finance.architect.space.candidates import Candidates, build_at, may_be_offered
from server.finance.architect.space.corners import corners_of
from server.finance.architect.space.pairs import Pairs
from server.finance.architect.space.pricing import Pricing
from server.finance.cars import Cars
from server.finance.loans.structures import Structures


def contenders(pricing: Pricing, cars: Cars, structures: Structures) -> Candidates:
    """Return the acceptable candidates of every car, of which none is worth less than one that costs less a
    month; by car, then by ascending payment, then in the order of the sheet.
    """
    pairs = Pairs.feasible(pricing, cars, structures)
    found = build_at(pricing, pairs, corners_of(pricing, pairs))
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
