"""Which row of each family applies to a car; shapes: c cars, r rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.finance.cars import Cars
from server.finance.leasing.names import CarNames, is_for
from server.finance.leasing.plan import LeasePlan
from server.finance.rounding import Flags
from server.finance.rules.limits import Limit

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Applying:
    """The rows that apply, as pairs by car and then in the order of the rows, and for each car without one
    the limit that comes nearest; NONE for the others, shape (c,).
    """

    car: Index
    row: Index
    refusal: NDArray[np.int64]


def rows_that_apply(plan: LeasePlan, cars: Cars, names: CarNames) -> Applying:
    """Return for each car the first row of each family that takes it: the rows' order is from the most exact
    one to the least, then from the latest model year, then from the fewest miles.
    """
    refused = _refusals(plan, cars, names)
    takes = refused == Limit.NONE
    first = np.flatnonzero(np.diff(plan.rows.family, prepend=-1))
    last = np.append(first, len(plan.rows))[1:]
    applies = np.zeros_like(takes)
    each = np.arange(len(cars))
    for start, end in zip(first.tolist(), last.tolist(), strict=True):
        place = takes[:, start:end].argmax(axis=1) + start
        applies[each, place] = takes[each, place]
    car, row = applies.nonzero()
    # Limits are numbered from the easiest to the hardest.
    nearest = refused.min(axis=1, initial=int(Limit.LEASE_MILES)) if len(plan.rows) else int(plan.empty)
    return Applying(car, row, np.where(applies.any(axis=1), int(Limit.NONE), nearest))


def _refusals(plan: LeasePlan, cars: Cars, names: CarNames) -> NDArray[np.int64]:
    """Return the limit that refuses each car to each row, the most serious one, or NONE; shape (c, r)."""
    rows, s = plan.rows, plan.inputs.structure
    takes_kind = np.where(cars.is_new[:, None] > 0, rows.new_cars, rows.used_cars)
    price = cars.price_cents if s.price_cents is None else np.minimum(cars.price_cents, s.price_cents)
    refused = np.full(takes_kind.shape, int(Limit.NONE), dtype=np.int64)
    for limit, refuses in (
        (Limit.MILEAGE, cars.mileage[:, None] > rows.mileage_max),
        (Limit.MODEL_YEAR, cars.year[:, None] < rows.year_min),
        (Limit.LEASE_MSRP, (cars.msrp_cents <= 0)[:, None]),
        (Limit.NEW_USED, ~takes_kind),
        (Limit.LEASE_CAR, ~_named(plan, names)),
        (Limit.DISCOUNT, (price < s.discount_cents)[:, None]),
    ):
        refused = np.where(refuses, int(limit), refused)
    return refused


def _named(plan: LeasePlan, names: CarNames) -> Flags:
    rows = plan.rows.row.tolist()
    # The last line is of cars without a name, whose number is -1.
    table = [[is_for(row, name) for row in rows] for name in (*names.names, None)]
    named: Flags = np.array(table, dtype=np.bool_).reshape(len(table), len(rows))[names.of_car]
    return named
