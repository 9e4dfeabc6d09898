"""What is financed: tax and the principal, as a function of the car's price.

All amounts are whole cents; prices may be an int or an array of any shape, and the result has the same shape.
"""

from typing import TypeVar

import numpy as np

from protocol.records import MAX_CENTS, Structure
from server.finance.rounding import WHOLE, Cents, hundredths_of_bp

Amount = TypeVar("Amount", int, Cents)


def selling_price_cents(structure: Structure, advertised: Cents) -> Cents:
    """Return the price before discount: the stated one where there is one, never above the advertised one."""
    return np.minimum(advertised, MAX_CENTS if structure.price_cents is None else structure.price_cents)


def tax_cents(structure: Structure, price: Amount) -> Amount:
    """Return the sales tax, rounded half up once.

    The base is the discounted price with taxable fees and products, less the rebate and the trade credit (at
    most its cap) where the structure says that they count; never below 0.
    """
    base = price + _taxable_besides_price_cents(structure)
    base = base * (base > 0)
    return (base * hundredths_of_bp(structure.tax_rate_bp or 0) + WHOLE // 2) // WHOLE


def payoff_cents(structure: Structure) -> int:
    """Return what the trade's lender is owed at the contract date, which must be filled in.

    The quote holds through its good-through date; each day past it adds the per diem.
    """
    good_through, contract = structure.payoff_good_through, structure.contract_date
    if good_through is None or contract is None:
        return structure.payoff_cents
    return structure.payoff_cents + structure.payoff_per_diem_cents * max(0, (contract - good_through).days)


def owed_before_cash_cents(structure: Structure, price: Amount) -> Amount:
    """Return the principal without cash; it may be negative. Negative trade equity adds to it."""
    s = structure
    trade_equity = s.trade_allowance_cents - payoff_cents(s)
    besides = s.fees_cents + s.products_cents - s.discount_cents - s.rebate_cents - trade_equity
    return price + tax_cents(s, price) + besides


def _taxable_besides_price_cents(structure: Structure) -> int:
    s = structure
    credit = 0
    if s.trade_credit:
        cap = s.trade_credit_cap_cents
        credit = s.trade_allowance_cents if cap is None else min(s.trade_allowance_cents, cap)
    rebate = s.rebate_cents if s.rebate_reduces_tax else 0
    return s.taxable_fees_cents + s.taxable_products_cents - s.discount_cents - rebate - credit
