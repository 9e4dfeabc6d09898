"""The stored answer of a lease: the best one with its products, or the limit that refuses it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from msgspec import UnsetType

from protocol.money.menu import QuotedProduct
from protocol.money.products import SoldProduct
from protocol.money.ways import QuotedLease, QuotedLeases
from protocol.records import DealKind
from server.finance.products import with_products
from server.finance.quoting.case import Case
from server.finance.quoting.leases import quote_lease
from server.finance.rules.limits import Limit
from server.finance.value.unearned import gross_cents


def lease_answer(case: Case, found: QuotedLeases | None) -> dict[str, Any]:
    """Return the fields of a ``QuotedStructure`` that a lease has. ``found`` is None without a lease sheet.

    Raises StructureError if the address has no tax rule.
    """
    if found is None:
        found = QuotedLeases(eligible=False, binding=Limit.LEASE_CAR.wire)
    fields: dict[str, Any] = {
        "eligible": found.eligible,
        "kind": DealKind.LEASE,
        "lease": found,
        "binding": found.binding,
        "fix": None,
    }
    best = found.best
    if isinstance(best, UnsetType):
        return fields
    fields |= {
        "discount_cents": best.discount_cents,
        "cash_down_cents": best.cash_down_cents,
        "term_months": best.term_months,
        "tax_cents": best.tax_cents,
        "lender": best.lender,
        "programme_id": best.programme_id,
        "stipulations": best.stipulations,
    }
    products = _lines(case, best)
    return fields | ({"products": products} if products else {})


def _lines(case: Case, best: QuotedLease) -> list[QuotedProduct]:
    """Return each product with the payment of the same lease without it, with tax; 0 if that is no lease."""
    sold = case.inputs.products
    return [
        QuotedProduct(
            product_id=each.product.product_id,
            kind=each.product.kind,
            name=each.product.name,
            provider=each.product.provider,
            price_cents=each.price_cents,
            term_months=each.term_months,
            payment_without_cents=(
                without := _payment_with(case, best, [one for one in sold if one is not each])
            ),
            adds_cents=best.payment_with_tax_cents - without if without else 0,
            cost_cents=each.product.cost_cents,
            gross_cents=gross_cents(each),
        )
        for each in sold
    ]


def _payment_with(case: Case, best: QuotedLease, sold: Sequence[SoldProduct]) -> int:
    """Return the payment of a lease with exactly these products; 0 if it cannot be one."""
    same = replace(
        case,
        inputs=with_products(case.inputs, sold),
        programme_id=best.programme_id if isinstance(best.programme_id, str) else None,
    ).under(
        kind=DealKind.LEASE,
        term_months=best.term_months,
        lease_miles_per_year=best.miles_per_year,
        cash_down_cents=best.cash_down_cents,
        cash_down_max_cents=best.cash_down_cents,
        discount_cents=best.discount_cents,
        payment_max_cents=None,
    )
    found = quote_lease(same)
    priced = None if found is None else found.best
    return 0 if priced is None or isinstance(priced, UnsetType) else priced.payment_with_tax_cents
