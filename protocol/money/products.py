"""The store's catalogue of F&I products, and the products of a deal as they are priced.

An edition of the catalogue never changes. Amounts are integer cents. Costs are for the desk only.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from protocol.deal.product_lines import ProductLine
from protocol.deal.structure import Structure, StructureError
from protocol.money.lending import TaxRule

MAX_PACKAGES: Final = 4

MOST_OVER_RETAIL: Final = 2
"""A product is sold at up to twice its retail price. The limit says nothing about its cost."""

EVERYWHERE: Final = "all"
"""In ``taxable_in``: every jurisdiction taxes the product."""


class ProductKind(StrEnum):
    """The kinds of F&I products. Lenders limit some of them."""

    SERVICE_CONTRACT = "service_contract"
    GAP = "gap"
    MAINTENANCE = "maintenance"
    TIRE_WHEEL = "tire_wheel"
    APPEARANCE = "appearance"
    THEFT = "theft"
    KEY = "key"
    OTHER = "other"


class Earning(StrEnum):
    """How a product's price is earned over its term; what is not earned is given back when the contract ends
    early.
    """

    PRO_RATA = "pro_rata"
    RULE_OF_78 = "rule_of_78"
    NOT_CANCELLABLE = "not_cancellable"


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the catalogue.

    ``taxable_in`` names states (``OH``) and jurisdictions of the tax table that tax the product, or
    EVERYWHERE. ``term_months`` None is the contract's term. ``lenders`` pairs each lender that accepts the
    product with the most that it finances of its price, None without a cap; an empty tuple: every lender
    accepts it. ``packages`` names the packages that it is part of.
    """

    product_id: str
    kind: ProductKind
    name: str
    provider: str
    retail_cents: int
    cost_cents: int
    taxable_in: tuple[str, ...] = ()
    term_months: int | None = None
    earning: Earning = Earning.PRO_RATA
    lenders: tuple[tuple[str, int | None], ...] = ()
    packages: tuple[str, ...] = ()

    def is_taxed(self, state: str, jurisdiction: str = "") -> bool:
        """Return whether a jurisdiction of ``state`` taxes it; without one, whether the state does."""
        names = {EVERYWHERE, state, jurisdiction} - {""}
        return not names.isdisjoint(self.taxable_in)

    def accepted_cents(self, lender: str) -> int | None:
        """Return the highest price that a lender finances: 0 if it refuses the product, None if it has no
        cap.
        """
        return dict(self.lenders).get(lender, 0) if self.lenders else None


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All products of one edition, in the order of their ids."""

    version: str
    products: tuple[Product, ...]

    def packages(self) -> dict[str, tuple[Product, ...]]:
        """Return the packages by name with their products, the dearest package first."""
        names = dict.fromkeys(name for product in self.products for name in product.packages)
        found = {
            name: tuple(product for product in self.products if name in product.packages) for name in names
        }

        def dearest(name: str) -> tuple[int, str]:
            return -sum(product.retail_cents for product in found[name]), name

        return {name: found[name] for name in sorted(found, key=dearest)}


class SoldProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product of a deal at its price. ``taxable``: the state of the registration address taxes it."""

    product: Product
    price_cents: int
    term_months: int | None = None
    taxable: bool = False

    def is_accepted(self, lender: str) -> bool:
        """Return whether a lender finances it at its price."""
        cap = self.product.accepted_cents(lender)
        return cap is None or self.price_cents <= cap


def sold_products(
    lines: Sequence[ProductLine], catalogue: Catalogue | None, state: str
) -> tuple[SoldProduct, ...]:
    """Return the products of a deal, registered in ``state``, from its lines.

    Raises StructureError if the catalogue has no such product, or the price is out of bounds.
    """
    known = _by_id(catalogue)
    sold = []
    for line in lines:
        product = known.get(line.product_id)
        if product is None:
            raise _unknown("products", line.product_id)
        most = MOST_OVER_RETAIL * product.retail_cents
        if line.price_cents > most:
            raise StructureError("products", f"expected at most {most} cents for {product.name}")
        sold.append(sold_at(product, line.price_cents, line.term_months, state))
    return tuple(sold)


def check_declined(product_ids: Sequence[str], catalogue: Catalogue | None) -> None:
    """Raise StructureError if the catalogue does not have one of the declined products."""
    known = _by_id(catalogue)
    for product_id in product_ids:
        if product_id not in known:
            raise _unknown("declined_products", product_id)


def _by_id(catalogue: Catalogue | None) -> dict[str, Product]:
    return {} if catalogue is None else {product.product_id: product for product in catalogue.products}


def _unknown(field: str, product_id: str) -> StructureError:
    return StructureError(field, f"expected a product of the catalogue in force instead of {product_id!r}")


def sold_at(product: Product, price_cents: int, term_months: int | None, state: str) -> SoldProduct:
    """Return a product at a price; ``term_months`` None is the catalogue's term."""
    return SoldProduct(
        product=product,
        price_cents=price_cents,
        term_months=product.term_months if term_months is None else term_months,
        taxable=product.is_taxed(state),
    )


def with_sums(structure: Structure, sold: Sequence[SoldProduct]) -> Structure:
    """Return the structure with the sums of its products: price, taxable part, cost."""
    return replace(
        structure,
        products_cents=sum(each.price_cents for each in sold),
        taxable_products_cents=sum(each.price_cents for each in sold if each.taxable),
        products_cost_cents=sum(each.product.cost_cents for each in sold),
    )


def taxing(rules: Sequence[TaxRule], sold: Sequence[SoldProduct]) -> tuple[TaxRule, ...]:
    """Return the rules, each with the price of the products that its jurisdiction taxes."""
    return tuple(
        replace(
            rule,
            taxable_products_cents=sum(
                each.price_cents for each in sold if each.product.is_taxed(rule.state, rule.jurisdiction)
            ),
        )
        for rule in rules
    )
