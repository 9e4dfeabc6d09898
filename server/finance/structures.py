"""The least-cash structure of every car with every programme: the one feasibility test of search and workers
alike.

Shapes: c cars, p programmes. A principal must lie between the programme's smallest loan and the smallest of
its ceilings; cash moves it down from what is owed, at least by the cash that the customer wants to pay.
"""

from dataclasses import dataclass

import numpy as np

from server.finance.cars import Cars
from server.finance.contract import owed_before_cash_cents, selling_price_cents
from server.finance.limits import Limit
from server.finance.payment import payments_cents
from server.finance.plan import Plan
from server.finance.programmes import Whole
from server.finance.rounding import WHOLE, Cents, Flags

_INCURABLE = 1 << 61
"""A shortfall above any amount: cash does not mend it. The limit's number is added, so milder ones come
nearer.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Structures:
    """All structures of shape (c, p), in cents; where not ``feasible``, the amounts mean nothing.

    ``limit`` holds Limit numbers: what binds a feasible structure, or what refuses it. ``shortfall`` is 0
    where feasible, else by how many cents the principal misses, or more than any amount where money does not
    help.
    """

    feasible: Flags
    cash: Cents
    principal: Cents
    payment: Cents
    limit: Whole
    shortfall: Cents

    def any_feasible(self) -> Flags:
        """Return, for each car, whether it can become a deal; shape (c,)."""
        marks: Flags = np.logical_or.reduce(self.feasible, axis=1)
        return marks

    def nearest_limit(self) -> Whole:
        """Return the limit of each car's programme with the least shortfall; shape (c,)."""
        nearest = self.shortfall.argmin(axis=1)[:, None]
        return np.take_along_axis(self.limit, nearest, axis=1)[:, 0]


def build_structures(plan: Plan, cars: Cars) -> Structures:
    """Return the least-cash structure of each car with each programme."""
    price = selling_price_cents(plan.inputs.structure, cars.price_cents)
    owed = owed_before_cash_cents(plan.inputs.structure, price)[:, None]
    ceiling, limit, has_basis = _ceilings(plan, cars)
    needed = owed - ceiling
    cash = np.maximum(needed, plan.cash_min)
    principal = owed - cash
    shortfall = np.maximum(needed - plan.cash_max, 0)
    short_of_floor = np.maximum(plan.floor - principal, 0)
    # Too small for the lender: because the customer owes too little, or because a ceiling lies below the
    # floor.
    limit = np.where(needed > plan.cash_min, limit, Limit.NONE)
    limit = np.where((short_of_floor > 0) & (limit == Limit.NONE), Limit.AMOUNT_MIN, limit)
    shortfall = np.maximum(shortfall, short_of_floor)
    for refusal, refused in _refusals(plan, cars, price, has_basis):
        limit = np.where(refused, refusal, limit)
        shortfall = np.where(refused, _INCURABLE + refusal, shortfall)
    return Structures(
        feasible=shortfall == 0,
        cash=cash,
        principal=principal,
        payment=payments_cents(principal, plan.factors),
        limit=limit,
        shortfall=shortfall,
    )


def _ceilings(plan: Plan, cars: Cars) -> tuple[Cents, Whole, Flags]:
    """Return the largest principal, the limit that sets it, and where the car has the value lent against; (c,
    p).
    """
    programmes = plan.programmes
    basis_of = np.where(cars.is_new[:, None] > 0, programmes.new_basis, programmes.used_basis)
    basis = cars.book_values()[basis_of, np.arange(len(cars))[:, None]]
    total = basis * programmes.ltv_total_max // WHOLE
    front = basis * programmes.ltv_front_max // WHOLE + plan.inputs.structure.products_cents
    ceiling = np.minimum(np.minimum(front, total), plan.ceiling)
    limit = np.where(front <= total, int(Limit.LTV_FRONT), int(Limit.LTV_TOTAL))
    return ceiling, np.where(plan.ceiling <= ceiling, plan.ceiling_limit, limit), basis > 0


def _refusals(plan: Plan, cars: Cars, price: Cents, has_basis: Flags) -> list[tuple[Limit, Flags]]:
    """Return what no amount of cash mends, the gravest last."""
    programmes = plan.programmes
    takes_kind = np.where(cars.is_new[:, None] > 0, programmes.new_cars, programmes.used_cars)
    return [
        (Limit.MILEAGE, cars.mileage[:, None] > programmes.mileage_max),
        (Limit.MODEL_YEAR, cars.year[:, None] < programmes.year_min),
        (Limit.LTV_BASIS, ~has_basis),
        (Limit.NEW_USED, ~takes_kind),
        (Limit.DISCOUNT, (price < plan.inputs.structure.discount_cents)[:, None]),
    ]
