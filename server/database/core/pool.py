"""Connections to PostgreSQL: a bounded pool for the application, a single one for the owner."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg

from protocol import codec
from server.database.core.metered import MeteredPool
from server.observe.metrics.statements import StatementTimes
from server.settings import Settings

APPLICATION_ROLE = "deal_app"
SYSTEM_ROLE = "deal_system"
SYSTEM_CONNECTIONS = 4
CONNECT_SECONDS = 10.0

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
) -> MeteredPool:
    """Return a pool whose sessions act as ``role``, whatever user they connect as.

    ``statements`` gets the time of each statement. One that takes longer than ``command_timeout`` seconds is
    given up.

    ``jit`` is off: compiling takes longer than these queries. Each statement has ``statement_timeout_ms``.
    Raises what asyncpg raises if the database is unreachable or refuses the role.
    """
    pool = MeteredPool(
        settings.database_url,
        statements,
        min_size=settings.pool_min,
        max_size=settings.pool_max,
        init=prepare_connection,
        reset=_leave_as_it_is,
        timeout=CONNECT_SECONDS,
        command_timeout=command_timeout,
        server_settings={
            "application_name": "deal-architect",
            "jit": "off",
            "role": role,
            "statement_timeout": str(settings.statement_timeout_ms),
        },
    )
    await pool
    return pool


async def _leave_as_it_is(_database: asyncpg.Connection) -> None:
    """Replaces asyncpg's reset query: settings last for one transaction, so there is nothing to reset.

    asyncpg has already rolled back any open transaction.
    """


@asynccontextmanager
async def connect_as_owner(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Hold one connection for migrations, seed and import: statements may take as long as they need."""
    database = await asyncpg.connect(
        owner_url,
        timeout=CONNECT_SECONDS,
        server_settings={"application_name": "deal-architect owner", "jit": "off", "statement_timeout": "0"},
    )
    try:
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
