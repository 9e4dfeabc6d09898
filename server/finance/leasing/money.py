"""The money of a lease to the cent, for one car or for many at once.

Amounts are whole cents and may be ints or int64 arrays that broadcast together; every named amount is rounded
once. ``base = (adjusted cap - residual) / n + (adjusted cap + residual) * money factor`` (Regulation M,
12 CFR 1013.4(f), names its parts). What is taxed at once is computed from the payments before that tax, so
there is no circle if it is capitalised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from protocol.money.leasing import FACTOR_UNITS
from protocol.money.lending import LeaseTaxMethod, TaxBase, TaxRule
from server.finance.rounding import Cents
from server.finance.rules.taxes import rounded_tax_cents

Amount = int | Cents


@dataclass(frozen=True, slots=True, eq=False)
class LeaseSale:
    """The inputs of a lease other than its cash and discount. Factors are whole numbers of 1 / ``units``.

    ``capitalised`` is what the gross cap holds besides the price: fees, products, an acquisition fee and
    negative equity. ``equity`` is the trade's, 0 or more; ``allowance`` its allowance. ``upfront`` are fees
    paid at signing, ``taxed_upfront`` the taxable part of them, ``taxed_beside`` what a tax on the price
    adds to it, besides ``taxed_products`` or, if the rule knows its own, the products that it taxes.
    """

    price: Amount
    rebate: Amount
    residual: Amount
    months: Amount
    factor: Amount
    capitalised: Amount
    upfront: Amount
    taxed_upfront: Amount
    deposit: Amount
    disposition: Amount
    equity: int
    allowance: int
    taxed_beside: int
    taxed_products: int = 0
    units: int = FACTOR_UNITS


@dataclass(frozen=True, slots=True, eq=False)
class LeaseMoney:
    """The amounts of a lease; names as ``protocol.money.leasing.LeaseAnswer``."""

    gross_cap: Amount
    cap_reduction: Amount
    adjusted_cap: Amount
    payment_untaxed: Amount
    payment: Amount
    payment_tax: Amount
    tax_at_signing: Amount
    tax_capitalised: Amount
    due_at_signing: Amount
    total_out_of_pocket: Amount
    tax: Amount

    @property
    def payment_with_tax(self) -> Amount:
        """What the customer pays each month."""
        return self.payment + self.payment_tax


def lease_money(rules: Sequence[TaxRule], sale: LeaseSale, discount: Amount, cash: Amount) -> LeaseMoney:
    """Return the amounts of a lease under the tax rules of its place."""
    gross = sale.price - discount + sale.capitalised
    reduction = cash + sale.rebate + sale.equity
    untaxed_cap = cast("Amount", gross - reduction)
    untaxed = base_payment_cents(sale, untaxed_cap)
    signing: Amount = 0
    capitalised: Amount = 0
    for rule in rules:
        if rule.lease_method is LeaseTaxMethod.PAYMENT:
            continue
        tax = _tax_at_once(rule, sale, untaxed, discount, cash)
        if rule.lease_capitalised:
            capitalised = capitalised + tax
        else:
            signing = signing + tax
    adjusted = cast("Amount", untaxed_cap + capitalised)
    payment = base_payment_cents(sale, adjusted)
    monthly: Amount = 0
    for rule in rules:
        if rule.lease_method is LeaseTaxMethod.PAYMENT:
            taxed = _taxed_reduction(rule, sale, cash) if _reduction_is_taxed(rule) else 0
            monthly = monthly + _tax(rule, payment)
            # One amount: the first payment's tax and that on what is paid besides it.
            signing = signing + _tax(rule, payment + taxed)
    due = payment + sale.upfront + signing + cash + sale.deposit
    rest = (sale.months - 1) * (payment + monthly)
    return LeaseMoney(
        gross_cap=gross + capitalised,
        cap_reduction=reduction,
        adjusted_cap=adjusted,
        payment_untaxed=untaxed,
        payment=payment,
        payment_tax=monthly,
        tax_at_signing=signing,
        tax_capitalised=capitalised,
        due_at_signing=due,
        total_out_of_pocket=cast("Amount", due - sale.deposit + rest + sale.disposition),
        tax=signing + capitalised + (sale.months - 1) * monthly,
    )


def base_payment_cents(sale: LeaseSale, cap: Amount) -> Amount:
    """Return the base payment on an adjusted cap cost: one division, rounded half up."""
    share = sale.months * sale.units
    whole = (cap - sale.residual) * sale.units + (cap + sale.residual) * sale.factor * sale.months
    return cast("Amount", (2 * whole + share) // (2 * share))


def rent_cents(sale: LeaseSale, cap: Amount, factor: Amount) -> Amount:
    """Return the rent charge of the whole term at a money factor, rounded half up."""
    whole = (cap + sale.residual) * factor * sale.months
    return cast("Amount", (2 * whole + sale.units) // (2 * sale.units))


def _tax_at_once(rule: TaxRule, sale: LeaseSale, payment: Amount, discount: Amount, cash: Amount) -> Amount:
    if rule.lease_method is LeaseTaxMethod.PRICE:
        credit = 0 if rule.base is TaxBase.FULL_PRICE else _capped(rule, sale.allowance)
        rebate = sale.rebate if rule.rebate_reduces_tax else 0
        own = rule.taxable_products_cents
        products = sale.taxed_products if own is None else own
        base = sale.price - discount + sale.taxed_beside + products - rebate - credit
    else:
        base = payment * sale.months
        if _reduction_is_taxed(rule):
            base = base + _taxed_reduction(rule, sale, cash)
    base = np.maximum(base, 0) if isinstance(base, np.ndarray) else max(base, 0)
    most = rule.base_cap_cents
    if most is not None:
        base = np.minimum(base, most) if isinstance(base, np.ndarray) else min(base, most)
    return _tax(rule, base)


def _tax(rule: TaxRule, base: Amount) -> Amount:
    # One function for ints and arrays: its type variable takes one of them, not either.
    return cast("Amount", rounded_tax_cents(rule, cast("Cents", base)))


def _reduction_is_taxed(rule: TaxRule) -> bool:
    if rule.lease_reduction_taxed is not None:
        return rule.lease_reduction_taxed
    return rule.lease_method is LeaseTaxMethod.PAYMENT


def _taxed_reduction(rule: TaxRule, sale: LeaseSale, cash: Amount) -> Amount:
    """Return the taxed part of what reduces the cap cost or is paid at signing besides the payment."""
    rebate = 0 if rule.rebate_reduces_tax else sale.rebate
    credit = 0 if rule.base is TaxBase.FULL_PRICE else _capped(rule, sale.equity)
    return cash + rebate + (sale.equity - credit) + sale.taxed_upfront


def _capped(rule: TaxRule, cents: int) -> int:
    return cents if rule.credit_cap_cents is None else min(cents, rule.credit_cap_cents)
