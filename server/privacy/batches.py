"""Erases many customers. One that fails stops no other; what is as long for one as for all is done once."""

import datetime as dt
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import asyncpg
from redis.asyncio import Redis

from server.database.decisions.deciding import parse_id
from server.errors import UserError
from server.keep import Keep
from server.observe.faults import fault_of
from server.privacy.erasing import (
    CustomerUnknown,
    Report,
    Request,
    Result,
    Unconfirmed,
    begin_erasing,
    confirm,
    forget_samples,
)
from server.privacy.forgetting import Forgetting
from server.privacy.obligations import DealsOpen

Step = TypeVar("Step")

OF_ONE: Final = (UserError, asyncpg.PostgresError, ValueError, LookupError, ArithmeticError)
"""Errors that rows of a customer may cause, unless they end the connection."""

# A customer who is not there has nothing that stays. The row keeps the warehouse from bringing them back.
_GONE: Final = """
INSERT INTO erasures (customer_id, store_id, request, asked_by, asked_at, digest, erased_at)
SELECT $1, store_id, $3, $4, coalesce($5, now()), kept_digest($1), now() FROM stores WHERE store_id = $2
ON CONFLICT (customer_id) DO NOTHING
"""
# Nobody begins another deal, and `retain` erases the customer once none is open.
_WAITING: Final = """
INSERT INTO erasures (customer_id, store_id, request, asked_by, asked_at)
SELECT customer_id, store_id, $2, $3, coalesce($4, now()) FROM customers WHERE customer_id = $1
ON CONFLICT (customer_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Failed:
    """A customer who was not erased."""

    customer_id: str
    error: Exception

    def __str__(self) -> str:
        # What Postgres says may quote the row.
        known = isinstance(self.error, UserError)
        return str(self.error) if known else f"customer {self.customer_id}: {fault_of(self.error)}"


async def erase_customers(
    database: asyncpg.Connection,
    redis: Redis,
    requests: Sequence[Request],
    keep: Keep,
    *,
    now: dt.datetime,
    report: Report = lambda what, done, total: None,
) -> list[Result | Failed]:
    """Erase customers one after the other, as the schema's owner; return what became of each.

    Raises what asyncpg and Redis raise if a service is away.
    """
    forgetting = Forgetting(redis)
    begun: list[Result | Unconfirmed | Failed] = []
    for done, request in enumerate(requests, 1):
        begun.append(
            await _or_failed(
                database, request, begin_erasing(database, forgetting.begin_anew, request, keep, now=now)
            )
        )
        report("customers", done, len(requests))
    # What is confirmed is not run again, so Redis has forgotten everybody before.
    await forgetting.finish()
    results: list[Result | Failed] = []
    for one in begun:
        if isinstance(one, Unconfirmed):
            results.append(await _or_failed(database, one.request, confirm(database, one)))
        else:
            results.append(one)
    await forget_samples(database)
    return results


async def _or_failed(database: asyncpg.Connection, request: Request, step: Awaitable[Step]) -> Step | Failed:
    try:
        return await step
    except OF_ONE as error:
        if database.is_closed():
            raise
        return Failed(request.customer_id, error)


async def erase_again(
    database: asyncpg.Connection,
    redis: Redis,
    requests: Sequence[Request],
    keep: Keep,
    *,
    now: dt.datetime,
    report: Report = lambda what, done, total: None,
) -> list[Result | Failed]:
    """Erase the customers of a list in a database that was restored, as ``erase_customers`` does.

    A request that nothing could be done for is in ``erasures`` afterwards, too, so that it is in the next
    list.
    """
    results = await erase_customers(database, redis, requests, keep, now=now, report=report)
    for request, result in zip(requests, results, strict=True):
        asked = (request.number, request.by, request.asked_at)
        error = result.error if isinstance(result, Failed) else None
        if isinstance(error, CustomerUnknown) and parse_id(request.customer_id):
            await database.execute(_GONE, request.customer_id, request.store_id, *asked)
        elif isinstance(error, DealsOpen):
            await database.execute(_WAITING, request.customer_id, *asked)
    return results
