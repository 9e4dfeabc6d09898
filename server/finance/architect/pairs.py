"""The feasible pairs of a car and a programme of a block, with what each structure of theirs needs.

A block has a few pairs for each car and a dozen structures for each pair. So an amount of a pair is read once
from the arrays of all cars and programmes, which are large, and then from arrays of the pairs, which are
small.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from server.finance.architect.pricing import Pricing, front_gross_cents
from server.finance.cars import Cars
from server.finance.payment import HALF_IS_UP
from server.finance.rounding import WHOLE, Cents, Flags, Floats
from server.finance.rules.cheapest import Covered
from server.finance.structures import Structures
from server.finance.value.valuation import Valuation

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of a car and a programme, of shape (n,), in cents.

    ``highest``, ``lowest``, ``floor``, ``owed``, ``cash_min``, ``cash_max`` and ``covered`` are those of
    ``structures``, and ``payment`` is that of the largest loan. ``touched`` marks pairs of which a cheaper
    row lends something. ``bands`` are the places of their first risk bands in a valuation. ``ltv_edges`` are
    the largest principals of the LTV bands but the last, shape (e, n). ``front`` is the gross before any
    discount. ``ends`` are those of ``ends_of``, shape (6, n). ``raised`` is the payment factor, raised as in
    ``payments_cents``.
    """

    structures: Structures
    car: Index
    programme: Index
    highest: Cents
    lowest: Cents
    floor: Cents
    owed: Cents
    cash_min: Cents
    cash_max: Cents
    payment: Cents
    covered: Covered
    touched: Flags
    bands: Index
    ltv_edges: Cents
    front: Cents
    ends: Floats
    factors: Floats
    raised: Floats

    def __len__(self) -> int:
        return len(self.car)

    @classmethod
    def feasible(cls, pricing: Pricing, cars: Cars, structures: Structures) -> "Pairs":
        """Return the feasible pairs, by car, then in the order of the sheet."""
        return cls._of(pricing, cars, structures, np.flatnonzero(structures.feasible))

    @classmethod
    def of(
        cls, pricing: Pricing, cars: Cars, structures: Structures, car: Index, programme: Index
    ) -> "Pairs":
        """Return some pairs, by the numbers of their cars and programmes."""
        return cls._of(pricing, cars, structures, structures.pairs(car, programme))

    @classmethod
    def _of(cls, pricing: Pricing, cars: Cars, structures: Structures, number: Index) -> "Pairs":
        car, programme = np.divmod(number, structures.feasible.shape[1])
        sales, bands = structures.sales, pricing.valuation.bands
        front = front_gross_cents(pricing.plan.inputs, cars, sales.price, 0)
        factors = pricing.plan.factors.take(programme)

        def taken(values: Cents) -> Cents:
            # An array that repeats a row or a column would be copied whole by ``take``.
            if not values.strides[0]:
                return np.asarray(values[0].take(programme))
            return values.take(number) if values.strides[1] else np.asarray(values[:, 0].take(car))

        def covered(ends: Cents) -> Cents:
            rows = [each.take(number) for each in ends]
            return np.array(rows, dtype=np.int64).reshape(len(rows), len(number))

        highest, floor = taken(structures.principal), taken(structures.floor)
        lent = Covered(covered(structures.covered.low), covered(structures.covered.high))
        touched = (lent.low <= highest) & (lent.high >= floor)
        return cls(
            structures=structures,
            car=car,
            programme=programme,
            highest=highest,
            lowest=taken(structures.lowest),
            floor=floor,
            owed=taken(sales.owed),
            cash_min=taken(structures.cash_min),
            cash_max=sales.headroom.cash_max.take(car),
            payment=taken(structures.payment),
            covered=lent,
            touched=np.logical_or.reduce(touched, axis=0),
            bands=programme * len(bands),
            ltv_edges=taken(structures.basis) * bands.ltv_edges[:-1, None] // WHOLE,
            front=front.take(car),
            ends=ends_of(pricing.valuation).take(programme, axis=1),
            factors=factors,
            raised=factors * HALF_IS_UP,
        )


@lru_cache(maxsize=64)
def ends_of(valuation: Valuation) -> Floats:
    """Return each programme's least slope, intercept and cap of any band, and the greatest ones; shape
    (6, p).
    """
    most = np.full_like(valuation.slope, np.inf) if valuation.most is None else valuation.most
    values = valuation.slope, valuation.intercept, most
    return np.array([each.min(axis=1) for each in values] + [each.max(axis=1) for each in values])


def runs_of(car: Index) -> tuple[Index, Index]:
    """Return where each car begins among numbers in ascending order, and how often it occurs."""
    begins = np.empty(len(car) + 1, dtype=np.bool_)
    begins[:1] = begins[-1:] = True
    np.not_equal(car[1:], car[:-1], out=begins[1:-1])
    edges = begins.nonzero()[0]
    return edges[:-1], edges[1:] - edges[:-1]
