"""One lease for each car and row that applies to it: the least cash and then the least discount that fit.

Cash comes first: a discount is given only if the customer's maximum cash does not do. More of either never
makes a lease worth more to the group, because both lower the cap cost, on which the reserve is earned, and a
discount the gross as well. So one lease of each row is enough. Shapes: m leases, each of one car and one row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from server.finance.architect.pricing import front_gross_cents
from server.finance.cars import Cars
from server.finance.contract import discount_limit_cents, payoff_cents, selling_price_cents
from server.finance.leasing.money import LeaseMoney, LeaseSale, lease_money, rent_cents
from server.finance.leasing.plan import LeasePlan
from server.finance.rounding import WHOLE, Cents, Flags
from server.finance.rules.limits import Limit
from server.finance.value.valuation import product_gross_cents

Index = NDArray[np.intp]
Fits = Callable[[Index, Cents], Flags]


@dataclass(frozen=True, slots=True, eq=False)
class Headroom:
    """How far cash and discount may go. ``cash_step`` is the store's step of found cash, in cents; the
    discount may reach ``discount_max`` of each car, shape (c,).
    """

    cash_min: int
    cash_max: int
    cash_step: int
    discount_max: Cents


@dataclass(frozen=True, slots=True, eq=False)
class Leases:
    """Leases in columns of shape (m,), in cents; where ``limit`` is not NONE, it refuses the lease.

    ``excess`` is by how much of the cap cost a refused lease misses the limit, or how hard the limit is.
    ``value`` is front and product gross, ``reserve`` and ``-chargeback`` together.
    """

    car: Index
    row: Index
    cash: Cents
    discount: Cents
    money: LeaseMoney
    front_gross: Cents
    reserve: Cents
    chargeback: Cents
    value: Cents
    limit: Cents
    excess: Cents


def headroom_of(plan: LeasePlan, cars: Cars) -> Headroom:
    """Return the headroom that customer and seller leave for each car."""
    most = discount_limit_cents(plan.inputs, cars.price_cents)
    return Headroom(plan.cash_min, plan.cash_max, plan.inputs.cash_step_cents, most)


def build_leases(plan: LeasePlan, cars: Cars, car: Index, row: Index, headroom: Headroom) -> Leases:
    """Return the lease of each pair of car and row within the headroom; without one that fits, the nearest
    to it.
    """
    asked = plan.inputs.structure.discount_cents
    steps = _Steps(headroom.cash_min, headroom.cash_max, headroom.cash_step)
    cash = np.full(car.shape, headroom.cash_min, dtype=np.int64)
    discount = np.full(car.shape, asked, dtype=np.int64)

    def excess(which: Index, discount: Cents, cash: Cents) -> Cents:
        sale = sale_of(plan, cars, car[which], row[which])
        money = lease_money(plan.rules, sale, discount, cash)
        return _excess(plan, cars, car[which], row[which], money)[0]

    every: Index = np.arange(car.size)
    over = every[excess(every, discount, cash) > 0]
    if over.size and steps.last:
        most = np.full(over.shape, steps.last, dtype=np.int64)
        enough = excess(over, discount[over], steps.cash(most)) <= 0
        found, over = over[enough], over[~enough]
        number = _least(
            found, most[enough], lambda which, number: excess(which, discount[which], steps.cash(number)) <= 0
        )
        cash[found], cash[over] = steps.cash(number), headroom.cash_max
    if over.size:
        price = selling_price_cents(plan.inputs.structure, cars.price_cents)
        highest = np.maximum(np.minimum(headroom.discount_max, price), asked)[car[over]]
        enough = excess(over, highest, cash[over]) <= 0
        found = over[enough]
        discount[over] = highest
        further = _least(
            found, highest[enough] - asked, lambda which, more: excess(which, asked + more, cash[which]) <= 0
        )
        discount[found] = asked + further
    return _leases(plan, cars, car, row, (discount, cash))


def sale_of(plan: LeasePlan, cars: Cars, car: Index, row: Index) -> LeaseSale:
    """Return the sale of each pair of car and row."""
    s, rows = plan.inputs.structure, plan.rows
    equity = s.trade_allowance_cents - payoff_cents(s)
    at_signing = np.where(rows.fees_capitalised, 0, s.fees_cents)[row]
    taxed = np.where(rows.fees_capitalised, 0, s.taxable_fees_cents)[row]
    acquisition = rows.acquisition_at_signing[row]
    beside = s.products_cents + max(0, -equity)
    return LeaseSale(
        price=selling_price_cents(s, cars.price_cents)[car],
        rebate=s.rebate_cents + cars.rebate_cents[car],
        residual=residual_cents(plan, cars, car, row),
        months=rows.term[row],
        factor=rows.sell_factor[row],
        capitalised=rows.acquisition_capitalised[row] + (s.fees_cents - at_signing) + beside,
        upfront=at_signing + acquisition,
        taxed_upfront=taxed + acquisition,
        deposit=rows.deposit[row],
        disposition=rows.disposition[row],
        equity=max(0, equity),
        allowance=s.trade_allowance_cents,
        taxed_beside=s.taxable_fees_cents,
        taxed_products=s.taxable_products_cents,
    )


def residual_cents(plan: LeasePlan, cars: Cars, car: Index, row: Index) -> Cents:
    """Return the row's share of each car's MSRP, rounded half up."""
    whole = cars.msrp_cents[car] * plan.rows.residual_share[row]
    return (2 * whole + WHOLE) // (2 * WHOLE)


def _leases(plan: LeasePlan, cars: Cars, car: Index, row: Index, terms: tuple[Cents, Cents]) -> Leases:
    discount, cash = terms
    sale, rows, inputs = sale_of(plan, cars, car, row), plan.rows, plan.inputs
    money = lease_money(plan.rules, sale, discount, cash)
    adjusted = cast("Cents", money.adjusted_cap)
    excess, limit = _excess(plan, cars, car, row, money)
    markup = rows.sell_factor[row] - rows.buy_factor[row]
    earned = cast("Cents", rent_cents(sale, adjusted, markup))
    # The markup's rent first, then the share of it: both products stay within 64 bits.
    reserve = _share(earned, rows.reserve_share[row]) + rows.reserve_flat[row]
    chargeback = _share(reserve, rows.chargeback[row])
    price = selling_price_cents(inputs.structure, cars.price_cents)
    front = front_gross_cents(inputs, cars, price, 0)[car] - discount
    value = front + product_gross_cents(inputs) + reserve - chargeback
    below = cast("Cents", sale.residual) - adjusted
    for refusal, missing in (
        (Limit.LEASE_RESIDUAL, below),
        (Limit.NPV_FLOOR, inputs.npv_floor_cents - value),
    ):
        refused = (limit == Limit.NONE) & (missing > 0)
        limit, excess = np.where(refused, int(refusal), limit), np.where(refused, missing, excess)
    return Leases(car, row, cash, discount, money, front, reserve, chargeback, value, limit, excess)


def _excess(plan: LeasePlan, cars: Cars, car: Index, row: Index, money: LeaseMoney) -> tuple[Cents, Cents]:
    """Return by how much each lease exceeds the limits on payment and cap cost, 0 if it does not, in cents of
    the cap cost; and the limit that it exceeds most, NONE if none.
    """
    rows, inputs = plan.rows, plan.inputs
    payment, cap = cast("Cents", money.payment_with_tax), cast("Cents", money.adjusted_cap)
    most, excess = inputs.structure.payment_max_cents, np.zeros(car.shape, dtype=np.int64)
    limit = np.full(car.shape, int(Limit.NONE), dtype=np.int64)
    over = [(Limit.LEASE_CAP, cap - cars.msrp_cents[car] * rows.cap_max[row] // WHOLE)]
    if inputs.monthly_income_cents is not None:
        affordable = rows.pti_max[row] * inputs.monthly_income_cents // WHOLE
        over.append((Limit.PTI, (payment - affordable) * rows.term[row]))
    if most is not None:
        over.append((Limit.PAYMENT_MAX, (payment - most) * rows.term[row]))
    for refusal, missing in over:
        more = missing > excess
        limit, excess = np.where(more, int(refusal), limit), np.where(more, missing, excess)
    return excess, limit


def _share(cents: Cents, hundredths: Cents) -> Cents:
    return (2 * cents * hundredths + WHOLE) // (2 * WHOLE)


def _least(which: Index, high: Cents, fits: Fits) -> Cents:
    """Return the least number above 0 that fits, by bisection; 0 does not fit, and ``high`` does."""
    low, high = np.zeros_like(high), high.copy()
    for _ in range(int(high.max(initial=0)).bit_length()):
        middle = np.maximum((low + high) // 2, np.minimum(low + 1, high))
        enough = fits(which, middle) if which.size else np.zeros(0, dtype=np.bool_)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


@dataclass(frozen=True, slots=True)
class _Steps:
    """Amounts of cash by number: the cash down, then whole steps, and the maximum last."""

    least: int
    most: int
    step: int

    @property
    def last(self) -> int:
        """The number of the maximum."""
        return 0 if self.most == self.least else -(-self.most // self.step) - self.least // self.step

    def cash(self, number: Cents) -> Cents:
        """Return the amounts of these numbers."""
        whole = (self.least // self.step + number) * self.step
        return np.where(number == 0, self.least, np.minimum(whole, self.most))
