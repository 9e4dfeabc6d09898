"""Which cars each programme takes, whatever the amounts: new or used, its mileage and model year, its book value.

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
    """The different sets of limits; arrays of shape (s,). ``number`` is the set of each programme, shape (p,).

    Fields as ``Programmes``; ``refuses_products``: the lender refuses a product of the deal, or its price.
    """

    number: Index
    new_cars: Flags
    used_cars: Flags
    year_min: Whole
    year_max: Whole
    mileage_min: Whole
    mileage_max: Whole
    new_basis: Whole
    used_basis: Whole
    refuses_products: Flags

    def __len__(self) -> int:
        return len(self.year_min)


def car_limits(programmes: Programmes, refuses_products: Flags | None) -> CarLimits:
    """Return the sets of limits of some programmes; ``refuses_products`` of shape (p,), None if none does."""
    p = programmes
    refuses = np.zeros(len(p), dtype=np.bool_) if refuses_products is None else refuses_products
    columns = {
        "new_cars": p.new_cars,
        "used_cars": p.used_cars,
        "year_min": p.year_min,
        "year_max": p.year_max,
        "mileage_min": p.mileage_min,
        "mileage_max": p.mileage_max,
        "new_basis": p.new_basis,
        "used_basis": p.used_basis,
        "refuses_products": refuses,
    }
    numbers: dict[tuple[int, ...], int] = {}
    sets = zip(*(column.tolist() for column in columns.values()), strict=True)
    number = [numbers.setdefault(each, len(numbers)) for each in sets]
    first = [number.index(each) for each in range(len(numbers))]
    some = {name: column[first] for name, column in columns.items()}
    return CarLimits(number=np.array(number, dtype=np.intp), **some)


def bases_of(limits: CarLimits, cars: Cars) -> Cents:
    """Return the book value that each set lends against on each car; shape (c, s)."""
    basis_of = np.where(cars.is_new[:, None] > 0, limits.new_basis, limits.used_basis)
    return cars.book_values().take(basis_of * len(cars) + np.arange(len(cars))[:, None])


def refusals_of(limits: CarLimits, cars: Cars, bases: Cents, too_cheap: Flags) -> Codes:
    """Return the limit by which each set refuses each car, the most serious of several; shape (c, s).

    ``too_cheap`` are the cars whose price is less than the deal's discount; shape (c,).
    """
    codes = np.zeros(bases.shape, dtype=np.uint8)
    is_new = cars.is_new[:, None] > 0
    takes_kind = np.where(is_new, limits.new_cars, limits.used_cars)
    refusals = [
        (Limit.PRODUCTS, limits.refuses_products[None, :]),
        (Limit.MILEAGE, cars.mileage[:, None] > limits.mileage_max),
        (Limit.MODEL_YEAR, cars.year[:, None] < limits.year_min),
        (Limit.LTV_BASIS, bases <= 0),
        (Limit.NEW_USED, ~takes_kind),
        (Limit.DISCOUNT, too_cheap[:, None]),
    ]
    # Few sheets have lower edges.
    if limits.mileage_min.any():
        refusals.append((Limit.MILEAGE_MIN, cars.mileage[:, None] < limits.mileage_min))
    if (limits.year_max < cars.year.max(initial=0)).any():
        refusals.append((Limit.MODEL_YEAR_MAX, cars.year[:, None] > limits.year_max))
    for limit, refused in refusals:
        np.copyto(codes, int(limit), where=refused)
    return codes
