"""The amount owed before cash, as a function of price, discount and rebate.

All amounts are whole cents; price, discount and rebate may be ints or int64 arrays that broadcast together.
The amount owed never decreases with the price, and decreases by at least a cent per cent of discount.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from protocol.deal.structure import Structure
from protocol.money.inputs import AuthorityCovers, DealInputs
from protocol.records import MAX_CENTS
from server.finance.rounding import WHOLE, Cents, hundredths_of_bp
from server.finance.rules.taxes import tax_cents

Amount = TypeVar("Amount", int, Cents)
Index = NDArray[np.intp]

CLOSED_FORM_STEPS: Final = 8
"""Two or three steps close almost every gap; a tax that stops at a cap or a credit takes more."""


def selling_price_cents(structure: Structure, advertised: Cents) -> Cents:
    """Return the price before discount: the stated one if there is one, never above the advertised one."""
    return np.minimum(advertised, MAX_CENTS if structure.price_cents is None else structure.price_cents)


def discount_limit_cents(inputs: DealInputs, advertised: Cents) -> Cents:
    """Return the largest discount that may be offered on each car: the seller's authority less price cut and
    rebates, or more if it was granted.
    """
    s = inputs.structure
    limit = np.full(advertised.shape, inputs.discount_limit_cents, dtype=np.int64)
    if inputs.authority_covers is AuthorityCovers.CONCESSION:
        limit = limit - (advertised - selling_price_cents(s, advertised))
    return np.maximum(limit, s.discount_cents)


def payoff_cents(structure: Structure) -> int:
    """Return the payoff of all trades on the contract date, which must be filled in: then they are paid off.

    Each trade's quote grows by its per diem from the day of the quote on. A structure without records of its
    trades knows no such day: its quote holds through its good-through date, and each day past it adds the
    per diem.
    """
    good_through, contract = structure.payoff_good_through, structure.contract_date
    if structure.trades and contract is not None:
        return sum(trade.payoff_on(contract) for trade in structure.trades)
    if good_through is None or contract is None:
        return structure.payoff_cents
    return structure.payoff_cents + structure.payoff_per_diem_cents * max(0, (contract - good_through).days)


def owed_before_cash_cents(
    inputs: DealInputs, price: Amount, discount: Amount | int, rebate: Amount | int
) -> Amount:
    """Return the principal without cash; it may be negative. Negative trade equity adds to it.

    ``price`` is the selling price before ``discount``, ``rebate`` the manufacturer's rebate on this car, in
    addition to the structure's. Raises StructureError if the address has no tax rule.
    """
    s = inputs.structure
    rebates = rebate + s.rebate_cents
    tax = tax_cents(s, inputs.tax_rules, price, discount, rebates)
    trade_equity = s.trade_allowance_cents - payoff_cents(s)
    return price - discount + tax - rebates + (s.fees_cents + s.products_cents - trade_equity)


def least_discount_cents(inputs: DealInputs, price: Cents, rebate: Cents, owed_most: Cents) -> Cents:
    """Return the least discount, from the structure's own one up, at which at most ``owed_most`` is owed.

    Arrays of one shape. A cent of discount reduces the amount by at least a cent and, apart from each
    jurisdiction's rounding, by at most a cent and its tax. So the closed-form steps never overshoot. If a tax
    stops on the way, bisection finds the rest. The number of steps is bounded for any amounts.
    """
    rate, roundings = _tax_rates(inputs)
    discount = np.full(price.shape, inputs.structure.discount_cents, dtype=np.int64)

    def gap_at(which: Index, at: Cents) -> Cents:
        owed: Cents = owed_before_cash_cents(inputs, price[which], at, rebate[which]) - owed_most[which]
        return owed

    open_ = np.arange(price.size)
    gap = gap_at(open_, discount)
    for _ in range(CLOSED_FORM_STEPS):
        open_, gap = open_[gap > 0], gap[gap > 0]
        if not open_.size:
            return discount
        discount[open_] += np.maximum(_share(gap - roundings, WHOLE, WHOLE + rate), 1)
        gap = gap_at(open_, discount[open_])
    open_, gap = open_[gap > 0], gap[gap > 0]
    discount[open_] = _halved(partial(gap_at, open_), discount[open_], gap)
    return discount


def tax_rate(inputs: DealInputs) -> float:
    """Return all tax rates together as a fraction."""
    return _tax_rates(inputs)[0] / WHOLE


def _halved(gap_at: Callable[[Cents], Cents], low: Cents, gap: Cents) -> Cents:
    """Return the smallest amounts above ``low`` that leave no gap; ``gap`` is that at ``low``, above 0.

    Each cent closes at least a cent of the gap, so that ``low + gap`` is always enough.
    """
    low, high = low.copy(), low + gap
    for _ in range(int(gap.max(initial=0)).bit_length()):
        middle = (low + high) // 2
        enough = gap_at(middle) <= 0
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _share(amount: Cents, part: int, whole: int) -> Cents:
    """Return ``amount * part // whole`` without overflowing 64 bits."""
    times, rest = np.divmod(amount, whole)
    share: Cents = times * part + rest * part // whole
    return share


def _tax_rates(inputs: DealInputs) -> tuple[int, int]:
    """Return all tax rates together in hundredths of a basis point, and how many taxes are rounded."""
    stated = inputs.structure.tax_rate_bp
    if stated is not None:
        return hundredths_of_bp(stated), 1
    return sum(hundredths_of_bp(rule.rate_bp) for rule in inputs.tax_rules), len(inputs.tax_rules)
