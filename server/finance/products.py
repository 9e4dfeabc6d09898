"""A deal's inputs with other products than its own."""

from collections.abc import Sequence

from msgspec.structs import replace

from protocol.money.inputs import DealInputs
from protocol.money.products import SoldProduct, taxing, with_sums


def with_products(inputs: DealInputs, sold: Sequence[SoldProduct]) -> DealInputs:
    """Return the inputs with exactly these products: their sums, their taxes, their acceptance by lenders.

    They need not be lines of the structure, whose own lines stay as they are.
    """
    return replace(
        inputs,
        structure=with_sums(inputs.structure, sold),
        products=tuple(sold),
        tax_rules=taxing(inputs.tax_rules, sold),
    )
