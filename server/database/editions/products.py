"""The catalogue of F&I products by version."""

from protocol.money.products import Catalogue
from server.database.core.catalogue import read_catalogue
from server.database.core.pool import Database
from server.database.editions.rates import NotInForce


async def load_catalogue(database: Database, version: str) -> Catalogue:
    """Return the catalogue ``version``. Raises NotInForce."""
    catalogue = await read_catalogue(database, version)
    if not catalogue.products:
        raise NotInForce("product catalogue", version)
    return catalogue
