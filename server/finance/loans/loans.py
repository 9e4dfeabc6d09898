"""The largest loan of each pair of a car and a programme that takes the car: the amounts of ``structures``.

Most programmes of a sheet do not take a car, whatever the amounts, so the amounts are computed for a list of
pairs and not for every car with every programme. Shapes: c cars, p programmes, n pairs, by car and then in
the order of the sheet, k cheaper rows of one row.
"""

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.finance.cars import Cars
from server.finance.loans.reaching import Headroom, Within
from server.finance.loans.taking import Codes, refusals_of
from server.finance.payment import payments_cents
from server.finance.plan import Plan
from server.finance.rounding import Cents, Flags, Floats
from server.finance.rules.cheapest import Covered
from server.finance.rules.programmes import Whole

Index = NDArray[np.intp]

TOO_SMALL = 1 << 60
"""A shortfall above any amount: more cash does not fix it. The gap to the smallest loan is added."""

INCURABLE = 1 << 61
"""No amount fixes it. The limit's number is added, so that easier limits rank nearer."""


@dataclass(frozen=True, slots=True, eq=False)
class Sale:
    """The sale of each car, in cents: ``price`` before discount, of shape (c,); and of shape (c, 1 + lists)
    the whole rebate and that without each list of excluded ones, and what is owed before cash with each of
    them, at the structure's own discount and at the largest one.
    """

    price: Cents
    rebates: Cents
    headroom: Headroom
    owed: Cents
    owed_least: Cents


class Nearest(NamedTuple):
    """What is in the way of each car, by its programme with the least shortfall; shape (c,). ``more_cash`` is
    the additional cash that makes it feasible, -1 if none does.
    """

    limit: Whole
    more_cash: Cents


@dataclass(frozen=True, slots=True, eq=False)
class Loans:
    """The pairs and their largest loans, of shape (n,), in cents: fields as ``structures.Structures``.

    ``number`` is a pair's number in a table of shape (c, p), ``factor`` its payment per unit of principal.
    Principals below
    ``least_tried`` or above ``most_tried`` need not be tried: others are better.
    """

    plan: Plan
    cars: Cars
    sale: Sale
    car: Index
    programme: Index
    number: Index
    factor: Floats
    feasible: Flags
    rebate: Cents
    owed: Cents
    owed_least: Cents
    cash: Cents
    discount: Cents
    principal: Cents
    lowest: Cents
    least_tried: Cents
    most_tried: Cents
    ceiling: Cents
    floor: Cents
    cash_min: Cents
    covered: Covered
    basis: Cents
    limit: Whole
    shortfall: Cents

    def __len__(self) -> int:
        return len(self.car)

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of a table: cars and programmes."""
        return len(self.cars), len(self.plan.programmes)

    @property
    def payment(self) -> Cents:
        """The payments of the largest loans."""
        return payments_cents(self.principal, self.factor)

    def at(self, place: Index) -> "Loans":
        """Return some of the pairs, by place."""
        some = {name: getattr(self, name).take(place) for name in _OF_PAIRS}
        return replace(self, covered=self.covered.at(place), **some)

    def within(self) -> Within:
        """Return what limits the principals."""

        def sale_at(place: Index) -> tuple[Cents, Cents]:
            return self.sale.price.take(self.car.take(place)), self.rebate.take(place)

        return Within(self.owed, self.cash_min, self.sale.headroom.cash_max.take(self.car), sale_at)

    def refused_by(self) -> Codes:
        """Return the limit by which each programme refuses each car, 0 if it takes it; shape (c, p)."""
        return self._refused_by(np.arange(len(self.cars)))

    def _refused_by(self, cars: Index) -> Codes:
        limits, too_cheap = self.plan.car_limits, self.sale.price < self.plan.inputs.structure.discount_cents
        return refusals_of(limits, self.cars.at(cars), too_cheap.take(cars)).take(limits.number, axis=1)

    def any_feasible(self) -> Flags:
        """Return, for each car, whether it can become a deal; shape (c,)."""
        marks = np.zeros(len(self.cars), dtype=np.bool_)
        marks[self.car.compress(self.feasible)] = True
        return marks

    def payment_ends(self) -> tuple[Cents, Cents]:
        """Return the lowest and the highest payment of each car, in cents; 0 if it is not feasible."""
        place = np.flatnonzero(self.feasible)
        car, factor = self.car.take(place), self.factor.take(place)
        starts = np.flatnonzero(np.diff(car, prepend=-1))
        lowest, highest = np.zeros((2, len(self.cars)), dtype=np.int64)
        if starts.size:
            at = car.take(starts)
            lowest[at] = np.minimum.reduceat(payments_cents(self.lowest.take(place), factor), starts)
            highest[at] = np.maximum.reduceat(payments_cents(self.principal.take(place), factor), starts)
        return lowest, highest

    def nearest(self) -> Nearest:
        """Return what is in the way of each car; for one that is feasible, what binds its first programme.

        Only cars without a feasible programme are compared with every one.
        """
        limit, more_cash = np.zeros((2, len(self.cars)), dtype=np.int64)
        first = np.flatnonzero(self.feasible)[::-1]
        # Of equal numbers the last one is kept: the first programme.
        limit[self.car.take(first)] = self.limit.take(first)
        out = ~self.any_feasible()
        rest = np.flatnonzero(out)
        if rest.size:
            limits = self._refused_by(rest).astype(np.int64)
            shortfall, place = INCURABLE + limits, np.flatnonzero(out.take(self.car))
            row = (np.cumsum(out) - 1).take(self.car.take(place))
            number = row * limits.shape[1] + self.programme.take(place)
            limits.put(number, self.limit.take(place))
            shortfall.put(number, self.shortfall.take(place))
            nearest = shortfall.argmin(axis=1) + np.arange(len(rest)) * limits.shape[1]
            least = shortfall.take(nearest)
            limit[rest], more_cash[rest] = limits.take(nearest), np.where(least < TOO_SMALL, least, -1)
        return Nearest(limit, more_cash)


_OF_PAIRS = tuple(each.name for each in fields(Loans) if each.name not in {"plan", "cars", "sale", "covered"})
