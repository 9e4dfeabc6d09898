"""F&I products in replies: the lines of a quote, the menu around it, and the catalogue.

Every product is optional. Amounts are integer cents. Fields that a view hides are absent; cost, gross and
chargebacks are for the desk.
"""

import msgspec
from msgspec import UNSET, UnsetType

from protocol.money.products import Earning, ProductKind


class QuotedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product of a quoted contract. ``adds_cents`` is what it adds to the payment.

    ``payment_without_cents`` is the payment of the same car, lender, rate, term, cash and discount without
    it; ``term_months`` null is the contract's term. ``chargebacks_cents`` is the part of its gross that is
    expected to be given back.
    """

    product_id: str
    kind: ProductKind
    name: str
    provider: str
    price_cents: int
    term_months: int | None
    payment_without_cents: int
    adds_cents: int
    optional: bool = True
    cost_cents: int | UnsetType = UNSET
    gross_cents: int | UnsetType = UNSET
    chargebacks_cents: int | UnsetType = UNSET


class OfferedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product of the catalogue that the deal does not have, at its retail price: what it would add.

    ``accepted``: the quoted lender finances it at this price.
    """

    product_id: str
    kind: ProductKind
    name: str
    provider: str
    price_cents: int
    term_months: int | None
    adds_cents: int
    declined: bool
    optional: bool = True
    accepted: bool | UnsetType = UNSET


class PackageLine(msgspec.Struct, frozen=True, kw_only=True):
    """A product of a package, as it would become a line of the deal: at the deal's price, else at retail."""

    product_id: str
    name: str
    price_cents: int
    term_months: int | None
    optional: bool = True


class MenuPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package of the menu: its price, and the payment with it instead of the deal's products.

    ``adds_cents`` is its payment less the one without products. ``chosen``: the deal has exactly these.
    """

    name: str
    lines: list[PackageLine]
    price_cents: int
    payment_cents: int
    adds_cents: int
    total_of_payments_cents: int
    chosen: bool
    accepted: bool | UnsetType = UNSET


class QuoteMenu(msgspec.Struct, frozen=True, kw_only=True):
    """The products beside a quoted contract, all for the same car, lender, rate, term, cash and discount.

    ``payment_without_cents`` and ``total_without_cents`` are payment and total of payments without any
    product, of which there is always the choice. There are at most four packages, the dearest first.
    """

    payment_without_cents: int
    total_without_cents: int
    offered: list[OfferedProduct]
    packages: list[MenuPackage]


class LenderCap(msgspec.Struct, frozen=True, kw_only=True):
    """A lender that finances a product, and the most that it finances of its price; None without a cap."""

    lender: str
    cap_cents: int | None


class CatalogueProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product of the store's catalogue.

    ``taxable``: the state where the car will be registered taxes it. ``lenders`` are those that finance
    it; an empty list: all do.
    """

    product_id: str
    kind: ProductKind
    name: str
    provider: str
    retail_cents: int
    term_months: int | None
    taxable: bool
    optional: bool = True
    cancellable: bool | UnsetType = UNSET
    earning: Earning | UnsetType = UNSET
    lenders: list[LenderCap] | UnsetType = UNSET
    cost_cents: int | UnsetType = UNSET


class CataloguePackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package: its name and its products."""

    name: str
    product_ids: list[str]


class ProductsReply(msgspec.Struct, frozen=True, kw_only=True):
    """The ``data`` of the reply to ``products``: the catalogue in force. Without one all is empty."""

    catalogue_version: str | None
    products: list[CatalogueProduct]
    packages: list[CataloguePackage]
