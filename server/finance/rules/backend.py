"""The backend of a deal: what lenders' caps on products are compared with."""

from typing import NamedTuple

from protocol.money.inputs import DealInputs
from protocol.money.products import ProductKind


class Backend(NamedTuple):
    """Product prices in cents, by the kinds that lenders cap; ``total_cents`` is that of all products."""

    service_contract_cents: int
    gap_cents: int
    total_cents: int


def backend_of(inputs: DealInputs) -> Backend:
    """Return the backend of a deal; without product lines only the total is known."""

    def of(kind: ProductKind) -> int:
        return sum(each.price_cents for each in inputs.products if each.product.kind is kind)

    return Backend(of(ProductKind.SERVICE_CONTRACT), of(ProductKind.GAP), inputs.structure.products_cents)
