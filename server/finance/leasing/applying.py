"""Which row of each family applies to a car; shapes: c cars, r rows, g groups of rows, n pairs."""

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from server.finance.cars import Cars
from server.finance.contract import selling_price_cents
from server.finance.leasing.names import CarNames
from server.finance.leasing.plan import LeasePlan
from server.finance.leasing.row_groups import RowGroups
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

    Only the groups of rows for a car's name are tried. All other rows refuse it with LEASE_CAR: no limit that
    a tried group may have is as hard, so they change no car's nearest limit.
    """
    count, asked = len(cars), plan.inputs.structure.discount_cents
    none = np.empty(0, dtype=np.intp)
    if not len(plan.rows):
        return Applying(none, none, np.full(count, int(plan.empty)))
    nearest = np.full(count, int(Limit.LEASE_CAR))
    car, group = _pairs(plan.groups, names)
    refused = _refusals(plan.groups, cars, car, group)
    # Limits are numbered from the easiest to the hardest, and NONE comes first.
    np.minimum.at(nearest, car, refused)
    takes = refused == Limit.NONE
    if asked:
        # It lies in the way of every row.
        too_cheap = selling_price_cents(plan.inputs.structure, cars.price_cents) < asked
        nearest[too_cheap] = int(Limit.DISCOUNT)
        takes &= ~too_cheap.take(car)
    if not takes.any():
        return Applying(none, none, nearest)
    return Applying(*_first_rows(plan, car[takes], group[takes]), nearest)


def _pairs(groups: RowGroups, names: CarNames) -> tuple[Index, Index]:
    """Return the pairs of a car and a group for its name, by car."""
    # The last line is of cars without a name, whose number is -1.
    lines = [groups.naming(name) for name in (*names.names, None)]
    count = np.array([len(line) for line in lines], dtype=np.intp)
    flat = np.fromiter(chain.from_iterable(lines), dtype=np.intp, count=int(count.sum()))
    car, at = _ranges((count.cumsum() - count).take(names.of_car), count.take(names.of_car))
    return car, flat.take(at)


def _refusals(groups: RowGroups, cars: Cars, car: Index, group: Index) -> NDArray[np.int64]:
    """Return the limit that refuses the car of each pair to the group, the most serious one, or NONE."""
    is_new = cars.is_new.take(car) > 0
    takes_kind = np.where(is_new, groups.new_cars.take(group), groups.used_cars.take(group))
    refused = np.full(car.shape, int(Limit.NONE))
    for limit, refuses in (
        (Limit.MILEAGE, cars.mileage.take(car) > groups.mileage_max.take(group)),
        (Limit.MODEL_YEAR, cars.year.take(car) < groups.year_min.take(group)),
        (Limit.LEASE_MSRP, cars.msrp_cents.take(car) <= 0),
        (Limit.NEW_USED, ~takes_kind),
    ):
        refused[refuses] = int(limit)
    return refused


def _first_rows(plan: LeasePlan, car: Index, group: Index) -> tuple[Index, Index]:
    """Return cars and rows of the first row of each family, of groups that take the car."""
    groups, rows = plan.groups, plan.rows
    pair, at = _ranges(groups.start.take(group), groups.count.take(group))
    # One key for car and row: the rows of a family are together, the one that applies before others first.
    key = np.sort(car.take(pair) * len(rows) + groups.rows.take(at))
    car = key // len(rows)
    row = key - car * len(rows)
    first = np.flatnonzero(np.diff(car * len(rows) + rows.family.take(row), prepend=-1))
    return car.take(first), row.take(first)


def _ranges(start: Index, count: Index) -> tuple[Index, Index]:
    """Return, for ranges of ``count`` numbers from ``start`` on, each number's range and the number."""
    ends = count.cumsum()
    of = np.repeat(np.arange(len(count)), count)
    return of, np.arange(of.size) + np.repeat(start - (ends - count), count)
