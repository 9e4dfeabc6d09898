"""How far cash and discount may go, and the cash and the discount that come up to a principal. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from protocol.money.inputs import DealInputs
from server.finance.cars import Cars
from server.finance.contract import discount_limit_cents, least_discount_cents, owed_before_cash_cents
from server.finance.plan import Plan
from server.finance.rounding import Cents

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Headroom:
    """How far cash and discount may go for each car, in cents; shape (c,)."""

    cash_min: Cents
    cash_max: Cents
    discount_max: Cents


def headroom_of(plan: Plan, cars: Cars) -> Headroom:
    """Return the headroom that customer and seller leave for each car."""

    def each(cents: int) -> Cents:
        return np.full(len(cars), cents, dtype=np.int64)

    most = discount_limit_cents(plan.inputs, cars.price_cents)
    return Headroom(each(plan.cash_min), each(plan.cash_max), most)


class Within(NamedTuple):
    """What limits the principals of some pairs, in cents: what is owed before cash at the structure's own
    discount, and the least and the most cash; shape (m,). ``sale_at`` returns price and rebate of some of
    them, by place.
    """

    owed: Cents
    cash_min: Cents
    cash_max: Cents
    sale_at: Callable[[Index], tuple[Cents, Cents]]


def reached(inputs: DealInputs, within: Within, wanted: Cents) -> tuple[Cents, Cents, Cents]:
    """Return principal, cash and discount that come up to the wanted principals: cash first, and only then
    the least discount. A cent of discount changes the amount owed by a cent or two, so a principal may be a
    cent short if the cash is fixed.
    """
    owed, owed_most = within.owed, wanted + within.cash_max
    discount = np.full(wanted.shape, inputs.structure.discount_cents, dtype=np.int64)
    needs = np.flatnonzero(owed > owed_most)
    if needs.size:
        price, rebate = within.sale_at(needs)
        discount[needs] = least_discount_cents(inputs, price, rebate, owed_most.take(needs))
        owed = owed.copy()
        owed[needs] = owed_before_cash_cents(inputs, price, discount.take(needs), rebate)
    cash = np.maximum(owed - wanted, within.cash_min)
    return owed - cash, cash, discount
