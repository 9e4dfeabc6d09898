"""The catalogue of F&I products for a deal: the answer to ``products``, and the menu of a quote."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.money.menu import CataloguePackage, CatalogueProduct, LenderCap, ProductsReply
from protocol.money.products import Catalogue, Earning, Product
from protocol.records import View
from server.clock import utc_now
from server.database.core.scope import StoreScopes
from server.database.deals.deals import Deal
from server.database.editions.rates import NotInForce
from server.hub.sight.products_seen import project_products
from server.work.editions import Editions


class Catalogues:
    """Reads the catalogue in force."""

    def __init__(
        self,
        stores: StoreScopes,
        editions: Editions,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._stores = stores
        self._editions = editions
        self._today = today

    async def reply(self, deal: Deal, view: View) -> dict[str, Any]:
        """Return the projected data of ``products`` for a deal. Raises CommandError(degraded)."""
        try:
            catalogue = await self._in_force(deal)
        except NotInForce as error:
            raise CommandError(ErrorCode.DEGRADED, f"No catalogue can be shown: {error}.") from error
        shown: dict[str, Any] = project_products(codec.plain(_reply(catalogue, deal.customer.state)), view)
        return shown

    async def _in_force(self, deal: Deal) -> Catalogue | None:
        version = (await self._editions.in_force(self._today())).products
        if version is None:
            return None
        async with self._stores.of(deal.store_id).acquire() as database:
            return await self._editions.tables.products(database, version)


def _reply(catalogue: Catalogue | None, state: str) -> ProductsReply:
    if catalogue is None:
        return ProductsReply(catalogue_version=None, products=[], packages=[])
    return ProductsReply(
        catalogue_version=catalogue.version,
        products=[_shown(product, state) for product in catalogue.products],
        packages=[
            CataloguePackage(name=name, product_ids=[product.product_id for product in products])
            for name, products in catalogue.packages().items()
        ],
    )


def _shown(product: Product, state: str) -> CatalogueProduct:
    return CatalogueProduct(
        product_id=product.product_id,
        kind=product.kind,
        name=product.name,
        provider=product.provider,
        retail_cents=product.retail_cents,
        term_months=product.term_months,
        taxable=product.is_taxed(state),
        cancellable=product.earning is not Earning.NOT_CANCELLABLE,
        earning=product.earning,
        lenders=[LenderCap(lender=lender, cap_cents=cap) for lender, cap in product.lenders],
        cost_cents=product.cost_cents,
    )
