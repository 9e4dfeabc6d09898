"""What Postgres says of itself, of its tables and of open transactions. Nothing here writes."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import asyncpg

from server.database.core.migrate import newest_revision
from server.database.core.pool import APPLICATION_ROLE
from server.doctor.probes.deadline import CONNECT_SECONDS
from server.doctor.subjects.clocks import Clock
from server.doctor.subjects.indexes import Index
from server.doctor.subjects.locks import OpenTransaction, without_values
from server.doctor.subjects.postgres import Connections, PostgresFacts
from server.doctor.subjects.statistics import Table
from server.settings import Settings, is_loopback

PROGRAM: Final = "deal-architect doctor"
OURS: Final = "deal-architect%"
LISTENER: Final = "deal-architect listener"
SESSION: Final = {
    "application_name": PROGRAM,
    "default_transaction_read_only": "on",
    "statement_timeout": "2000",
    "lock_timeout": "500",
    "jit": "off",
}

_SETTINGS: Final = """
SELECT name, setting, unit FROM pg_settings WHERE name = ANY ($1)
"""
_READ: Final = (
    "server_version", "server_version_num", "max_connections", "superuser_reserved_connections",
    "reserved_connections", "fsync", "full_page_writes", "synchronous_commit", "shared_buffers", "work_mem",
    "autovacuum",
)  # fmt: skip
_STATE: Final = """
SELECT pg_is_in_recovery() AS in_recovery,
       (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()) AS age,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
           AND application_name <> $1) AS used,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
           AND application_name LIKE $2 AND application_name <> $1) AS ours,
       (SELECT count(*) FROM pg_stat_activity WHERE application_name = $3
           AND datname = current_database()) AS listeners
"""
# The sizes of the planner, which need no lock on the tables: somebody may hold one exclusively.
_TABLES: Final = """
SELECT c.relname AS name, c.relpages::bigint * current_setting('block_size')::bigint AS bytes,
       c.reltuples::bigint AS planned, coalesce(s.n_live_tup, 0) AS live, coalesce(s.n_dead_tup, 0) AS dead,
       coalesce(s.n_mod_since_analyze, 0) AS changed,
       extract(epoch FROM clock_timestamp() - greatest(s.last_analyze, s.last_autoanalyze))::float8 AS ago,
       NOT coalesce('autovacuum_enabled=false' = ANY (c.reloptions)
                    OR 'autovacuum_enabled=off' = ANY (c.reloptions), false) AS autovacuum
  FROM pg_class c LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname
"""
_INDEXES: Final = """
SELECT i.relname AS name, t.relname AS table, m.amname AS method, x.indisunique AS unique,
       x.indpred IS NOT NULL AS partial, x.indisvalid AND x.indisready AS valid,
       (SELECT array_agg(coalesce(a.attname::text, '()') ORDER BY k.place)
          FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k (number, place)
          LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number AND k.number > 0) AS
          columns, coalesce((SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.relname, o.conname,
                               pg_get_constraintdef(o.oid))
                   FROM pg_constraint o WHERE o.conindid = i.oid AND o.contype IN ('p', 'u', 'x') LIMIT 1),
                pg_get_indexdef(i.oid)) AS made_by
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
  JOIN pg_am m ON m.oid = i.relam
 WHERE t.relnamespace = 'public'::regnamespace AND t.relname <> 'alembic_version' AND NOT t.relispartition
 ORDER BY t.relname,
 i.relname
"""
# waitstart came with version 14; without it, the last change of state is as near. A session of a role that
# we may
# not look into has no state: it may be the one that holds others up.
_OPEN: Final = """
SELECT a.pid, coalesce(a.application_name, '') AS program, coalesce(a.usename, '') AS user,
       coalesce(host(a.client_addr), '') AS address, coalesce(a.state, '') AS state,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS open_seconds,
       extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS state_seconds,
       coalesce(a.query, '') AS statement, pg_blocking_pids(a.pid) AS blocked_by,
       (SELECT extract(epoch FROM clock_timestamp()
                    - coalesce((to_jsonb(l) ->> 'waitstart')::timestamptz, a.state_change))::float8 * 1000
          FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted LIMIT 1) AS waits_ms,
       (SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
         WHERE l.pid = a.pid AND (l.locktype = 'tuple' OR NOT l.granted) LIMIT 1) AS waits_for
  FROM pg_stat_activity a
 WHERE a.backend_type = 'client backend' AND a.datname = current_database() AND a.pid <> pg_backend_pid()
   AND (a.xact_start IS NOT NULL OR a.state IS NULL) AND coalesce(a.application_name, '') <> $1
"""
_UNITS: Final = {"8kB": 8192, "kB": 1024, "MB": 1024**2, "GB": 1024**3}


@asynccontextmanager
async def looking(
    url: str, settings: Mapping[str, str] = SESSION, *, prepares: bool = True
) -> AsyncIterator[asyncpg.Connection]:
    """Hold a session with some settings; by default it can only read. It is dropped, not closed: a server
    that hangs is not waited for. With ``prepares`` it keeps its statements prepared.

    Raises what asyncpg raises.
    """
    options: dict[str, Any] = {} if prepares else {"statement_cache_size": 0}
    database = await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings=dict(settings), **options)
    try:
        yield database
    finally:
        database.terminate()


def direct_url(settings: Settings) -> str:
    """Return the address of Postgres itself: a pooler refuses the settings of a session, and keeps no
    statement prepared.
    """
    return settings.database_listen_url if settings.is_pooled else settings.database_url


def application_session(settings: Settings) -> dict[str, str]:
    """Return the settings of a session as the application asks for it, and no other: a pooler that lets the
    application in lets the doctor in too.
    """
    return {
        "application_name": PROGRAM,
        "jit": "off",
        "role": APPLICATION_ROLE,
        "statement_timeout": str(settings.statement_timeout_ms),
    }


async def read_postgres(
    database: asyncpg.Connection, application: asyncpg.Connection | None
) -> PostgresFacts:
    """Return the server's state and settings; ``application`` is a session as the application has it.

    Raises asyncpg's errors.
    """
    settings = {row["name"]: row for row in await database.fetch(_SETTINGS, list(_READ))}
    state = await database.fetchrow(_STATE, PROGRAM, OURS, LISTENER)
    asked = application or database
    timeout = await asked.fetchval("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'")
    jit = await asked.fetchval("SELECT setting FROM pg_settings WHERE name = 'jit'")
    if state is None:
        raise ValueError("no state")

    def number(name: str) -> int:
        row = settings.get(name)
        return 0 if row is None else int(row["setting"]) * _UNITS.get(row["unit"] or "", 1)

    return PostgresFacts(
        version=settings["server_version"]["setting"].split(" ")[0],
        version_number=number("server_version_num"),
        revision=await _revision(database),
        newest_revision=newest_revision(),
        in_recovery=state["in_recovery"],
        connections=Connections(
            most=number("max_connections"),
            reserved=number("superuser_reserved_connections") + number("reserved_connections"),
            used=state["used"] - (application is not None),
            ours=state["ours"] - (application is not None),
            listeners=state["listeners"],
        ),
        statement_timeout_ms=int(timeout),
        jit=jit == "on",
        fsync=settings["fsync"]["setting"] == "on",
        full_page_writes=settings["full_page_writes"]["setting"] == "on",
        synchronous_commit=settings["synchronous_commit"]["setting"],
        shared_buffers_bytes=number("shared_buffers"),
        work_mem_bytes=number("work_mem"),
        autovacuum=settings["autovacuum"]["setting"] == "on",
        transactions_since_freeze=state["age"] or 0,
    )


async def read_tables(database: asyncpg.Connection) -> list[Table]:
    """Return the figures of every table of the schema. Raises asyncpg's errors."""
    return [
        Table(
            name=row["name"],
            bytes=row["bytes"],
            planned_rows=row["planned"],
            live_rows=row["live"],
            dead_rows=row["dead"],
            changed_rows=row["changed"],
            analysed_seconds_ago=row["ago"],
            autovacuum=row["autovacuum"],
        )
        for row in await database.fetch(_TABLES)
    ]


async def read_indexes(database: asyncpg.Connection) -> dict[str, Index]:
    """Return every index of the schema by name. Raises asyncpg's errors."""
    return {
        row["name"]: Index(
            table=row["table"],
            method=row["method"],
            columns=tuple(row["columns"]),
            unique=row["unique"],
            partial=row["partial"],
            valid=row["valid"],
            made_by=row["made_by"].replace(" ON public.", " ON "),
        )
        for row in await database.fetch(_INDEXES)
    }


async def read_folder(database: asyncpg.Connection) -> str | None:
    """Return the folder of the database's files; None if this role may not know it."""
    found: str | None = await database.fetchval(
        "SELECT setting FROM pg_settings WHERE name = 'data_directory'"
    )
    return found


def is_local(url: str) -> bool:
    """Return whether an address of Postgres is on this machine: a loopback address, or a Unix socket."""
    parts = urlsplit(url)
    hosts = [parts.hostname] if parts.hostname else parse_qs(parts.query).get("host", [""])
    return all(not host or host.startswith("/") or is_loopback(host) for host in hosts)


async def read_transactions(database: asyncpg.Connection) -> list[OpenTransaction]:
    """Return the sessions of this database with an open transaction. Raises asyncpg's errors."""
    return [_transaction(row) for row in await database.fetch(_OPEN, PROGRAM)]


async def read_postgres_clock(database: asyncpg.Connection) -> Clock:
    """Return Postgres's clock. Raises asyncpg's errors."""
    began, sent = time.monotonic(), time.time()
    there = await database.fetchval("SELECT clock_timestamp()")
    trip_ms = (time.monotonic() - began) * 1000
    ahead_ms = there.timestamp() * 1000 - (sent * 1000 + trip_ms / 2)
    return Clock(name="Postgres", ahead_ms=ahead_ms, error_ms=trip_ms / 2)


def _transaction(row: Any) -> OpenTransaction:
    return OpenTransaction(
        pid=row["pid"],
        program=row["program"],
        user=row["user"],
        address=row["address"],
        state=row["state"],
        open_seconds=row["open_seconds"] or 0.0,
        state_seconds=row["state_seconds"] or 0.0,
        statement=without_values(row["statement"]),
        waits_ms=(row["waits_ms"] or 0.0) if row["blocked_by"] else 0.0,
        waits_for=row["waits_for"] or "" if row["blocked_by"] else "",
        blocked_by=tuple(row["blocked_by"]),
    )


async def _revision(database: asyncpg.Connection) -> str | None:
    try:
        found: str | None = await database.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    except asyncpg.InsufficientPrivilegeError:
        return newest_revision()  # not this role's to see
    return found
