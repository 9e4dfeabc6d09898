"""The structures that each car and programme allow: one feasibility test for searches and workers.

Shapes: c cars, p programmes. A principal must lie between the programme's smallest loan and the smallest of
its ceilings. It is the amount owed at some discount, less the cash. Cash comes first, from the customer's
wish up to the most available. Then comes the smallest sufficient discount, up to the seller's authority.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from server.finance.cars import Cars
from server.finance.contract import (
    discount_limit_cents,
    least_discount_cents,
    owed_before_cash_cents,
    selling_price_cents,
)
from server.finance.payment import payments_cents
from server.finance.plan import Plan
from server.finance.rounding import WHOLE, Cents, Flags
from server.finance.rules.cheapest import Covered, Lent, covered_by, trimmed
from server.finance.rules.limits import Limit
from server.finance.rules.programmes import Whole

Index = NDArray[np.intp]

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
    """The sale of each car, in cents. ``price`` and ``whole_rebate`` have shape (c,), the rest (c, p).

    ``price`` is before discount. ``owed`` is owed before cash at the structure's discount, ``owed_least`` at
    the largest one. ``rebate`` is the manufacturer's: a programme may exclude a part of ``whole_rebate``.
    """

    price: Cents
    whole_rebate: Cents
    rebate: Cents
    headroom: Headroom
    owed: Cents
    owed_least: Cents


@dataclass(frozen=True, slots=True, eq=False)
class Structures:
    """The largest loan of every car and programme, of shape (c, p), in cents; where not ``feasible``, the
    amounts mean nothing.

    ``lowest`` is the smallest principal within reach; it and ``principal`` leave out what a cheaper row of
    the lender lends, at either end. ``basis`` is the value lent against, ``ceiling`` the largest principal
    that the programme allows, ``floor`` the smallest; ``cash_min`` is the least cash, by customer and lender.
    ``covered`` is what cheaper rows of the lender lend. ``limit`` holds Limit numbers: what binds a feasible
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
    floor: Cents
    cash_min: Cents
    covered: Covered
    basis: Cents
    limit: Whole
    shortfall: Cents

    def pairs(self, car: Index, programme: Index) -> Index:
        """Return the numbers of pairs in an array of shape (c, p), for ``take``; the arguments broadcast."""
        return np.asarray(car * self.feasible.shape[1] + programme)

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
    cash_min = np.maximum(sales.headroom.cash_min[:, None], plan.cash_floor)
    cash_max = sales.headroom.cash_max[:, None]
    ceiling, limit, basis = _ceilings(plan, cars)
    floor, floor_limit = _floors(plan, basis)
    owed, discount, shortfall = _discounted(plan, sales, ceiling)
    shortfall = np.maximum(shortfall, cash_min - cash_max)
    cash = np.maximum(owed - ceiling, cash_min)
    principal = owed - cash
    most = np.minimum(ceiling, sales.owed - cash_min)
    # Too small for the lender: the customer owes too little, or a ceiling is below the floor.
    asked: Whole | int = int(Limit.NONE)
    if plan.cash_floor.any():
        asked = np.where(cash_min > sales.headroom.cash_min[:, None], plan.cash_limit, asked)
    limit = np.where(sales.owed - ceiling > cash_min, limit, asked)
    lacking = floor - np.where(shortfall > 0, most, principal)
    limit = np.where((lacking > 0) & (limit == Limit.NONE), floor_limit, limit)
    shortfall = np.where(lacking > 0, _TOO_SMALL + lacking, shortfall)
    for refusal, refused in _refusals(plan, cars, sales.price, basis > 0):
        np.copyto(limit, int(refusal), where=refused)
        np.copyto(shortfall, _INCURABLE + refusal, where=refused)
    lent = Lent(
        fits=(shortfall < _INCURABLE) & (cash_min <= cash_max),
        low=floor,
        ceiling=ceiling,
        cash_min=cash_min,
        owed=sales.owed,
        rebate=sales.rebate,
    )
    found = Structures(
        sales=sales,
        feasible=shortfall == 0,
        cash=cash,
        discount=discount,
        principal=principal,
        payment=payments_cents(principal, plan.factors),
        lowest=np.maximum(floor, sales.owed_least - cash_max),
        ceiling=ceiling,
        floor=floor,
        cash_min=cash_min,
        covered=covered_by(plan.cheaper, lent),
        basis=basis,
        limit=limit,
        shortfall=shortfall,
    )
    every = not plan.cheaper.shape[1] and plan.programmes.takes_rate.all()
    return found if every else _without_dearer(plan, found)


def reach(
    plan: Plan, structures: Structures, car: Index, programme: Index, wanted: Cents
) -> tuple[Cents, Cents, Cents]:
    """Return principal, cash and discount that come up to the wanted principals: cash first, and only then
    the least discount. A cent of discount changes the amount owed by a cent or two, so a principal may be a
    cent short if the cash is fixed.
    """
    inputs, sales = plan.inputs, structures.sales
    pair = structures.pairs(car, programme)
    owed = sales.owed.take(pair)
    discount = np.full(wanted.shape, inputs.structure.discount_cents, dtype=np.int64)
    owed_most = wanted + sales.headroom.cash_max.take(car)
    needs = owed > owed_most
    if needs.any():
        price, rebate = sales.price[car[needs]], sales.rebate[car[needs], programme[needs]]
        discount[needs] = least_discount_cents(inputs, price, rebate, owed_most[needs])
        owed[needs] = owed_before_cash_cents(inputs, price, discount[needs], rebate)
    cash = np.maximum(owed - wanted, structures.cash_min.take(pair))
    return owed - cash, cash, discount


def _without_dearer(plan: Plan, found: Structures) -> Structures:
    """Return the structures without what a cheaper row of the same lender lends, at either end, and without
    the rows that do not take the deal's rate.
    """
    lowest, highest = trimmed(found.covered, found.lowest, found.principal)
    lower = (found.feasible & (highest < found.principal) & (lowest <= highest)).nonzero()
    if lower[0].size:
        principal, cash, discount = found.principal.copy(), found.cash.copy(), found.discount.copy()
        principal[lower], cash[lower], discount[lower] = reach(
            plan, found, lower[0], lower[1], highest[lower]
        )
        payment = payments_cents(principal, plan.factors)
        found = replace(found, principal=principal, cash=cash, discount=discount, payment=payment)
    refused = found.feasible & ((lowest > highest) | (found.principal < lowest) | ~plan.programmes.takes_rate)
    limit, shortfall = found.limit.copy(), found.shortfall.copy()
    np.copyto(limit, int(Limit.RATE), where=refused)
    np.copyto(shortfall, _INCURABLE + Limit.RATE, where=refused)
    feasible = found.feasible & ~refused
    return replace(found, feasible=feasible, lowest=lowest, limit=limit, shortfall=shortfall)


def _sales(plan: Plan, cars: Cars, headroom: Headroom) -> Sales:
    inputs = plan.inputs
    asked = inputs.structure.discount_cents
    price = selling_price_cents(inputs.structure, cars.price_cents)
    largest = np.maximum(np.minimum(headroom.discount_max, price), asked)
    # One column for each list of exclusions, then one for each programme.
    rebate = cars.rebates(plan.rebate_lists)
    owed = owed_before_cash_cents(inputs, price[:, None], asked, rebate)
    least = owed
    if (largest > asked).any():
        least = owed_before_cash_cents(inputs, price[:, None], largest[:, None], rebate)

    def by_programme(values: Cents) -> Cents:
        if not plan.rebate_lists:
            return np.broadcast_to(values, (len(cars), len(plan.programmes)))
        return values.take(plan.rebate_list, axis=1)

    return Sales(
        price=price,
        whole_rebate=cars.rebate_cents,
        rebate=by_programme(rebate),
        headroom=Headroom(headroom.cash_min, headroom.cash_max, largest),
        owed=by_programme(owed),
        owed_least=by_programme(least),
    )


def _discounted(plan: Plan, sales: Sales, ceiling: Cents) -> tuple[Cents, Cents, Cents]:
    """Return what is owed at the discount that brings it below ceiling and most cash, that discount, and how
    much more cash it takes where no discount of the seller's does; shape (c, p).
    """
    owed_most = ceiling + sales.headroom.cash_max[:, None]
    owed = sales.owed
    discount = np.full(ceiling.shape, plan.inputs.structure.discount_cents, dtype=np.int64)
    shortfall = np.maximum(sales.owed_least - owed_most, 0)
    needs = (owed > owed_most) & (shortfall == 0)
    if needs.any():
        price, rebate = sales.price[needs.nonzero()[0]], sales.rebate[needs]
        discount[needs] = least_discount_cents(plan.inputs, price, rebate, owed_most[needs])
        owed = owed.copy()
        owed[needs] = owed_before_cash_cents(plan.inputs, price, discount[needs], rebate)
    return owed, discount, shortfall


def _ceilings(plan: Plan, cars: Cars) -> tuple[Cents, Whole, Cents]:
    """Return the largest principal, the limit that sets it, and the value lent against; shape (c, p)."""
    programmes = plan.programmes
    basis_of = np.where(cars.is_new[:, None] > 0, programmes.new_basis, programmes.used_basis)
    basis = cars.book_values().take(basis_of * len(cars) + np.arange(len(cars))[:, None])
    total = basis * programmes.ltv_total_max // WHOLE
    front = basis * programmes.ltv_front_max // WHOLE + plan.front_extra
    ceiling = np.minimum(np.minimum(front, total), plan.ceiling)
    limit = np.where(front <= total, int(Limit.LTV_FRONT), int(Limit.LTV_TOTAL))
    return ceiling, np.where(plan.ceiling <= ceiling, plan.ceiling_limit, limit), basis


def _floors(plan: Plan, basis: Cents) -> tuple[Cents, Whole]:
    """Return the smallest principal, and the limit that sets it; shape (c, p)."""
    if not plan.programmes.ltv_min.any():
        return np.broadcast_to(plan.floor, basis.shape), np.full(basis.shape, int(Limit.AMOUNT_MIN))
    ltv = -(-basis * plan.programmes.ltv_min // WHOLE)
    limit = np.where(ltv > plan.floor, int(Limit.LTV_MIN), int(Limit.AMOUNT_MIN))
    return np.maximum(plan.floor, ltv), limit


def _refusals(plan: Plan, cars: Cars, price: Cents, has_basis: Flags) -> list[tuple[Limit, Flags]]:
    """Return the limits that no cash fixes, the most serious last."""
    programmes = plan.programmes
    takes_kind = np.where(cars.is_new[:, None] > 0, programmes.new_cars, programmes.used_cars)
    products = plan.refuses_products
    found = [] if products is None else [(Limit.PRODUCTS, products[None, :])]
    found += [
        (Limit.MILEAGE, cars.mileage[:, None] > programmes.mileage_max),
        (Limit.MODEL_YEAR, cars.year[:, None] < programmes.year_min),
        (Limit.LTV_BASIS, ~has_basis),
        (Limit.NEW_USED, ~takes_kind),
        (Limit.DISCOUNT, (price < plan.inputs.structure.discount_cents)[:, None]),
    ]
    # Few sheets have lower edges, and each comparison is one of every car with every programme.
    if programmes.mileage_min.any():
        found.append((Limit.MILEAGE_MIN, cars.mileage[:, None] < programmes.mileage_min))
    if (programmes.year_max < cars.year.max(initial=0)).any():
        found.append((Limit.MODEL_YEAR_MAX, cars.year[:, None] > programmes.year_max))
    return found
