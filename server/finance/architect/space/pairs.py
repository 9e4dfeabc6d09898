"""The feasible pairs of a car and a programme of a block, with what each structure of theirs needs.

A block has a few pairs for each car and several structures for each pair. So an amount of a pair is computed
once, and is then read for each of its structures.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from server.finance.architect.space.pricing import Pricing, front_gross_cents
from server.finance.cars import Cars
from server.finance.loans.loans import Loans
from server.finance.loans.reaching import Within
from server.finance.loans.structures import Structures
from server.finance.payment import HALF_IS_UP
from server.finance.rounding import WHOLE, Cents, Flags, Floats
from server.finance.rules.cheapest import Covered
from server.finance.value.valuation import Valuation

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of a car and a programme, of shape (n,), in cents.

    ``highest`` is the largest loan and ``payment`` its payment; ``lowest``, ``least_tried``, ``most_tried``,
    ``floor``, ``owed``, ``rebate``, ``cash_min``, ``cash_max`` and ``covered`` are those of ``structures``.
    ``touched`` marks pairs of which a cheaper row lends something. ``bands`` are the places of their first
    risk bands in a valuation. ``ltv_edges`` are the largest principals of the LTV bands but the last, shape
    (e, n). ``front`` is the gross before any discount. ``greatest`` are those of ``greatest_of``, shape
    (3, n). ``raised`` is the payment factor, raised as in ``payments_cents``.
    """

    structures: Structures
    car: Index
    programme: Index
    highest: Cents
    lowest: Cents
    least_tried: Cents
    most_tried: Cents
    floor: Cents
    owed: Cents
    rebate: Cents
    cash_min: Cents
    cash_max: Cents
    payment: Cents
    covered: Covered
    touched: Flags
    bands: Index
    ltv_edges: Cents
    front: Cents
    greatest: Floats
    factors: Floats
    raised: Floats

    def __len__(self) -> int:
        return len(self.car)

    @classmethod
    def feasible(cls, pricing: Pricing, cars: Cars, structures: Structures) -> "Pairs":
        """Return the feasible pairs, by car, then in the order of the sheet."""
        loans = structures.loans
        feasible = loans if loans.feasible.all() else loans.at(loans.feasible.nonzero()[0])
        return cls._of(pricing, cars, structures, feasible)

    @classmethod
    def of(
        cls, pricing: Pricing, cars: Cars, structures: Structures, car: Index, programme: Index
    ) -> "Pairs":
        """Return some pairs whose programme takes the car, by the numbers of their cars and programmes."""
        place = structures.loans.number.searchsorted(structures.pairs(car, programme))
        return cls._of(pricing, cars, structures, structures.loans.at(place))

    @classmethod
    def _of(cls, pricing: Pricing, cars: Cars, structures: Structures, loans: Loans) -> "Pairs":
        bands, car, programme, sale = pricing.valuation.bands, loans.car, loans.programme, loans.sale
        front = front_gross_cents(pricing.plan.inputs, cars, sale.price, 0)
        touched = (loans.covered.low <= loans.principal) & (loans.covered.high >= loans.floor)
        return cls(
            structures=structures,
            car=car,
            programme=programme,
            highest=loans.principal,
            lowest=loans.lowest,
            least_tried=loans.least_tried,
            most_tried=loans.most_tried,
            floor=loans.floor,
            owed=loans.owed,
            rebate=loans.rebate,
            cash_min=loans.cash_min,
            cash_max=sale.headroom.cash_max.take(car),
            payment=loans.payment,
            covered=loans.covered,
            touched=np.logical_or.reduce(touched, axis=0),
            bands=programme * len(bands),
            ltv_edges=loans.basis * bands.ltv_edges[:-1, None] // WHOLE,
            front=front.take(car),
            greatest=greatest_of(pricing.valuation).take(programme, axis=1),
            factors=loans.factor,
            raised=loans.factor * HALF_IS_UP,
        )

    def within(self, pair: Index) -> Within:
        """Return what limits the principals of some pairs, by number."""

        def sale_at(place: Index) -> tuple[Cents, Cents]:
            some = pair.take(place)
            return self.structures.loans.sale.price.take(self.car.take(some)), self.rebate.take(some)

        return Within(self.owed.take(pair), self.cash_min.take(pair), self.cash_max.take(pair), sale_at)


@lru_cache(maxsize=64)
def greatest_of(valuation: Valuation) -> Floats:
    """Return each programme's greatest slope, intercept and cap of any band; shape (3, p)."""
    most = np.full_like(valuation.slope, np.inf) if valuation.most is None else valuation.most
    return np.array([each.max(axis=1) for each in (valuation.slope, valuation.intercept, most)])


def runs_of(car: Index) -> tuple[Index, Index]:
    """Return where each car begins among numbers in ascending order, and how often it occurs."""
    begins = np.empty(len(car) + 1, dtype=np.bool_)
    begins[:1] = begins[-1:] = True
    np.not_equal(car[1:], car[:-1], out=begins[1:-1])
    edges = begins.nonzero()[0]
    return edges[:-1], edges[1:] - edges[:-1]
