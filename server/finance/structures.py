"""The structures that each car and programme allow: one feasibility test for searches and workers.

Shapes: c cars, p programmes. A principal must lie between the programme's smallest loan and the smallest of
its ceilings. It is the amount owed at some discount, less the cash. Cash comes first, from the customer's
wish up to the most available. Then comes the smallest sufficient discount, up to the seller's authority.
"""

from dataclasses import dataclass

import numpy as np

from server.finance.cars import Cars
from server.finance.contract import (
    discount_limit_cents,
    least_discount_cents,
    owed_before_cash_cents,
    selling_price_cents,
)
from server.finance.limits import Limit
from server.finance.payment import payments_cents
from server.finance.plan import Plan
from server.finance.programmes import Whole
from server.finance.rounding import WHOLE, Cents, Flags

_TOO_SMALL = 1 << 60
"""A shortfall above any amount: more cash does not fix it. The gap to the smallest loan is added."""

_INCURABLE = 1 << 61
"""No amount fixes it. The limit's number is added, so that easier limits rank nearer."""


@dataclass(frozen=True, slots=True, eq=False)
class Headroom:
    """How far cash and discount may go for each car, in cents; shape (c,)."""

    cash_min: Cents
    cash_max: Cents
    discount_max: Cents


@dataclass(frozen=True, slots=True, eq=False)
class Sales:
    """The sale of each car, in cents; shape (c,).

    ``price`` is before discount. ``owed`` is owed before cash at the structure's discount, ``owed_least`` at
    the largest one.
    """

    price: Cents
    rebate: Cents
    headroom: Headroom
    owed: Cents
    owed_least: Cents


@dataclass(frozen=True, slots=True, eq=False)
class Structures:
    """The largest loan of every car and programme, of shape (c, p), in cents; where not ``feasible``, the
    amounts mean nothing.

    ``lowest`` is the smallest principal within reach. ``basis`` is the value lent against, ``ceiling`` the
    largest principal that the programme allows. ``limit`` holds Limit numbers: what binds a feasible
    structure, or what refuses it. ``shortfall`` is 0 if feasible, else the cash beyond the customer's maximum
    that makes it so, or more than any amount if cash does not help.
    """

    sales: Sales
    feasible: Flags
    cash: Cents
    discount: Cents
    principal: Cents
    payment: Cents
    lowest: Cents
    ceiling: Cents
    basis: Cents
    limit: Whole
    shortfall: Cents

    def any_feasible(self) -> Flags:
        """Return, for each car, whether it can become a deal; shape (c,)."""
        marks: Flags = np.logical_or.reduce(self.feasible, axis=1)
        return marks

    def curable(self) -> Flags:
        """Return where enough cash makes a structure feasible; shape (c, p)."""
        return self.shortfall < _TOO_SMALL

    def nearest_limit(self) -> Whole:
        """Return the limit of each car's programme with the least shortfall; shape (c,)."""
        nearest = self.shortfall.argmin(axis=1)[:, None]
        return np.take_along_axis(self.limit, nearest, axis=1)[:, 0]

    def more_cash(self) -> Cents:
        """Return the additional cash that makes each car feasible, -1 if none does; shape (c,)."""
        least = self.shortfall.min(axis=1)
        return np.where(least < _TOO_SMALL, least, -1)


def headroom_of(plan: Plan, cars: Cars) -> Headroom:
    """Return the headroom that customer and seller leave for each car."""

    def each(cents: int) -> Cents:
        return np.full(len(cars), cents, dtype=np.int64)

    most = discount_limit_cents(plan.inputs, cars.price_cents)
    return Headroom(each(plan.cash_min), each(plan.cash_max), most)


def build_structures(plan: Plan, cars: Cars, headroom: Headroom | None = None) -> Structures:
    """Return the largest loan of each car with each programme, within the deal's headroom or another one."""
    sales = _sales(plan, cars, headroom or headroom_of(plan, cars))
    cash_min, cash_max = sales.headroom.cash_min[:, None], sales.headroom.cash_max[:, None]
    ceiling, limit, basis = _ceilings(plan, cars)
    owed, discount, shortfall = _discounted(plan, sales, ceiling)
    cash = np.maximum(owed - ceiling, cash_min)
    principal = owed - cash
    # Too small for the lender: the customer owes too little, or a ceiling is below the floor.
    limit = np.where(sales.owed[:, None] - ceiling > cash_min, limit, int(Limit.NONE))
    lacking = plan.floor - np.where(shortfall > 0, ceiling, principal)
    limit = np.where((lacking > 0) & (limit == Limit.NONE), int(Limit.AMOUNT_MIN), limit)
    shortfall = np.where(lacking > 0, _TOO_SMALL + lacking, shortfall)
    for refusal, refused in _refusals(plan, cars, sales.price, basis > 0):
        limit = np.where(refused, int(refusal), limit)
        shortfall = np.where(refused, _INCURABLE + refusal, shortfall)
    return Structures(
        sales=sales,
        feasible=shortfall == 0,
        cash=cash,
        discount=discount,
        principal=principal,
        payment=payments_cents(principal, plan.factors),
        lowest=np.maximum(plan.floor, sales.owed_least[:, None] - cash_max),
        ceiling=ceiling,
        basis=basis,
        limit=limit,
        shortfall=shortfall,
    )


def _sales(plan: Plan, cars: Cars, headroom: Headroom) -> Sales:
    inputs = plan.inputs
    asked = inputs.structure.discount_cents
    price = selling_price_cents(inputs.structure, cars.price_cents)
    largest = np.maximum(np.minimum(headroom.discount_max, price), asked)
    owed = owed_before_cash_cents(inputs, price, asked, cars.rebate_cents)
    least = owed
    if (largest > asked).any():
        least = owed_before_cash_cents(inputs, price, largest, cars.rebate_cents)
    return Sales(
        price, cars.rebate_cents, Headroom(headroom.cash_min, headroom.cash_max, largest), owed, least
    )


def _discounted(plan: Plan, sales: Sales, ceiling: Cents) -> tuple[Cents, Cents, Cents]:
    """Return what is owed at the discount that brings it below ceiling and most cash, that discount, and how
    much more cash it takes where no discount of the seller's does; shape (c, p).
    """
    owed_most = ceiling + sales.headroom.cash_max[:, None]
    owed = np.broadcast_to(sales.owed[:, None], ceiling.shape)
    discount = np.full(ceiling.shape, plan.inputs.structure.discount_cents, dtype=np.int64)
    shortfall = np.maximum(sales.owed_least[:, None] - owed_most, 0)
    needs = (owed > owed_most) & (shortfall == 0)
    if needs.any():
        car = needs.nonzero()[0]
        price, rebate = sales.price[car], sales.rebate[car]
        discount[needs] = least_discount_cents(plan.inputs, price, rebate, owed_most[needs])
        owed = owed.copy()
        owed[needs] = owed_before_cash_cents(plan.inputs, price, discount[needs], rebate)
    return owed, discount, shortfall


def _ceilings(plan: Plan, cars: Cars) -> tuple[Cents, Whole, Cents]:
    """Return the largest principal, the limit that sets it, and the value lent against; shape (c, p)."""
    programmes = plan.programmes
    basis_of = np.where(cars.is_new[:, None] > 0, programmes.new_basis, programmes.used_basis)
    basis = cars.book_values()[basis_of, np.arange(len(cars))[:, None]]
    total = basis * programmes.ltv_total_max // WHOLE
    front = basis * programmes.ltv_front_max // WHOLE + plan.inputs.structure.products_cents
    ceiling = np.minimum(np.minimum(front, total), plan.ceiling)
    limit = np.where(front <= total, int(Limit.LTV_FRONT), int(Limit.LTV_TOTAL))
    return ceiling, np.where(plan.ceiling <= ceiling, plan.ceiling_limit, limit), basis


def _refusals(plan: Plan, cars: Cars, price: Cents, has_basis: Flags) -> list[tuple[Limit, Flags]]:
    """Return the limits that no cash fixes, the most serious last."""
    programmes = plan.programmes
    takes_kind = np.where(cars.is_new[:, None] > 0, programmes.new_cars, programmes.used_cars)
    products = plan.refuses_products
    refusals = [] if products is None else [(Limit.PRODUCTS, products[None, :])]
    return [
        *refusals,
        (Limit.MILEAGE, cars.mileage[:, None] > programmes.mileage_max),
        (Limit.MODEL_YEAR, cars.year[:, None] < programmes.year_min),
        (Limit.LTV_BASIS, ~has_basis),
        (Limit.NEW_USED, ~takes_kind),
        (Limit.DISCOUNT, (price < plan.inputs.structure.discount_cents)[:, None]),
    ]
