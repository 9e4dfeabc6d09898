"""Working through a pooler that lends a server connection for one transaction: PgBouncer, ``transaction``.

What is set when a connection is opened, or stays behind a transaction, may be another client's next time.
So every statement runs in a transaction that sets what it needs by itself, in the round trip that begins it,
and none is prepared for later. Any version of PgBouncer can do that.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg

from server.database.core.metered import TIMED
from server.errors import UserError

ROLLBACK_SECONDS: Final = 2.0


class SettingsDropped(UserError):
    """A pooler between us and Postgres does not pass on what a session asks for."""

    def __init__(self, dropped: str) -> None:
        super().__init__(dropped)
        self.dropped = dropped

    def __str__(self) -> str:
        return (
            f"the address of the database leads to a pooler that does not pass on {self.dropped}: set"
            " DEAL_POOLER=transaction and DATABASE_LISTEN_URL (docs/operations/postgres.md), or an address"
            " of PostgreSQL itself"
        )


def session_settings(role: str, statement_timeout_ms: int) -> dict[str, str]:
    """Return what a session of ours has set: it acts as ``role``, whatever user it connects as.

    ``jit`` is off: compiling takes longer than these queries.
    """
    return {"role": role, "jit": "off", "statement_timeout": str(statement_timeout_ms)}


async def require_settings(database: asyncpg.Connection, wanted: dict[str, str]) -> None:
    """See that a session has its settings. Raises SettingsDropped."""
    found = await database.fetch(
        "SELECT name, setting FROM pg_settings WHERE name = ANY ($1)"
        " UNION ALL SELECT 'role', current_user::text",
        list(wanted),
    )
    has = {row["name"]: row["setting"] for row in found}
    dropped = [name for name, value in wanted.items() if has.get(name) != value]
    if dropped:
        raise SettingsDropped(", ".join(dropped))


def through_pooler(settings: dict[str, str]) -> type[asyncpg.Connection]:
    """Return the class of connections whose transactions all begin with these settings, also the one around
    a single statement.
    """
    local = "".join(f"; SET LOCAL {name} = '{value}'" for name, value in settings.items())
    own = {name: _in_transaction(getattr(asyncpg.Connection, name), local) for name in TIMED}
    return type("PooledConnection", (asyncpg.Connection,), {"__slots__": (), **own})


def _in_transaction(method: Callable[..., Awaitable[Any]], local: str) -> Callable[..., Awaitable[Any]]:
    async def run(self: asyncpg.Connection, text: str, *args: Any, **options: Any) -> Any:
        if self.is_in_transaction():
            return await method(self, text, *args, **options)
        if text.startswith("BEGIN"):
            return await method(self, text.rstrip(";") + local, *args, **options)
        await asyncpg.Connection.execute(self, f"BEGIN{local}")
        try:
            result = await method(self, text, *args, **options)
        except BaseException:
            await _roll_back(self)
            raise
        await asyncpg.Connection.execute(self, "COMMIT")
        return result

    return run


async def _roll_back(database: asyncpg.Connection) -> None:
    try:
        await asyncpg.Connection.execute(database, "ROLLBACK", timeout=ROLLBACK_SECONDS)
    except (TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresError, OSError):
        database.terminate()
