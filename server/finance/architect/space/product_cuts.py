"""The ways to make lenders accept a deal's products: one product less, or one at a lower price."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from protocol.money.inputs import DealInputs
from protocol.money.products import SoldProduct
from server.finance.plan import Plan, plan_deal
from server.finance.products import with_products

MOST_CUTS = 6
"""The most cuts that are tried for a deal: the cheapest ones."""


@dataclass(frozen=True, slots=True)
class ProductCut:
    """A product without which a lender takes the deal, or with a price of ``price_cents``. ``less_cents`` is
    what the customer no longer pays for it.
    """

    product_id: str
    price_cents: int | None
    less_cents: int


def reduced_plans(plan: Plan) -> list[tuple[ProductCut, Plan]]:
    """Return each cut that gives more programmes, with the plan after it, the cheapest first; none if every
    programme takes the products.
    """
    if plan.refuses_products is None:
        return []
    refused = int(plan.refuses_products.sum())
    cuts = sorted(_cuts(plan), key=lambda cut: (cut.less_cents, cut.product_id))
    plans = [(cut, plan_deal(_after(plan.inputs, cut), plan.sheet)) for cut in cuts[:MOST_CUTS]]
    return [
        (cut, less)
        for cut, less in plans
        if less.refuses_products is None or int(less.refuses_products.sum()) < refused
    ]


def _cuts(plan: Plan) -> set[ProductCut]:
    """Return the cuts that satisfy one lender about one product."""
    lenders = set(plan.programmes.lender.tolist())
    return {
        _cut(each, lender)
        for each in plan.inputs.products
        for lender in lenders
        if not each.is_accepted(lender)
    }


def _cut(sold: SoldProduct, lender: str) -> ProductCut:
    price = sold.product.accepted_cents(lender) or None
    return ProductCut(sold.product.product_id, price, sold.price_cents - (price or 0))


def _after(inputs: DealInputs, cut: ProductCut) -> DealInputs:
    return with_products(inputs, _kept(inputs.products, cut))


def _kept(sold: Sequence[SoldProduct], cut: ProductCut) -> list[SoldProduct]:
    kept = []
    for each in sold:
        if each.product.product_id != cut.product_id:
            kept.append(each)
        elif cut.price_cents is not None:
            kept.append(replace(each, price_cents=cut.price_cents))
    return kept
