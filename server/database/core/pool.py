"""Connections to PostgreSQL: a bounded pool for the application, a single one for the owner."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg

from protocol import codec
from server.database.core.guard import OUTAGES
from server.database.core.metered import MeteredPool
from server.database.core.pooler import SettingsDropped, require_settings, session_settings, through_pooler
from server.database.core.same_database import SameDatabase
from server.observe.metrics.statements import StatementTimes
from server.settings import Settings

APPLICATION_ROLE = "deal_app"
SYSTEM_ROLE = "deal_system"
SYSTEM_CONNECTIONS = 4
CONNECT_SECONDS = 10.0
LONGEST_STATEMENT_MS = 2**31 - 1
"""No limit for the owner. Zero would be none either, but what a pooler drops is zero, too."""

Database = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


async def open_system_pool(settings: Settings, statements: StatementTimes | None = None) -> MeteredPool:
    """Return a small pool whose sessions act as the system's role, which sees the rows of every store.

    ``statements`` and errors as of ``open_pool``.
    """
    own = replace(
        settings,
        database_url=settings.database_system_url or settings.database_url,
        pool_min=0,
        pool_max=SYSTEM_CONNECTIONS,
    )
    return await open_pool(own, statements, role=SYSTEM_ROLE)


async def open_pool(
    settings: Settings,
    statements: StatementTimes | None = None,
    *,
    role: str = APPLICATION_ROLE,
    command_timeout: float | None = None,
    same: SameDatabase | None = None,
) -> MeteredPool:
    """Return a pool whose sessions act as ``role``, whatever user they connect as.

    ``statements`` gets the time of each statement. One that takes longer than ``command_timeout`` seconds is
    given up. ``same`` looks at each new connection; give one to look at others, too.

    Each statement has ``statement_timeout_ms``. The process ends if a later connection finds a restored
    database. Raises what asyncpg raises if the database is unreachable or refuses the role, and
    SettingsDropped for a pooler that the settings do not name.
    """
    own = session_settings(role, settings.statement_timeout_ms)
    same = same or SameDatabase()

    async def prepare(database: asyncpg.Connection) -> None:
        if not settings.is_pooled:
            await require_settings(database, own)
        await prepare_connection(database)
        await same.check(database)

    options: dict[str, Any] = {
        "min_size": settings.pool_min,
        "max_size": settings.pool_max,
        "init": prepare,
        "reset": _leave_as_it_is,
        "timeout": CONNECT_SECONDS,
        "command_timeout": command_timeout,
    }
    name = {"application_name": "deal-architect"}
    if settings.is_pooled:
        pool = MeteredPool(
            settings.database_url,
            statements,
            through_pooler(own),
            # Nothing is prepared: the next statement may run on another server connection.
            statement_cache_size=0,
            server_settings=name,
            **options,
        )
    else:
        pool = MeteredPool(settings.database_url, statements, server_settings=name | own, **options)
    with _poolers_explained():
        await pool
    return pool


async def check_settings(pool: asyncpg.Pool) -> None:
    """See that a pool that has not connected yet gets what it asks for; one that cannot connect now is no
    matter of this. Raises SettingsDropped.
    """
    with contextlib.suppress(*OUTAGES), _poolers_explained():
        async with pool.acquire(timeout=CONNECT_SECONDS):
            pass


@contextlib.contextmanager
def _poolers_explained() -> Iterator[None]:
    try:
        yield
    except asyncpg.ProtocolViolationError as error:
        # PgBouncer refuses a session whose settings it could not keep.
        raise SettingsDropped("what a session asks for") from error


async def _leave_as_it_is(_database: asyncpg.Connection) -> None:
    """Replaces asyncpg's reset query: settings last for one transaction, so there is nothing to reset.

    asyncpg has already rolled back any open transaction.
    """


@asynccontextmanager
async def connect_as_owner(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Hold one connection for migrations, seed and import: statements may take as long as they need.

    Raises SettingsDropped if a pooler is in the way.
    """
    own = {"jit": "off", "statement_timeout": str(LONGEST_STATEMENT_MS)}
    with _poolers_explained():
        database = await asyncpg.connect(
            owner_url,
            timeout=CONNECT_SECONDS,
            server_settings={"application_name": "deal-architect owner", **own},
        )
    try:
        await require_settings(database, own)
        await prepare_connection(database)
        yield database
    finally:
        await database.close()


async def prepare_connection(database: asyncpg.Connection) -> None:
    """Convert ``jsonb`` with our codec: columns accept and return plain values."""
    await database.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: codec.encode(value).decode(),
        decoder=codec.decode,
    )
