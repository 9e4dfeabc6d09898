"""The catalogue of F&I products by version, and the sums that it gives to a deal's product lines."""

import asyncpg

from protocol import codec
from protocol.deal.structure import Structure
from protocol.money.products import Catalogue, Product, check_declined, sold_products, with_sums
from server.database.core.pool import Database

PRODUCT_COLUMNS = Product.__struct_fields__

_PRODUCTS = (
    f"SELECT {', '.join(PRODUCT_COLUMNS)} FROM catalogue_products"  # noqa: S608 - names of our own fields
    " WHERE products_version = $1 ORDER BY product_id"
)
_IN_FORCE = """
SELECT products_version FROM product_catalogues
 WHERE effective_from <= (now() AT TIME ZONE 'UTC')::date ORDER BY effective_from DESC LIMIT 1
"""


async def read_catalogue(database: Database, version: str) -> Catalogue:
    """Return the catalogue ``version``; without products if there is none."""
    rows = await database.fetch(_PRODUCTS, version)
    return Catalogue(version=version, products=tuple(_product(row) for row in rows))


async def with_catalogue(
    database: Database, structure: Structure, state: str, before: Structure | None = None
) -> Structure:
    """Return a structure with the sums that the catalogue in force gives to its product lines.

    Without lines it stays as it is. ``state`` is where the car will be registered. Products that were
    declined in ``before`` too may have left the catalogue since.

    Raises StructureError if the catalogue does not have a product, or not at this price.
    """
    already = () if before is None else before.declined_products
    declined = [one for one in structure.declined_products if one not in already]
    if not structure.products and not declined:
        return structure
    version = await database.fetchval(_IN_FORCE)
    catalogue = None if version is None else await read_catalogue(database, version)
    check_declined(declined, catalogue)
    if not structure.products:
        return structure
    return with_sums(structure, sold_products(structure.products, catalogue, state))


def _product(row: asyncpg.Record) -> Product:
    return codec.convert(Product, dict(row))
