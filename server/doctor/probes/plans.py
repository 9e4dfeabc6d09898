"""The planner's answer for every hot query, as the application's role and in its kind of transaction."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from protocol import codec
from server.doctor.hot_queries import HotQuery, Place
from server.doctor.probes.deadline import reason_of
from server.doctor.subjects.plans import Plan, nodes_of

MOST_FAILURES: Final = 3
"""So many that cannot be planned say enough: each may wait for a lock."""

ANALYZE_MS: Final = 3_000
LOCK_MS: Final = 500
"""How long one query may take with ANALYZE, and wait for a lock: planning needs a weak one on its tables."""

_PLACE: Final = """
SELECT s.store_id, s.group_id,
       coalesce((SELECT d.deal_id::text FROM deals d WHERE d.store_id = s.store_id LIMIT 1), $1) AS deal_id,
       coalesce((SELECT c.customer_id::text FROM customers c WHERE c.store_id = s.store_id LIMIT 1), $1)
           AS customer_id
  FROM stores s ORDER BY s.inventory_version DESC, s.store_id LIMIT 1
"""
NOBODY: Final = "00000000-0000-0000-0000-000000000000"


async def read_place(database: asyncpg.Connection) -> Place | None:
    """Return the store whose stock changed most, to ask about; None without stores. Raises asyncpg's
    errors.
    """
    row = await database.fetchrow(_PLACE, NOBODY)
    return None if row is None else Place(**dict(row))


def today_utc() -> dt.date:
    """Return the day that searches reckon with."""
    return dt.datetime.now(dt.UTC).date()


async def read_plans(
    queries: Sequence[HotQuery],
    place: Place,
    application: asyncpg.Connection,
    owner: asyncpg.Connection,
    *,
    analyze: bool = False,
) -> list[Plan]:
    """Return the plan of each query. With ``analyze`` it is also run, in a transaction that can only read.

    Queries that lock are only planned. Raises asyncpg's errors if a connection breaks.
    """
    plans: list[Plan] = []
    failures = 0
    for query in queries:
        database = owner if query.owner else application
        plan = await _plan(database, query, place, run=analyze and not query.writes)
        plans.append(plan)
        failures += bool(plan.error)
        if failures == MOST_FAILURES:
            break
    return plans


async def _plan(database: asyncpg.Connection, query: HotQuery, place: Place, *, run: bool) -> Plan:
    sort = "; SET LOCAL enable_sort = off" if query.presorted else ""
    # A query that locks is not even planned in a transaction that can only read.
    mode = "BEGIN READ WRITE" if query.writes else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    timeout = f"; SET LOCAL lock_timeout = {LOCK_MS}; SET LOCAL statement_timeout = {ANALYZE_MS}"
    options = "ANALYZE, BUFFERS, FORMAT JSON" if run else "FORMAT JSON"
    await database.execute(f"{mode}; SET LOCAL deal.store_id = '{place.store_id}'{sort}{timeout}")
    try:
        found = await database.fetchval(f"EXPLAIN ({options}) {query.text}", *query.args)
    except asyncpg.PostgresError as error:
        return Plan(query=query.name, ordered=query.ordered, error=reason_of(error))
    finally:
        if not database.is_closed():
            await database.execute("ROLLBACK")
    top: dict[str, Any] = codec.decode(found)[0]
    return Plan(
        query=query.name,
        nodes=tuple(nodes_of(top["Plan"])),
        ordered=query.ordered,
        wide=query.wide,
        milliseconds=top.get("Execution Time"),
    )
