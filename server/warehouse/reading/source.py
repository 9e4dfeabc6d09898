"""The warehouse on the wire: one connection, one query at a time, asked again with a growing pause if it
breaks.

asyncpg knows Redshift by a parameter that it sends at the start, and then does without what it lacks.
Prepared statements are not kept, every value is a text, and every result is read whole: no cursors, no
arrays, and no type that the client would have to look up in the catalogue.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import asyncpg
import stamina
import structlog

from server.errors import UserError
from server.warehouse.errors import LayoutError, TooSlow, WarehouseAway, WarehouseRefused
from server.warehouse.layout import Column, Mapped, type_of
from server.warehouse.reading.keyset import Query
from server.warehouse.reading.pacing import Pacing, Patience

VARIABLE: Final = "WAREHOUSE_URL"
BROKEN: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.SerializationError,
    asyncpg.InternalServerError,
)
"""What asking again may help against: also a replica's conflict with its primary, and what Redshift calls an
internal error.
"""

QUERY_GROUP: Final = "deal_sync"
_COLUMNS: Final = """
SELECT CAST(column_name AS VARCHAR) AS name, CAST(data_type AS VARCHAR) AS type FROM {catalogue}
 WHERE table_schema = CAST($1 AS VARCHAR) AND table_name = CAST($2 AS VARCHAR)
"""

log = structlog.get_logger("sync")


class Source(Protocol):
    """What answers queries about the warehouse's rows."""

    async def fetch(self, query: Query) -> Sequence[Any]:
        """Return all rows. Raises TooSlow, WarehouseAway, WarehouseRefused."""


class Warehouse:
    """A warehouse at ``url``. ``breaks`` counts its failures, ``statements`` the queries that it answered."""

    def __init__(self, url: str, pacing: Pacing, patience: Patience) -> None:
        if not url.startswith(("postgresql://", "postgres://")):
            raise LayoutError(VARIABLE, "an address that begins with postgresql://")
        parts = urlsplit(url)
        self._url = url
        self._place = f"{parts.hostname or 'this machine'}{f':{parts.port}' if parts.port else ''}"
        self._pacing = pacing
        self._patience = patience
        self._database: asyncpg.Connection | None = None
        self.is_redshift = False
        self.breaks = 0
        self.statements = 0

    @property
    def busy_seconds(self) -> float:
        """How long it has worked for us."""
        return self._pacing.busy_seconds

    async def fetch(self, query: Query) -> Sequence[Any]:
        """Return all rows of a query, asked again while the warehouse breaks off.

        Raises TooSlow, WarehouseAway, WarehouseRefused.
        """
        attempts = stamina.retry_context(
            on=BROKEN,
            attempts=self._patience.attempts,
            timeout=None,
            wait_initial=self._patience.first_seconds,
            wait_max=self._patience.longest_seconds,
            wait_jitter=self._patience.first_seconds,
        )
        try:
            async for attempt in attempts:
                with attempt:
                    return await self._ask(query)
        except BROKEN as error:
            raise WarehouseAway(self._place, _reason(error)) from None
        raise AssertionError("a retry ends with a result or an error")

    async def now(self) -> str:
        """Return the warehouse's present, in UTC: its clock, not ours, says what has changed since."""
        await self.fetch(("SELECT 1", ()))  # which says what the warehouse is
        present = "SYSDATE" if self.is_redshift else "now() AT TIME ZONE 'UTC'"
        return str((await self.fetch((f"SELECT CAST({present} AS VARCHAR) AS now", ())))[0]["now"])

    async def columns(self, mapped: Mapped) -> list[Column]:
        """Return the columns of a table or view; none if there is no such table."""
        # Of the two, only Redshift's own has views that are bound late.
        catalogue = "svv_columns" if self.is_redshift else "information_schema.columns"
        rows = await self.fetch((_COLUMNS.format(catalogue=catalogue), (mapped.schema, mapped.table)))
        return [Column(row["name"], type_of(row["type"])) for row in rows]

    async def close(self) -> None:
        """Close the connection, if there is one."""
        database, self._database = self._database, None
        if database is not None:
            try:
                await database.close(timeout=self._patience.connect_seconds)
            except BROKEN:
                database.terminate()

    async def _ask(self, query: Query) -> Sequence[Any]:
        sql, arguments = query
        await self._pacing.wait()
        started = time.monotonic()
        try:
            database = await self._connected()
            started = time.monotonic()
            rows: Sequence[Any] = await database.fetch(sql, *arguments)
        except asyncpg.QueryCanceledError:
            raise TooSlow(self._patience.statement_seconds) from None
        except BROKEN as error:
            self.breaks += 1
            log.warning("the warehouse broke off", error=error)
            self._drop()
            raise
        except asyncpg.PostgresError as error:
            raise WarehouseRefused(_reason(error)) from None
        except asyncio.CancelledError:
            self._drop()
            raise
        finally:
            self._pacing.took(time.monotonic() - started)
        self.statements += 1
        return rows

    async def _connected(self) -> asyncpg.Connection:
        if self._database is None or self._database.is_closed():
            self._database = await self._connect()
        return self._database

    async def _connect(self) -> asyncpg.Connection:
        limit = self._patience.statement_seconds
        try:
            database = await asyncpg.connect(
                self._url,
                timeout=self._patience.connect_seconds,
                # Above the server's own limit, for a warehouse that does not answer at all.
                command_timeout=limit + self._patience.connect_seconds,
                statement_cache_size=0,
                server_settings={"application_name": "deal-architect sync"},
            )
        except (ValueError, asyncpg.ClientConfigurationError) as error:
            raise LayoutError(VARIABLE, f"an address of a PostgreSQL server ({error})") from None
        try:
            rows = await database.fetch("SELECT CAST(version() AS VARCHAR) AS version")
            self.is_redshift = "Redshift" in rows[0]["version"]
            await database.execute(f"SET statement_timeout TO {int(limit * 1000)}")
            await database.execute("SET datestyle TO ISO")
            await database.execute("SET timezone TO 'UTC'")
            if self.is_redshift:
                await database.execute(f"SET query_group TO '{QUERY_GROUP}'")
        except BaseException:
            database.terminate()
            raise
        return database

    def _drop(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.terminate()


def _reason(error: BaseException) -> str:
    if isinstance(error, UserError):
        return str(error)
    text = " ".join(str(error).split())
    return text or type(error).__name__
