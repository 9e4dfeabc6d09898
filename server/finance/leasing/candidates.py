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

from server.finance.architect.space.pricing import front_gross_cents
from server.finance.cars import Cars
from server.finance.contract import discount_limit_cents, payoff_cents, selling_price_cents
from server.finance.leasing.money import LeaseMoney, LeaseSale, lease_money, rent_cents
from server.finance.leasing.plan import LeasePlan
from server.finance.rounding import WHOLE, Cents, Flags
from server.finance.rules.limits import Limit
from server.finance.value.valuation import product_gross_cents

Index = NDArray[np.intp]


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
    pairs = _Pairs(plan, cars, car, row, sale_of(plan, cars, car, row))
    cash = np.full(car.shape, headroom.cash_min, dtype=np.int64)
    discount = np.full(car.shape, plan.inputs.structure.discount_cents, dtype=np.int64)
    money = pairs.money(discount, cash)
    excess = pairs.excess(money)
    over = np.flatnonzero(excess[0] > 0)
    if over.size:
        discount[over], cash[over] = _further(pairs.at(over), headroom)
        money = pairs.money(discount, cash)
        excess = pairs.excess(money)
    return _leases(pairs, discount, cash, money, excess)


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


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs of a car and a row, of shape (m,), and their sales."""

    plan: LeasePlan
    cars: Cars
    car: Index
    row: Index
    sale: LeaseSale

    def at(self, which: Index) -> "_Pairs":
        """Return some of the pairs."""
        car, row = self.car[which], self.row[which]
        return _Pairs(self.plan, self.cars, car, row, sale_of(self.plan, self.cars, car, row))

    def money(self, discount: Cents | int, cash: Cents | int) -> LeaseMoney:
        """Return the amounts of the leases at this discount and cash."""
        return lease_money(self.plan.rules, self.sale, discount, cash)

    def fit(self, discount: Cents | int, cash: Cents | int) -> Flags:
        """Return which leases are within all limits."""
        marks: Flags = self.excess(self.money(discount, cash))[0] <= 0
        return marks

    def excess(self, money: LeaseMoney) -> tuple[Cents, Cents]:
        """Return by how much each lease exceeds the limits on payment and cap cost, 0 if it does not, in
        cents of the cap cost; and the limit that it exceeds most, NONE if none.
        """
        rows, row, inputs = self.plan.rows, self.row, self.plan.inputs
        payment, cap = cast("Cents", money.payment_with_tax), cast("Cents", money.adjusted_cap)
        most, term = inputs.structure.payment_max_cents, rows.term[row]
        excess, limit = np.zeros(row.shape, dtype=np.int64), np.full(row.shape, int(Limit.NONE))
        over = [(Limit.LEASE_CAP, cap - self.cars.msrp_cents[self.car] * rows.cap_max[row] // WHOLE)]
        if inputs.monthly_income_cents is not None:
            affordable = rows.pti_max[row] * inputs.monthly_income_cents // WHOLE
            over.append((Limit.PTI, (payment - affordable) * term))
        if most is not None:
            over.append((Limit.PAYMENT_MAX, (payment - most) * term))
        for refusal, missing in over:
            more = missing > excess
            limit, excess = np.where(more, int(refusal), limit), np.where(more, missing, excess)
        return excess, limit


def _further(pairs: _Pairs, headroom: Headroom) -> tuple[Cents, Cents]:
    """Return discount and cash of leases for which the least cash is not enough: the least cash that is, else
    the most cash and the least discount that is enough, or the largest one.
    """
    plan, steps = pairs.plan, _Steps(headroom.cash_min, headroom.cash_max, headroom.cash_step)
    asked, last = plan.inputs.structure.discount_cents, steps.last
    discount = np.full(pairs.car.shape, asked, dtype=np.int64)
    cash = np.full(pairs.car.shape, headroom.cash_max, dtype=np.int64)
    enough = pairs.fit(asked, cash) if last else np.zeros(cash.shape, dtype=np.bool_)
    found, over = np.flatnonzero(enough), np.flatnonzero(~enough)
    if found.size:
        paid = pairs.at(found)
        high = np.full(found.shape, last, dtype=np.int64)
        cash[found] = steps.cash(_least(high, lambda number: paid.fit(asked, steps.cash(number))))
    if over.size:
        cut = pairs.at(over)
        price = selling_price_cents(plan.inputs.structure, pairs.cars.price_cents)
        highest = np.maximum(np.minimum(headroom.discount_max, price), asked)[cut.car]
        discount[over] = highest
        found = np.flatnonzero(cut.fit(highest, headroom.cash_max))
        if found.size:
            least = cut.at(found)
            discount[over[found]] = asked + _least(
                highest[found] - asked, lambda more: least.fit(asked + more, headroom.cash_max)
            )
    return discount, cash


def _leases(
    pairs: _Pairs, discount: Cents, cash: Cents, money: LeaseMoney, exceeded: tuple[Cents, Cents]
) -> Leases:
    car, row, sale, rows, inputs = pairs.car, pairs.row, pairs.sale, pairs.plan.rows, pairs.plan.inputs
    adjusted = cast("Cents", money.adjusted_cap)
    excess, limit = exceeded
    markup = rows.sell_factor[row] - rows.buy_factor[row]
    earned = cast("Cents", rent_cents(sale, adjusted, markup))
    # The markup's rent first, then the share of it: both products stay within 64 bits.
    reserve = _share(earned, rows.reserve_share[row]) + rows.reserve_flat[row]
    chargeback = _share(reserve, rows.chargeback[row])
    price = selling_price_cents(inputs.structure, pairs.cars.price_cents)
    front = front_gross_cents(inputs, pairs.cars, price, 0)[car] - discount
    value = front + product_gross_cents(inputs) + reserve - chargeback
    below = cast("Cents", sale.residual) - adjusted
    for refusal, missing in (
        (Limit.LEASE_RESIDUAL, below),
        (Limit.NPV_FLOOR, inputs.npv_floor_cents - value),
    ):
        refused = (limit == Limit.NONE) & (missing > 0)
        limit, excess = np.where(refused, int(refusal), limit), np.where(refused, missing, excess)
    return Leases(car, row, cash, discount, money, front, reserve, chargeback, value, limit, excess)


def _share(cents: Cents, hundredths: Cents) -> Cents:
    return (2 * cents * hundredths + WHOLE) // (2 * WHOLE)


def _least(high: Cents, fit: Callable[[Cents], Flags]) -> Cents:
    """Return the least numbers above 0 that fit, by bisection; 0 does not fit, and ``high`` does."""
    low, high = np.zeros_like(high), high.copy()
    for _ in range(int(high.max(initial=0)).bit_length()):
        middle = np.maximum((low + high) // 2, np.minimum(low + 1, high))
        enough = fit(middle)
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
