"""All that is held of a customer, as one JSON object: a list of rows for each table.

The tables of deals are found in the catalogue of the schema, so that a new one is in the export by itself.
"""

from typing import Any, Final

import asyncpg

from protocol import http
from server.privacy.erasing import Request, record, store_of_customer

_TABLES: Final = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND a.attname = 'deal_id' AND NOT a.attisdropped AND c.relname <> 'security_events' ORDER BY 1
"""
OF_DEALS: Final = "deal_id IN (SELECT deal_id FROM deals WHERE customer_id = $1)"
OTHERS: Final = {
    "customers": "customer_id = $1",
    "customer_sources": "customer_id = $1",
    "erasures": "customer_id = $1",
    "lender_stipulations": "decision_id IN"
    " (SELECT decision_id FROM lender_decisions JOIN deals USING (deal_id) WHERE customer_id = $1)",
    "security_events": f"$1 = ANY (customer_ids) OR {OF_DEALS}",
}
"""The other tables that know of customers, each with its condition."""

MEANINGLESS: Final = ["token_hash", "asked", "digest"]
"""Hashes of tokens, and digests of commands and questions."""


async def export_customer(database: asyncpg.Connection, request: Request) -> dict[str, Any]:
    """Return all rows about a customer by table, without MEANINGLESS, and record the export.

    Raises CustomerUnknown.
    """
    store_id = await store_of_customer(database, request.customer_id)
    async with database.transaction(isolation="repeatable_read"):
        exported: dict[str, Any] = {"customer_id": request.customer_id, "request": request.number}
        tables = {row["relname"]: OF_DEALS for row in await database.fetch(_TABLES)}
        for table, where in (OTHERS | tables).items():
            rows = await database.fetch(_query(table, where), request.customer_id, MEANINGLESS)
            exported[table] = [row["row"] for row in rows]
        await record(database, http.SecurityKind.CUSTOMER_EXPORTED, request, store_id)
    return exported


def _query(table: str, where: str) -> str:
    select = "SELECT to_jsonb(t) - $2::text[] AS row"
    return f"{select} FROM {table} t WHERE {where} ORDER BY 1"
