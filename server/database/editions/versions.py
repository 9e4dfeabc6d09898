"""The editions of rates, risk, taxes, rebates, limits, products and leases in force; a stock's version."""

import datetime as dt
from dataclasses import dataclass

from protocol.records import Scope
from server.database.core.one_row import one_row
from server.database.core.pool import Database
from server.database.decisions.deciding import parse_id
from server.database.editions.rates import NotInForce

_IN_FORCE = """
SELECT (SELECT rates_version FROM rate_sheets
         WHERE effective_from <= $1 AND (effective_to IS NULL OR effective_to >= $1)
         ORDER BY effective_from DESC LIMIT 1) AS rates,
       (SELECT risk_version FROM risk_models WHERE effective_from <= $1
         ORDER BY effective_from DESC LIMIT 1) AS risk,
       (SELECT tax_version FROM tax_tables WHERE effective_from <= $1
         ORDER BY effective_from DESC LIMIT 1) AS tax,
       (SELECT rebates_version FROM rebate_sheets WHERE effective_from <= $1
         ORDER BY effective_from DESC LIMIT 1) AS rebates,
       (SELECT limits_version FROM limit_tables WHERE effective_from <= $1
         ORDER BY effective_from DESC LIMIT 1) AS limits,
       (SELECT products_version FROM product_catalogues WHERE effective_from <= $1
         ORDER BY effective_from DESC LIMIT 1) AS products,
       (SELECT leases_version FROM lease_sheets WHERE effective_from <= $1
         ORDER BY effective_from DESC LIMIT 1) AS leases
"""

# A group's stock version is the sum over its stores. Each only grows, so the sum changes when one does.
_STOCK = """
SELECT (SELECT sum(inventory_version)::bigint FROM stores
         WHERE CASE WHEN $1 THEN group_id = $2 ELSE store_id = $3 END) AS inventory,
       (SELECT version FROM deals WHERE deal_id = $4) AS deal_version
"""


@dataclass(frozen=True, slots=True)
class InForce:
    """The editions in force on one day. Only rate sheet and risk model are required."""

    rates: str
    risk: str
    tax: str | None = None
    rebates: str | None = None
    limits: str | None = None
    products: str | None = None
    leases: str | None = None


async def rates_in_force(database: Database, today: dt.date) -> str:
    """Return the version of the rate sheet in force. Raises NotInForce."""
    return _found("rate sheet", (await one_row(database, _IN_FORCE, today))["rates"])


async def risk_in_force(database: Database, day: dt.date) -> str:
    """Return the version of the risk model in force on a day. Raises NotInForce."""
    return _found("risk model", (await one_row(database, _IN_FORCE, day))["risk"])


async def editions_in_force(database: Database, today: dt.date) -> InForce:
    """Return what is in force on a day. Raises NotInForce."""
    row = await one_row(database, _IN_FORCE, today)
    return InForce(
        rates=_found("rate sheet", row["rates"]),
        risk=_found("risk model", row["risk"]),
        tax=row["tax"],
        rebates=row["rebates"],
        limits=row["limits"],
        products=row["products"],
        leases=row["leases"],
    )


def _found(what: str, version: str | None) -> str:
    if version is None:
        raise NotInForce(what, None)
    return version


async def stock_version(
    database: Database, *, store_id: str, group_id: str, scope: Scope, deal_id: str
) -> tuple[int, int]:
    """Return the version of a store's stock, or of its group's, and that of a deal; 0 if there is none."""
    row = await one_row(database, _STOCK, scope is Scope.GROUP, group_id, store_id, parse_id(deal_id))
    return row["inventory"] or 0, row["deal_version"] or 0
