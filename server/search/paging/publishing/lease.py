"""The lease of a search: while its page renews it, no other process continues the search."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from redis.exceptions import RedisError

from server.log.search_log import Lease, SearchLog

RENEWALS = 3
"""Renewals in the time of one lease: two of them may fail before another process takes over."""

MS = 1000

log = structlog.get_logger(__name__)


def new_lease(ms: int) -> Lease:
    """Return a lease of ``ms`` milliseconds with a new, unique owner."""
    return Lease(secrets.token_hex(8), ms)


@asynccontextmanager
async def keep_lease(channels: SearchLog, channel: str, search_id: str, lease: Lease) -> AsyncIterator[None]:
    """Renew a lease while the context lasts, however long the page waits for the database.

    An owner that lost its lease learns that from the log at its next publication.
    """
    renewal = asyncio.create_task(_renew(channels, channel, search_id, lease), name=f"lease {search_id}")
    try:
        yield
    finally:
        renewal.cancel()
        await asyncio.gather(renewal, return_exceptions=True)


async def give_up(channels: SearchLog, channel: str, search_id: str, lease: Lease) -> None:
    """Release a search, so that another process can continue it at once.

    If Redis is unreachable, the search is free when its lease expires.
    """
    try:
        await channels.renew_search(channel, search_id, Lease(lease.owner, 0))
    except RedisError as error:
        log.warning("lease not given up", search_id=search_id, error=error)


async def _renew(channels: SearchLog, channel: str, search_id: str, lease: Lease) -> None:
    held = True
    while held:
        await asyncio.sleep(lease.ms / RENEWALS / MS)
        try:
            held = await channels.renew_search(channel, search_id, lease)
        except RedisError as error:
            log.warning("lease not renewed", search_id=search_id, error=error)
