"""The lease of a search: as long as its page is alive, nobody else goes on with it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from redis.exceptions import RedisError

from server.log.search_log import Lease, SearchLog

RENEWALS = 3
"""In the time of one lease: a renewal may fail twice before anybody takes over."""

MS = 1000

log = structlog.get_logger(__name__)


def new_lease(ms: int) -> Lease:
    """Return a lease of an owner that nobody else is."""
    return Lease(secrets.token_hex(8), ms)


@asynccontextmanager
async def keep_lease(channels: SearchLog, channel: str, search_id: str, lease: Lease) -> AsyncIterator[None]:
    """Renew a lease while the context lasts, however long the page waits for the database.

    Whoever lost it is told by the log, at the next publication.
    """
    renewal = asyncio.create_task(_renew(channels, channel, search_id, lease), name=f"lease {search_id}")
    try:
        yield
    finally:
        renewal.cancel()
        await asyncio.gather(renewal, return_exceptions=True)


async def give_up(channels: SearchLog, channel: str, search_id: str, lease: Lease) -> None:
    """Let anybody go on with a search at once; where Redis is out of reach, when the lease has run out."""
    try:
        await channels.renew_search(channel, search_id, Lease(lease.owner, 0))
    except RedisError as error:
        log.warning("lease not given up", search_id=search_id, error=repr(error))


async def _renew(channels: SearchLog, channel: str, search_id: str, lease: Lease) -> None:
    held = True
    while held:
        await asyncio.sleep(lease.ms / RENEWALS / MS)
        try:
            held = await channels.renew_search(channel, search_id, lease)
        except RedisError as error:
            log.warning("lease not renewed", search_id=search_id, error=repr(error))
