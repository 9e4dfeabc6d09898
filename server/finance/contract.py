"""What is financed: the price, and what is owed before cash as a function of price, discount and rebate.

All amounts are whole cents; price, discount and rebate may be ints or int64 arrays that broadcast together.
What is owed never falls with the price, and falls with the discount by at least a cent a cent.
"""

from typing import TypeVar

import numpy as np

from protocol.inputs import DealInputs
from protocol.records import MAX_CENTS, Structure
from server.finance.rounding import WHOLE, Cents, hundredths_of_bp
from server.finance.taxes import tax_cents

Amount = TypeVar("Amount", int, Cents)


def selling_price_cents(structure: Structure, advertised: Cents) -> Cents:
    """Return the price before discount: the stated one where there is one, never above the advertised one."""
    return np.minimum(advertised, MAX_CENTS if structure.price_cents is None else structure.price_cents)


def payoff_cents(structure: Structure) -> int:
    """Return what the trade's lender is owed at the contract date, which must be filled in.

    The quote holds through its good-through date; each day past it adds the per diem.
    """
    good_through, contract = structure.payoff_good_through, structure.contract_date
    if good_through is None or contract is None:
        return structure.payoff_cents
    return structure.payoff_cents + structure.payoff_per_diem_cents * max(0, (contract - good_through).days)


def owed_before_cash_cents(
    inputs: DealInputs, price: Amount, discount: Amount | int, rebate: Amount | int
) -> Amount:
    """Return the principal without cash; it may be negative. Negative trade equity adds to it.

    ``price`` is the selling price before ``discount``, ``rebate`` what the manufacturer pays for this car
    besides the structure's own rebate. Raises StructureError where the address has no tax rule.
    """
    s = inputs.structure
    rebates = rebate + s.rebate_cents
    tax = tax_cents(s, inputs.tax_rules, price, discount, rebates)
    trade_equity = s.trade_allowance_cents - payoff_cents(s)
    return price - discount + tax - rebates + (s.fees_cents + s.products_cents - trade_equity)


def least_discount_cents(inputs: DealInputs, price: Cents, rebate: Cents, owed_most: Cents) -> Cents:
    """Return the least discount, from the structure's own one up, at which at most ``owed_most`` is owed.

    Arrays of one shape. A cent of discount takes away at least a cent and, besides each jurisdiction's
    rounding, at most a cent and its tax; so the steps never pass the answer, and the last ones are of a cent.
    """
    rate, roundings = _tax_rates(inputs)
    discount = np.full(price.shape, inputs.structure.discount_cents, dtype=np.int64)
    open_ = np.arange(price.size)
    while open_.size:
        owed = owed_before_cash_cents(inputs, price[open_], discount[open_], rebate[open_])
        gap = owed - owed_most[open_]
        open_, gap = open_[gap > 0], gap[gap > 0]
        discount[open_] += np.maximum((gap - roundings) * WHOLE // (WHOLE + rate), 1)
    return discount


def _tax_rates(inputs: DealInputs) -> tuple[int, int]:
    """Return all tax rates together in hundredths of a basis point, and how many taxes are rounded."""
    stated = inputs.structure.tax_rate_bp
    if stated is not None:
        return hundredths_of_bp(stated), 1
    return sum(hundredths_of_bp(rule.rate_bp) for rule in inputs.tax_rules), len(inputs.tax_rules)
