"""Sales tax: at the deal's rate if it states one, else by the rules of the registration address.

Amounts are whole cents; price, discount and rebate may be ints or int64 arrays that broadcast together, and
the tax has their common shape. Each jurisdiction's tax is rounded once, by its own rule. Tax never decreases
with the price. The rules are data (``lending.TaxTable``); none is hard-coded.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from protocol.deal.structure import Structure, StructureError
from protocol.money.lending import Rounding, TaxBase, TaxRule, TaxTable
from server.finance.rounding import WHOLE, Cents, hundredths_of_bp

Amount = TypeVar("Amount", int, Cents)

STATED_RATE = "stated-rate-1"
"""The tax version of a deal that states its rate: its tax uses no table."""

DEAL_JURISDICTION = "stated rate"
"""The jurisdiction's name if the deal states its rate."""

_ADDED_BEFORE_DIVISION = {Rounding.HALF_UP: WHOLE // 2, Rounding.UP: WHOLE - 1, Rounding.DOWN: 0}


def rules_for(table: TaxTable, state: str, postal_code: str) -> tuple[TaxRule, ...]:
    """Return the rules that tax a car registered there, in the table's order; empty if none does."""
    return tuple(
        rule
        for rule in table.rules
        if rule.state == state and postal_code.strip().startswith(rule.postal_prefix)
    )


def check_taxable(structure: Structure, rules: Sequence[TaxRule], place: str) -> None:
    """Raise StructureError if the deal states no rate and no rule taxes ``place``: tax is never guessed."""
    if structure.tax_rate_bp is None and not rules:
        raise StructureError("tax_rate_bp", f"no tax rule for {place}: enter a tax rate")


def tax_version(structure: Structure, table_version: str) -> str:
    """Return the version behind the deal's tax: its own rate, or the tax table."""
    return table_version if structure.tax_rate_bp is None else STATED_RATE


def tax_cents(
    structure: Structure,
    rules: Sequence[TaxRule],
    price: Amount,
    discount: Amount | int,
    rebate: Amount | int,
) -> Amount:
    """Return the sales tax of all jurisdictions together.

    ``price`` is the selling price before ``discount``; ``rebate`` all that a manufacturer pays. Raises
    StructureError if the structure states no rate and there is no rule.
    """
    price_and_fees = price - discount + structure.taxable_fees_cents
    total = 0 * (price_and_fees - rebate)
    for rule in applied_rules(structure, rules):
        total = total + _rule_tax_cents(structure, rule, price_and_fees, rebate)
    return total


def tax_by_jurisdiction(
    structure: Structure, rules: Sequence[TaxRule], price: int, discount: int, rebate: int
) -> list[tuple[str, int]]:
    """Return each jurisdiction with its tax, in the order of the rules; they add up to ``tax_cents``.

    Raises StructureError as ``tax_cents``.
    """
    price_and_fees = price - discount + structure.taxable_fees_cents
    return [
        (rule.jurisdiction, int(_rule_tax_cents(structure, rule, price_and_fees, rebate)))
        for rule in applied_rules(structure, rules)
    ]


def applied_rules(structure: Structure, rules: Sequence[TaxRule]) -> Iterator[TaxRule]:
    """Yield the rules, or the one that a stated rate amounts to."""
    s = structure
    if s.tax_rate_bp is None:
        check_taxable(s, rules, "the address")
        yield from rules
        return
    yield TaxRule(
        jurisdiction=DEAL_JURISDICTION,
        state="",
        rate_bp=float(s.tax_rate_bp),
        base=TaxBase.NET_OF_TRADE if s.trade_credit else TaxBase.FULL_PRICE,
        credit_cap_cents=s.trade_credit_cap_cents,
        rebate_reduces_tax=s.rebate_reduces_tax,
    )


def _rule_tax_cents(
    structure: Structure, rule: TaxRule, price_and_fees: Amount, rebate: Amount | int
) -> Amount:
    """Return one rule's tax on the discounted price with taxable fees, and on the products that it taxes."""
    own = rule.taxable_products_cents
    products = structure.taxable_products_cents if own is None else own
    base = (
        price_and_fees
        + (products - _credit_cents(structure, rule))
        - (rebate if rule.rebate_reduces_tax else 0)
    )
    base = base * (base > 0)
    cap = rule.base_cap_cents
    if cap is not None:
        base = np.minimum(base, cap) if isinstance(base, np.ndarray) else min(base, cap)
    return rounded_tax_cents(rule, base)


def rounded_tax_cents(rule: TaxRule, base: Amount) -> Amount:
    """Return a rule's tax on an amount of 0 or more, rounded as the rule says."""
    return (base * hundredths_of_bp(rule.rate_bp) + _ADDED_BEFORE_DIVISION[rule.rounding]) // WHOLE


def _credit_cents(structure: Structure, rule: TaxRule) -> int:
    if rule.base is TaxBase.FULL_PRICE:
        return 0
    cap = rule.credit_cap_cents
    return structure.trade_allowance_cents if cap is None else min(structure.trade_allowance_cents, cap)
