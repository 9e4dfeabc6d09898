"""Brings the schema to the newest revision. Many processes may start at once: one migrates, the others wait.

Alembic keeps the order; each revision runs its SQL file, in a transaction of its own. People may work
meanwhile: a revision waits for a table for a moment only, because whoever comes after it waits too, and tries
again later. What a transaction cannot do stands in a file ``*.online.sql`` (``migrating/online.py``).

A database that is current costs one query, and Alembic is not even imported then.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

from server.database.core.migrating.online import ONLINE, run_online
from server.database.core.migrating.waiting import Say, telling_what_it_waits_for
from server.database.core.pool import connect_as_owner
from server.errors import UserError

MIGRATIONS = Path(__file__).parents[1] / "migrations"
LOCK_TIMEOUT = "1s"
"""How long a migration waits for a table in use: queries behind it wait as long."""

STATEMENT_TIMEOUT = "15min"
PATIENCE_SECONDS = 600.0
"""How long a revision is tried again while a table is in use."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 15.0
TURN_SECONDS: Final = 0.25
ADVISORY_LOCK = 0x6465616C  # "deal": one key for all our migrations, distinct from other programs' keys
PROGRAM: Final = "deal-architect migration"

IN_USE: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


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


@dataclass(frozen=True, slots=True)
class Migration:
    """How a database is migrated: ``say`` gets a line for each revision and for what one waits for.

    ``folder`` has the revisions. One that does not get its locks within ``patience_seconds`` is given up.
    """

    say: Say = lambda line: None
    folder: Path = MIGRATIONS
    patience_seconds: float = PATIENCE_SECONDS


def migrate(owner_url: str, how: Migration | None = None) -> None:
    """Bring the database to the newest revision, each in a transaction of its own.

    Raises UnknownRevision if a newer release has migrated it; asyncpg.LockNotAvailableError if a table is in
    use for too long; and what asyncpg raises if the database is unreachable. Revisions that were applied by
    then stay; the next call goes on after them.
    """
    asyncio.run(bring_to_newest(owner_url, how))


async def bring_to_newest(owner_url: str, how: Migration | None = None) -> None:
    """Do what ``migrate`` does, inside a running event loop."""
    how = how or Migration()
    if not await is_current(owner_url, how.folder):
        await _upgrade(owner_url, how)


async def is_current(owner_url: str, folder: Path = MIGRATIONS) -> bool:
    """Return whether the database is at the newest revision. Raises UnknownRevision."""
    async with connect_as_owner(owner_url) as database:
        found = await _revision_of(database)
    _check_known(found, folder)
    return found == newest_revision(folder)


def newest_revision(folder: Path = MIGRATIONS) -> str:
    """Return the number of the newest SQL file, which is its revision."""
    return _revisions(folder)[-1]


def run_sql_file(name: str, folder: Path = MIGRATIONS) -> None:
    """Run a file of ``folder`` in the transaction of the revision that is being applied."""
    from alembic import op  # noqa: PLC0415 - see the module: only a database that is not current needs it

    text = (folder / name).read_text(encoding="utf-8")
    adapted: Any = op.get_bind().connection.dbapi_connection
    # The driver's own execute takes many statements at once, which a prepared statement cannot.
    adapted.run_async(lambda database: database.execute(text))


def _revisions(folder: Path) -> list[str]:
    return sorted(path.name.partition("_")[0] for path in folder.glob("[0-9]*.sql"))


def _check_known(found: str | None, folder: Path) -> None:
    known = _revisions(folder)
    if found is not None and found not in known:
        raise UnknownRevision(found, known[-1])


async def _revision_of(database: asyncpg.Connection) -> str | None:
    try:
        found: str | None = await database.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    return found


async def _upgrade(owner_url: str, how: Migration) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - see the module
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(owner_url, server_settings={"application_name": PROGRAM})

    # The address goes to asyncpg unchanged: SQLAlchemy would parse sockets and options differently.
    engine = create_async_engine("postgresql+asyncpg://", poolclass=NullPool, async_creator=connect)
    async with connect_as_owner(owner_url) as watch:
        await _take_turn(watch)
        # Another process may have migrated while this one waited.
        found = await _revision_of(watch)
        _check_known(found, how.folder)
        script = _script(how.folder)
        try:
            async with telling_what_it_waits_for(watch, PROGRAM, how.say), engine.connect() as database:
                for revision in _after(script, found):
                    await _patiently(how, revision, partial(_apply, database, connect, script, revision))
        finally:
            await engine.dispose()


async def _take_turn(database: asyncpg.Connection) -> None:
    """Wait for the lock that lets one process migrate.

    It is asked for again and again: a statement that waits has a snapshot, and the process that migrates
    would wait for that, to build an index without keeping others out.
    """
    ask = partial(database.fetchval, "SELECT pg_try_advisory_lock($1)", ADVISORY_LOCK)
    while not await ask():  # noqa: ASYNC110 - its holder is another process
        await asyncio.sleep(TURN_SECONDS)


async def _patiently(how: Migration, revision: str, step: Callable[[], Awaitable[None]]) -> None:
    """Apply a revision; again after a growing pause if a table was in use, so that those who came after it go
    first.
    """
    loop, pause = asyncio.get_running_loop(), FIRST_PAUSE_SECONDS
    until = loop.time() + how.patience_seconds
    how.say(f"{revision}: begins")
    while True:
        try:
            await step()
        except IN_USE as error:
            if loop.time() + pause > until:
                raise
            how.say(f"{revision}: a table is in use ({type(error).__name__}); again in {pause:.1f} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        else:
            how.say(f"{revision}: done")
            return


async def _apply(
    database: "AsyncConnection",
    connect: Callable[[], Awaitable[asyncpg.Connection]],
    script: "ScriptDirectory",
    revision: str,
) -> None:
    online = _online_file(script, revision)
    if online is not None:
        own = await connect()
        try:
            await run_online(own, online)
            await own.execute("UPDATE alembic_version SET version_num = $1", revision)
        finally:
            await own.close()
        return
    try:
        async with database.begin():
            await database.run_sync(partial(_apply_in_transaction, script, revision))
    except Exception as error:
        # SQLAlchemy wraps what the driver raises; a file that runs on the driver itself is not wrapped.
        cause = _driver_error(error)
        if cause is not None:
            raise cause from None
        raise


def _driver_error(error: BaseException | None) -> asyncpg.PostgresError | None:
    while error is not None and not isinstance(error, asyncpg.PostgresError):
        error = error.__cause__ or error.__context__
    return error


def _script(folder: Path) -> "ScriptDirectory":
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("version_locations", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return ScriptDirectory.from_config(config)


def _online_file(script: "ScriptDirectory", revision: str) -> str | None:
    """Return the text of a revision that runs outside a transaction; None if it runs in one."""
    found = next(Path(script.dir).glob(f"{revision}_*{ONLINE}"), None)
    return None if found is None else found.read_text(encoding="utf-8")


def _after(script: "ScriptDirectory", found: str | None) -> list[str]:
    """Return the revisions that follow one, in order."""
    return [each.revision for each in script.iterate_revisions("head", found or "base")][::-1]


def _apply_in_transaction(script: "ScriptDirectory", revision: str, database: "Connection") -> None:
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from sqlalchemy import text  # noqa: PLC0415

    for name, value in (("lock_timeout", LOCK_TIMEOUT), ("statement_timeout", STATEMENT_TIMEOUT)):
        database.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})

    def steps(found: Any, _context: Any) -> Any:
        return script._upgrade_revs(revision, found)

    with EnvironmentContext(Config(), script, fn=steps, destination_rev=revision) as environment:
        environment.configure(connection=database)
        environment.run_migrations()
