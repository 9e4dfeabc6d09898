"""Cars that are paid in full: the price out the door, and which of them the customer's cash covers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import msgspec
import numpy as np

from protocol.events import Fix, FixKind
from protocol.money.inputs import DealInputs
from protocol.records import MAX_CENTS, DealKind
from server.finance.architect.space.pricing import front_gross_cents
from server.finance.cars import Cars
from server.finance.columns import wire_limits, without
from server.finance.contract import (
    discount_limit_cents,
    least_discount_cents,
    owed_before_cash_cents,
    selling_price_cents,
)
from server.finance.plan import Plan, first_price, price_window
from server.finance.rounding import Cents, Flags
from server.finance.rules.limits import Limit
from server.finance.value.valuation import product_gross_cents


@dataclass(frozen=True, slots=True, eq=False)
class CashSales:
    """Cars as cash deals, of shape (c,), amounts in cents.

    ``discount`` is the structure's own one, or the least that brings the price out the door within the
    customer's cash, as far as the seller's authority goes. ``missing`` is the cash that is lacking even then,
    0 if there is enough. ``value`` is front and product gross; UNKNOWN_WORTH_CENTS and more if the cost of
    the car is unknown. ``takes`` are the cars that the store sells at that discount.
    """

    price: Cents
    discount: Cents
    out_the_door: Cents
    missing: Cents
    value: Cents
    takes: Flags
    limit: Cents


def cash_limit_cents(inputs: DealInputs) -> int:
    """Return the most that the customer pays in cash for the whole car.

    A cash deal without a maximum has no limit; in other deals, no maximum means the cash down.
    """
    s = inputs.structure
    if s.cash_down_max_cents is not None:
        return max(s.cash_down_max_cents, s.cash_down_cents)
    return MAX_CENTS if s.kind is DealKind.CASH else s.cash_down_cents


def cash_sales(plan: Plan, cars: Cars) -> CashSales:
    """Return cars as cash deals. Raises StructureError if the address has no tax rule."""
    inputs = plan.inputs
    asked, most = inputs.structure.discount_cents, cash_limit_cents(inputs)
    price, rebate = selling_price_cents(inputs.structure, cars.price_cents), cars.rebate_cents
    owed = owed_before_cash_cents(inputs, price, asked, rebate)
    discount, missing = np.full(price.shape, asked, dtype=np.int64), np.zeros_like(price)
    over = np.flatnonzero(owed > most)
    if over.size:
        # More discount never makes more owed: only of these cars may cash be missing.
        highest = discount_limit_cents(inputs, cars.price_cents[over])
        highest = np.maximum(np.minimum(highest, price[over]), asked)
        missing[over] = np.maximum(
            owed_before_cash_cents(inputs, price[over], highest, rebate[over]) - most, 0
        )
        needs = over[missing[over] == 0]
        if needs.size:
            limit = np.full(needs.shape, most, dtype=np.int64)
            discount[needs] = least_discount_cents(inputs, price[needs], rebate[needs], limit)
            owed[needs] = owed_before_cash_cents(inputs, price[needs], discount[needs], rebate[needs])
    value = front_gross_cents(inputs, cars, price, discount) + product_gross_cents(inputs)
    limit = np.where(value < inputs.npv_floor_cents, int(Limit.NPV_FLOOR), int(Limit.NONE))
    limit = np.where(missing > 0, int(Limit.CASH_MAX), limit)
    limit = np.where(price < asked, int(Limit.DISCOUNT), limit)
    return CashSales(
        price=price,
        discount=discount,
        out_the_door=owed,
        missing=missing,
        value=value,
        takes=limit == int(Limit.NONE),
        limit=limit,
    )


def covered(sales: CashSales) -> Flags:
    """Return which cars the customer's cash pays for, whatever they are worth; shape (c,)."""
    paid: Flags = (sales.missing == 0) & (sales.limit != int(Limit.DISCOUNT))
    return paid


def cash_window(plan: Plan, rebate_max_cents: int = 0) -> tuple[int, int] | None:
    """Return the lowest and highest advertised price in cents, both inclusive, at which the customer's cash
    may pay for a car, with a rebate of up to ``rebate_max_cents``; None if no price can be.

    Raises StructureError if the address has no tax rule.
    """
    inputs = plan.inputs
    structure, most = inputs.structure, cash_limit_cents(inputs)

    def owed_at_least(price: int) -> int:
        discount = max(min(inputs.discount_limit_cents, price), 0)
        return owed_before_cash_cents(inputs, price, discount, rebate_max_cents)

    low = max(structure.discount_cents, 1)
    high = first_price(owed_at_least, most + 1) - 1
    stated = structure.price_cents
    if stated is not None and low <= stated <= high:
        high = MAX_CENTS  # dearer cars are sold at the stated price
    return (low, min(high, MAX_CENTS)) if low <= high else None


def search_window(plan: Plan, rebate_max_cents: int = 0) -> tuple[int, int] | None:
    """Return the window of prices that every car of a search lies in, however it is paid; None if no price
    can be. Units and errors as ``cash_window``.
    """
    is_cash = plan.inputs.structure.kind is DealKind.CASH
    financed = None if is_cash else price_window(plan, rebate_max_cents)
    in_cash = cash_window(plan, rebate_max_cents) if plan.inputs.all_kinds else None
    windows = [window for window in (financed, in_cash) if window is not None]
    return (min(low for low, _ in windows), max(high for _, high in windows)) if windows else None


def add_cash_offers(plan: Plan, cars: Cars, offers: dict[str, list[Any]], open_: Sequence[int]) -> list[int]:
    """Add cash offers for the open cars, which no lender takes: what the customer's cash pays for. Return the
    numbers of the cars that are neither sold nor refused.

    ``offers`` are ``events.OFFER_COLUMNS`` but ``vehicle_id`` and ``rev``, each of length c. Those of an open
    car are None but ``binding``. In a cash deal every car is open.
    """
    if not open_:
        return []
    is_cash = plan.inputs.structure.kind is DealKind.CASH
    some = cars.at(np.array(open_, dtype=np.intp))
    found = cash_sales(plan, some)
    _sell(offers, open_, some, found)
    left = []
    limits, names = found.limit.tolist(), wire_limits(found.limit)
    for place in np.flatnonzero(~found.takes).tolist():
        car = open_[place]
        if is_cash or limits[place] == Limit.NPV_FLOOR:
            # The customer could pay: what is in the way is the store's minimum.
            fix = cash_fix(plan, found, place) if limits[place] == Limit.CASH_MAX else None
            offers["binding"][car] = names[place]
            offers["fix"][car] = None if fix is None else msgspec.to_builtins(fix)
        else:
            left.append(car)
    return left


def _sell(offers: dict[str, list[Any]], open_: Sequence[int], cars: Cars, found: CashSales) -> None:
    """Add the offers of the cars that the store sells; ``cars`` and ``found`` are of the open ones."""
    kind, owed, cut = offers["kind"], offers["out_the_door_cents"], offers["discount_cents"]
    npv, stressed = offers["npv_cents"], offers["stress_npv_cents"]
    given_up, binding = offers["rebate_given_up_cents"], offers["binding"]
    in_cash = DealKind.CASH.value
    values = without(found.value.tolist(), ~cars.cost_known)
    amounts = zip(open_, found.out_the_door.tolist(), found.discount.tolist(), values, strict=True)
    for car, out_the_door, discount, value in compress(amounts, found.takes.tolist()):
        kind[car] = in_cash
        owed[car], cut[car] = out_the_door, discount
        # Nothing is lent, so that stress changes nothing.
        npv[car] = stressed[car] = value
        given_up[car], binding[car] = 0, None


def cash_fix(plan: Plan, found: CashSales, car: int) -> Fix | None:
    """Return the cash with which the store sells a refused car; None if no cash does.

    How far a cash deal is from the store's minimum would tell its gross, and that the cost of the car.
    """
    worth = int(found.value[car]) >= plan.inputs.npv_floor_cents
    if found.limit[car] == int(Limit.CASH_MAX) and worth:
        return Fix(kind=FixKind.CASH, cash_cents=int(found.missing[car]))
    return None
