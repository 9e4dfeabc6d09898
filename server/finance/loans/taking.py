"""Which cars each programme takes, whatever the amounts: new or used, its mileage and model year, its book
value.

A lender's terms often share these limits, so each car is compared once with each different set of them.
Shapes: c cars, p programmes, s sets of limits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.finance.cars import Cars
from server.finance.rounding import Cents, Flags
from server.finance.rules.limits import Limit
from server.finance.rules.programmes import Programmes, Whole

Index = NDArray[np.intp]
Codes = NDArray[np.uint8]
"""Numbers of limits; 0 is none."""


@dataclass(frozen=True, slots=True, eq=False)
class CarLimits:
    """The different sets of limits; arrays of shape (s,), or (2, s) for used and new cars.

    ``number`` is the set of each programme, shape (p,). ``basis`` is the book value that is lent against, as
    its place in ``Cars.book_values``. The other fields are as those of ``Programmes``; ``refuses_products``:
    the lender refuses a product of the deal, or its price.
    """

    number: Index
    takes_kind: Flags
    basis: Whole
    year_min: Whole
    year_max: Whole
    mileage_min: Whole
    mileage_max: Whole
    refuses_products: Flags

    def __len__(self) -> int:
        return len(self.year_min)


def car_limits(programmes: Programmes, refuses_products: Flags | None) -> CarLimits:
    """Return the sets of limits of some programmes; ``refuses_products`` of shape (p,), None if none does."""
    p = programmes
    refuses = np.zeros(len(p), dtype=np.bool_) if refuses_products is None else refuses_products
    kinds, basis = np.stack([p.used_cars, p.new_cars]), np.stack([p.used_basis, p.new_basis])
    edges = p.year_min, p.year_max, p.mileage_min, p.mileage_max
    numbers: dict[tuple[int, ...], int] = {}
    sets = zip(*(each.tolist() for each in (*kinds, *basis, *edges, refuses)), strict=True)
    number = [numbers.setdefault(each, len(numbers)) for each in sets]
    first = np.array([number.index(each) for each in range(len(numbers))], dtype=np.intp)
    return CarLimits(
        number=np.array(number, dtype=np.intp),
        takes_kind=kinds.take(first, axis=1),
        basis=basis.take(first, axis=1),
        year_min=p.year_min.take(first),
        year_max=p.year_max.take(first),
        mileage_min=p.mileage_min.take(first),
        mileage_max=p.mileage_max.take(first),
        refuses_products=refuses.take(first),
    )


def bases_of(limits: CarLimits, cars: Cars) -> Cents:
    """Return the book value that each set lends against on each car; shape (c, s)."""
    basis = limits.basis.take(_kinds(cars), axis=0)
    return cars.book_values().take(basis * len(cars) + np.arange(len(cars))[:, None])


def taken(limits: CarLimits, cars: Cars, bases: Cents) -> Flags:
    """Return which cars each set takes, if the price is not in the way; shape (c, s)."""
    mileage, year = cars.mileage[:, None], cars.year[:, None]
    takes: Flags = limits.takes_kind.take(_kinds(cars), axis=0)
    takes &= mileage <= limits.mileage_max
    takes &= year >= limits.year_min
    takes &= bases > 0
    # Few sheets have lower edges, and few deals have products that a lender refuses.
    if limits.mileage_min.any():
        takes &= mileage >= limits.mileage_min
    if (limits.year_max < cars.year.max(initial=0)).any():
        takes &= year <= limits.year_max
    if limits.refuses_products.any():
        takes &= ~limits.refuses_products
    return takes


def refusals_of(limits: CarLimits, cars: Cars, too_cheap: Flags) -> Codes:
    """Return the limit by which each set refuses each car, the most serious of several; shape (c, s).

    ``too_cheap`` are the cars whose price is less than the deal's discount; shape (c,).
    """
    mileage, year, bases = cars.mileage[:, None], cars.year[:, None], bases_of(limits, cars)
    codes = np.zeros(bases.shape, dtype=np.uint8)
    for limit, refused in (
        (Limit.PRODUCTS, limits.refuses_products),
        (Limit.MILEAGE, mileage > limits.mileage_max),
        (Limit.MODEL_YEAR, year < limits.year_min),
        (Limit.LTV_BASIS, bases <= 0),
        (Limit.NEW_USED, ~limits.takes_kind.take(_kinds(cars), axis=0)),
        (Limit.DISCOUNT, too_cheap[:, None]),
        (Limit.MILEAGE_MIN, mileage < limits.mileage_min),
        (Limit.MODEL_YEAR_MAX, year > limits.year_max),
    ):
        np.copyto(codes, int(limit), where=refused)
    return codes


def _kinds(cars: Cars) -> Index:
    """Return 1 for new cars and 0 for used ones."""
    return (cars.is_new > 0).astype(np.intp)
