"""Which versions of stock, rates, risk, taxes and rebates are in force, in one round trip."""

import datetime as dt
from dataclasses import dataclass

from protocol.records import Scope
from server.store.pool import Connection
from server.store.rates import NotInForce

# A group's stock version is the sum over its stores: each only grows, so the sum moves whenever one does.
_IN_FORCE = """
SELECT (SELECT sum(inventory_version)::bigint FROM stores
         WHERE CASE WHEN $1 THEN group_id = $2 ELSE store_id = $3 END) AS inventory,
       (SELECT rates_version FROM rate_sheets
         WHERE effective_from <= $4 AND (effective_to IS NULL OR effective_to >= $4)
         ORDER BY effective_from DESC LIMIT 1) AS rates,
       (SELECT risk_version FROM risk_models WHERE effective_from <= $4
         ORDER BY effective_from DESC LIMIT 1) AS risk,
       (SELECT tax_version FROM tax_tables WHERE effective_from <= $4
         ORDER BY effective_from DESC LIMIT 1) AS tax,
       (SELECT rebates_version FROM rebate_sheets WHERE effective_from <= $4
         ORDER BY effective_from DESC LIMIT 1) AS rebates
"""


_RATES = """
SELECT rates_version FROM rate_sheets
 WHERE effective_from <= $1 AND (effective_to IS NULL OR effective_to >= $1)
 ORDER BY effective_from DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class InForce:
    """The versions in force on one day. There may be no tax table, nor rebates: deals can do without."""

    inventory: int
    rates: str
    risk: str
    tax: str | None = None
    rebates: str | None = None


async def rates_in_force(connection: Connection, today: dt.date) -> str:
    """Return the version of the rate sheet in force. Raises NotInForce."""
    found: str | None = await connection.fetchval(_RATES, today)
    if found is None:
        raise NotInForce("rate sheet", None)
    return found


async def versions_in_force(
    connection: Connection, *, store_id: str, group_id: str, scope: Scope, today: dt.date
) -> InForce:
    """Return what is in force for a store's stock, or for its group's. Raises NotInForce."""
    row = await connection.fetchrow(_IN_FORCE, scope is Scope.GROUP, group_id, store_id, today)
    for what, column in (("rate sheet", "rates"), ("risk model", "risk")):
        if row[column] is None:
            raise NotInForce(what, None)
    return InForce(
        inventory=row["inventory"] or 0,
        rates=row["rates"],
        risk=row["risk"],
        tax=row["tax"],
        rebates=row["rebates"],
    )
