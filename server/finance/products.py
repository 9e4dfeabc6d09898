"""A deal's inputs with other products than its own, and the menu that it has them from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from msgspec.structs import replace

from protocol.money.inputs import DealInputs
from protocol.money.products import Catalogue, SoldProduct, sold_at, taxing, with_sums


@dataclass(frozen=True)
class Menu:
    """The catalogue in force as a deal sees it: ``state`` is where the car will be registered."""

    catalogue: Catalogue
    state: str

    @cached_property
    def retail(self) -> tuple[SoldProduct, ...]:
        """Every product at its retail price and the catalogue's term."""
        return tuple(
            sold_at(product, product.retail_cents, None, self.state) for product in self.catalogue.products
        )


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
