"""The structures that each car and programme allow: one feasibility test for searches and workers.

Shapes: c cars, p programmes. A principal must lie between the programme's smallest loan and the smallest of
its ceilings. It is the amount owed at some discount, less the cash. Cash comes first, from the customer's
wish up to the most available. Then comes the smallest sufficient discount, up to the seller's authority.

The amounts are those of ``loans``, laid out as tables. Each table is made when it is first read.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from server.finance.cars import Cars
from server.finance.loans.lending import loans_of
from server.finance.loans.loans import INCURABLE, TOO_SMALL, Loans
from server.finance.loans.reaching import Headroom, headroom_of
from server.finance.plan import Plan
from server.finance.rounding import Cents, Flags
from server.finance.rules.cheapest import Covered
from server.finance.rules.programmes import Whole

__all__ = ["Headroom", "Sales", "Structures", "build_structures", "headroom_of", "structures_of"]

Index = NDArray[np.intp]


class _Table:
    """The amounts of the loans as a table of shape (c, p), 0 where there is no loan."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, some: "Sales | Structures", owner: type) -> Cents:
        loans = some.loans
        table = np.zeros(loans.shape, dtype=np.int64)
        table.put(loans.number, getattr(loans, self._name))
        # From now on, the instance's own attribute is read.
        vars(some)[self._name] = table
        return table


@dataclass(frozen=True, eq=False)
class Sales:
    """The sale of each car, in cents. ``price`` and ``whole_rebate`` have shape (c,), the rest (c, p).

    ``price`` is before discount. ``owed`` is owed before cash at the structure's own discount, ``owed_least``
    at the largest one. ``rebate`` is the manufacturer's: a programme may exclude a part of ``whole_rebate``.
    """

    loans: Loans
    price: Cents
    whole_rebate: Cents
    headroom: Headroom

    rebate = _Table()
    owed = _Table()
    owed_least = _Table()


@dataclass(frozen=True, eq=False)
class Structures:
    """The largest loan of every car and programme, of shape (c, p), in cents; where not ``feasible``, the
    amounts mean nothing.

    ``lowest`` is the smallest principal within reach; it and ``principal`` leave out what a cheaper row of
    the lender lends, at either end. ``basis`` is the value lent against, ``ceiling`` the largest principal
    that the programme allows, ``floor`` the smallest; ``cash_min`` is the least cash, by customer and lender.
    ``covered`` is what cheaper rows of the lender lend. ``limit`` holds Limit numbers: what binds a feasible
    structure, or what refuses it. ``shortfall`` is 0 if feasible, else the cash beyond the customer's maximum
    that makes it so, or more than any amount if cash does not help. Principals below ``least_tried`` or above
    ``most_tried`` need not be tried.
    """

    loans: Loans
    feasible: Flags

    cash = _Table()
    discount = _Table()
    principal = _Table()
    payment = _Table()
    lowest = _Table()
    least_tried = _Table()
    most_tried = _Table()
    ceiling = _Table()
    floor = _Table()
    cash_min = _Table()
    basis = _Table()

    @cached_property
    def sales(self) -> Sales:
        """The sale of each car."""
        sale = self.loans.sale
        return Sales(self.loans, sale.price, sale.rebates[:, 0], sale.headroom)

    @cached_property
    def covered(self) -> Covered:
        """What cheaper rows of the lender lend, of shape (k, c, p)."""
        return self.loans.covered.table(self.loans.number, self.loans.shape)

    @cached_property
    def limit(self) -> Whole:
        """What binds or refuses each structure."""
        table = self.loans.refused_by().astype(np.int64)
        table.put(self.loans.number, self.loans.limit)
        return table

    @cached_property
    def shortfall(self) -> Cents:
        """How far each structure is from a feasible one."""
        table = INCURABLE + self.loans.refused_by().astype(np.int64)
        table.put(self.loans.number, self.loans.shortfall)
        return table

    def pairs(self, car: Index, programme: Index) -> Index:
        """Return the numbers of pairs in an array of shape (c, p), for ``take``; the arguments broadcast."""
        return np.asarray(car * self.feasible.shape[1] + programme)

    def any_feasible(self) -> Flags:
        """Return, for each car, whether it can become a deal; shape (c,)."""
        marks: Flags = np.logical_or.reduce(self.feasible, axis=1)
        return marks

    def curable(self) -> Flags:
        """Return where enough cash makes a structure feasible; shape (c, p)."""
        return self.shortfall < TOO_SMALL

    def nearest_limit(self) -> Whole:
        """Return the limit of each car's programme with the least shortfall; shape (c,)."""
        return self.loans.nearest().limit

    def more_cash(self) -> Cents:
        """Return the additional cash that makes each car feasible, -1 if none does; shape (c,)."""
        return self.loans.nearest().more_cash


def build_structures(plan: Plan, cars: Cars, headroom: Headroom | None = None) -> Structures:
    """Return the largest loan of each car with each programme, within the deal's headroom or another one."""
    return structures_of(loans_of(plan, cars, headroom or headroom_of(plan, cars)))


def structures_of(loans: Loans) -> Structures:
    """Return loans as tables."""
    feasible = np.zeros(loans.shape, dtype=np.bool_)
    feasible.put(loans.number, loans.feasible)
    return Structures(loans, feasible)
