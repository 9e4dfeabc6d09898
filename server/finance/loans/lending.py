"""Computes the largest loan of each pair of a car and a programme that takes the car.

A principal must lie between the programme's smallest loan and the smallest of its ceilings. It is the amount
owed at some discount, less the cash. Shapes: as ``loans``.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from server.finance.cars import Cars
from server.finance.contract import least_discount_cents, owed_before_cash_cents, selling_price_cents
from server.finance.loans.loans import INCURABLE, TOO_SMALL, Loans, Sale
from server.finance.loans.reaching import Headroom, reached
from server.finance.loans.taking import bases_of, taken
from server.finance.plan import Plan
from server.finance.rounding import WHOLE, Cents
from server.finance.rules.cheapest import Lent, covered_by, trimmed
from server.finance.rules.limits import Limit
from server.finance.rules.programmes import Whole

Index = NDArray[np.intp]


def loans_of(plan: Plan, cars: Cars, headroom: Headroom) -> Loans:
    """Return the pairs whose programme takes the car, each with its largest loan within a headroom."""
    sale = _sale(plan, cars, headroom)
    programmes, head = plan.programmes, sale.headroom
    number, car, programme, basis = _takers(plan, cars, sale)
    column = car * sale.owed.shape[1] + plan.rebate_list.take(programme)
    owed, owed_least, rebate = (each.take(column) for each in (sale.owed, sale.owed_least, sale.rebates))
    least_wanted, cash_max = head.cash_min.take(car), head.cash_max.take(car)
    cash_min, asked = least_wanted, np.zeros(len(car), dtype=np.int64)
    if plan.cash_floor.any():
        cash_min = np.maximum(cash_min, plan.cash_floor.take(programme))
        asked = np.where(cash_min > least_wanted, plan.cash_limit.take(programme), int(Limit.NONE))
    ceiling, limit = _ceilings(plan, programme, basis)
    floor, floor_limit = _floors(plan, programme, basis)
    owed_most = ceiling + cash_max
    shortfall = np.maximum(np.maximum(owed_least - owed_most, 0), cash_min - cash_max)
    discount, left = np.full(len(car), plan.inputs.structure.discount_cents, dtype=np.int64), owed
    needs = np.flatnonzero((owed > owed_most) & (owed_least <= owed_most))
    if needs.size:
        price, its, left = sale.price.take(car.take(needs)), rebate.take(needs), owed.copy()
        discount[needs] = least_discount_cents(plan.inputs, price, its, owed_most.take(needs))
        left[needs] = owed_before_cash_cents(plan.inputs, price, discount.take(needs), its)
    cash = np.maximum(left - ceiling, cash_min)
    principal = left - cash
    limit = np.where(owed - ceiling > cash_min, limit, asked)
    # Too small for the lender: the customer owes too little, or a ceiling is below the floor.
    most = np.minimum(ceiling, owed - cash_min)
    lacking = floor - np.where(shortfall > 0, most, principal)
    too_small = lacking > 0
    if too_small.any():
        limit = np.where(too_small & (limit == Limit.NONE), floor_limit, limit)
        shortfall = np.where(too_small, TOO_SMALL + lacking, shortfall)
    lent = Lent(
        number=number,
        programme=programme,
        fits=cash_min <= cash_max,
        low=floor,
        ceiling=ceiling,
        cash_min=cash_min,
        owed=owed,
        rebate=rebate,
    )
    lowest = np.maximum(floor, owed_least - cash_max)
    found = Loans(
        plan=plan,
        cars=cars,
        sale=sale,
        car=car,
        programme=programme,
        number=number,
        factor=plan.factors.take(programme),
        feasible=shortfall == 0,
        rebate=rebate,
        owed=owed,
        owed_least=owed_least,
        cash=cash,
        discount=discount,
        principal=principal,
        lowest=lowest,
        least_tried=lowest,
        most_tried=principal,
        ceiling=ceiling,
        floor=floor,
        cash_min=cash_min,
        covered=covered_by(plan.cheaper, lent, len(cars)),
        basis=basis,
        limit=limit,
        shortfall=shortfall,
    )
    every = not plan.cheaper.shape[1] and programmes.takes_rate.all()
    return found if every else _without_dearer(plan, found)


def _takers(plan: Plan, cars: Cars, sale: Sale) -> tuple[Index, Index, Index, Cents]:
    """Return number, car and programme of the pairs whose programme takes the car, and the value that it
    lends against.
    """
    limits, programmes = plan.car_limits, len(plan.programmes)
    bases = bases_of(limits, cars)
    takes = taken(limits, cars, bases)
    takes &= (sale.price >= plan.inputs.structure.discount_cents)[:, None]
    number = np.flatnonzero(takes.take(limits.number, axis=1))
    car = number // max(1, programmes)
    programme = number - car * programmes
    return number, car, programme, bases.take(car * len(limits) + limits.number.take(programme))


def _without_dearer(plan: Plan, found: Loans) -> Loans:
    """Return the loans without what a cheaper row of the same lender lends, at either end, and without the
    rows that do not take the deal's rate.
    """
    # Few rows are cut, so only they are compared.
    cut = np.flatnonzero(np.logical_or.reduce(found.covered.low <= found.covered.high) & found.feasible)
    ends = found.lowest.take(cut), found.principal.take(cut)
    lowest, highest = trimmed(found.covered.at(cut), *ends)
    refused, least = np.zeros(len(found), dtype=np.bool_), found.lowest.copy()
    least[cut] = lowest
    lower = np.flatnonzero((highest < ends[1]) & (lowest <= highest))
    if lower.size:
        found = _lowered(plan, found, cut.take(lower), highest.take(lower))
    refused[cut] = (lowest > highest) | (found.principal.take(cut) < lowest)
    if not plan.programmes.takes_rate.all():
        refused |= found.feasible & ~plan.programmes.takes_rate.take(found.programme)
    found = replace(found, lowest=least, least_tried=least, most_tried=found.principal)
    if not refused.any():
        return found
    return replace(
        found,
        feasible=found.feasible & ~refused,
        limit=np.where(refused, int(Limit.RATE), found.limit),
        shortfall=np.where(refused, INCURABLE + Limit.RATE, found.shortfall),
    )


def _lowered(plan: Plan, found: Loans, place: Index, highest: Cents) -> Loans:
    """Return the loans with some of them as near to other principals as they can be."""
    principal, cash, discount = (each.copy() for each in (found.principal, found.cash, found.discount))
    within = found.at(place).within()
    principal[place], cash[place], discount[place] = reached(plan.inputs, within, highest)
    return replace(found, principal=principal, cash=cash, discount=discount)


def _sale(plan: Plan, cars: Cars, headroom: Headroom) -> Sale:
    inputs = plan.inputs
    asked = inputs.structure.discount_cents
    price = selling_price_cents(inputs.structure, cars.price_cents)
    largest = np.maximum(np.minimum(headroom.discount_max, price), asked)
    rebates = cars.rebates(plan.rebate_lists)
    # Both amounts in one go: the arrays are small.
    discounts = np.stack([np.full_like(largest, asked), largest])[:, :, None]
    owed, least = owed_before_cash_cents(inputs, price[:, None], discounts, rebates)
    return Sale(price, rebates, replace(headroom, discount_max=largest), owed, least)


def _ceilings(plan: Plan, programme: Index, basis: Cents) -> tuple[Cents, Whole]:
    """Return the largest principals, and the limits that set them."""
    programmes = plan.programmes
    total = basis * programmes.ltv_total_max.take(programme) // WHOLE
    front = basis * programmes.ltv_front_max.take(programme) // WHOLE + plan.front_extra.take(programme)
    of_plan, of_car = plan.ceiling.take(programme), np.minimum(front, total)
    limit = np.where(front <= total, int(Limit.LTV_FRONT), int(Limit.LTV_TOTAL))
    limit = np.where(of_plan <= of_car, plan.ceiling_limit.take(programme), limit)
    return np.minimum(of_car, of_plan), limit


def _floors(plan: Plan, programme: Index, basis: Cents) -> tuple[Cents, Whole]:
    """Return the smallest principals, and the limits that set them."""
    of_plan = plan.floor.take(programme)
    if not plan.programmes.ltv_min.any():
        return of_plan, np.full(basis.shape, int(Limit.AMOUNT_MIN))
    ltv = -(-basis * plan.programmes.ltv_min.take(programme) // WHOLE)
    limit = np.where(ltv > of_plan, int(Limit.LTV_MIN), int(Limit.AMOUNT_MIN))
    return np.maximum(of_plan, ltv), limit
