"""Brings the schema to the newest revision. Many processes may start at once: one migrates, the others wait.

Alembic keeps the order; each revision runs its SQL file. A database that is current costs one query, and
Alembic is not even imported then.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from sqlalchemy import Connection

from server.database.core.pool import connect_as_owner
from server.errors import UserError

MIGRATIONS = Path(__file__).parents[1] / "migrations"
LOCK_TIMEOUT = "10s"
"""How long a migration waits for a table in use: queries behind it wait as long."""

STATEMENT_TIMEOUT = "15min"
ADVISORY_LOCK = 0x6465616C  # "deal": one key for all our migrations, distinct from other programs' keys


class UnknownRevision(UserError):
    """The database has a revision that this release does not know: a newer release migrated it."""

    def __init__(self, found: str, newest: str) -> None:
        super().__init__(found, newest)
        self.found = found
        self.newest = newest

    def __str__(self) -> str:
        return (
            f"the database has schema revision {self.found}, but this release knows no revision"
            f" after {self.newest}:"
            " run the release that created it, or a newer one"
        )


def migrate(owner_url: str) -> None:
    """Bring the database to the newest revision, in one transaction.

    Raises UnknownRevision if a newer release has migrated it; asyncpg.LockNotAvailableError if a table is in
    use for longer than LOCK_TIMEOUT; and what asyncpg raises if the database is unreachable.
    """
    asyncio.run(bring_to_newest(owner_url))


async def bring_to_newest(owner_url: str) -> None:
    """Do what ``migrate`` does, inside a running event loop."""
    if not await is_current(owner_url):
        await _upgrade(owner_url)


async def is_current(owner_url: str) -> bool:
    """Return whether the database is at the newest revision. Raises UnknownRevision."""
    async with connect_as_owner(owner_url) as database:
        try:
            found = await database.fetchval("SELECT version_num FROM alembic_version")
        except asyncpg.UndefinedTableError:
            return False
    _check_known(found)
    return bool(found == newest_revision())


def newest_revision() -> str:
    """Return the number of the newest SQL file, which is its revision."""
    return known_revisions()[-1]


def run_sql_file(name: str) -> None:
    """Run a file of ``migrations`` in the transaction of the revision that is being applied."""
    from alembic import op  # noqa: PLC0415 - see the module: only a database that is not current needs it

    text = (MIGRATIONS / name).read_text(encoding="utf-8")
    adapted: Any = op.get_bind().connection.dbapi_connection
    # The driver's own execute takes many statements at once, which a prepared statement cannot.
    adapted.run_async(lambda database: database.execute(text))


def known_revisions() -> list[str]:
    """Return the revisions that this release knows, oldest first."""
    return sorted(path.name.partition("_")[0] for path in MIGRATIONS.glob("[0-9]*.sql"))


def _check_known(found: str | None) -> None:
    known = known_revisions()
    if found is not None and found not in known:
        raise UnknownRevision(found, known[-1])


async def _upgrade(owner_url: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - see the module
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    # The address goes to asyncpg unchanged: SQLAlchemy would parse sockets and options differently.
    engine = create_async_engine(
        "postgresql+asyncpg://", poolclass=NullPool, async_creator=lambda: asyncpg.connect(owner_url)
    )
    try:
        async with engine.begin() as database:
            await database.run_sync(_upgrade_locked)
    finally:
        await engine.dispose()


def _upgrade_locked(database: "Connection") -> None:
    """Take the lock, then check again: another process may have migrated while this one waited."""
    from alembic.config import Config  # noqa: PLC0415 - see the module
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from sqlalchemy import text  # noqa: PLC0415

    database.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    # Only now, because waiting for another process's migration has no limit.
    for name, value in (("lock_timeout", LOCK_TIMEOUT), ("statement_timeout", STATEMENT_TIMEOUT)):
        database.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    script = ScriptDirectory.from_config(config)

    def steps(found: Any, _context: Any) -> Any:
        for revision in found:
            _check_known(revision)
        return script._upgrade_revs("head", found)

    with EnvironmentContext(config, script, fn=steps, destination_rev="head") as environment:
        environment.configure(connection=database)
        environment.run_migrations()
