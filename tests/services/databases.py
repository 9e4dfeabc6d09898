"""PostgreSQL and Redis of the test session, and a database for each test."""

import asyncio
import contextlib
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from server.database.core.pool import prepare_connection
from server.database.sample.seed import SeedPlan, seed
from server.embedded import EmbeddedServices
from server.embedded.account import service_account
from server.embedded.postgres import APP_ROLE, OWNER_ROLE, SUPERUSER, SYSTEM_ROLE, find_binaries
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Database:
    """A database of one test. ``url`` is for the application's role, ``owner_url`` for the schema's owner."""

    name: str
    url: str
    owner_url: str
    system_url: str
    superuser_url: str


class Services:
    """PostgreSQL and Redis of the test session."""

    def __init__(self, embedded: EmbeddedServices) -> None:
        self._embedded = embedded
        self._psql = find_binaries(service_account()) / "psql"
        self._made = 0

    @property
    def redis_url(self) -> str:
        """The address of Redis."""
        return self._embedded.redis.url

    @property
    def primary_sockets(self) -> Path:
        """The folder of PostgreSQL's socket."""
        return Path(parse_qs(urlsplit(self._embedded.postgres.url(SUPERUSER)).query)["host"][0])

    def let_replicate(self, role: str) -> None:
        """Let a role copy the server's files and follow its changes, from this machine.

        What was changed is kept for replicas that do not follow yet: the copy of another one ends with a
        checkpoint, which would remove it.
        """
        rules = Path(self.setting("hba_file"))
        rule = f"local replication {role} trust\n"
        if rule not in rules.read_text():
            with rules.open("a") as file:
                file.write(rule)
            self.run_sql("ALTER SYSTEM SET wal_keep_size = '512MB'", "SELECT pg_reload_conf()")

    def setting(self, name: str) -> str:
        """Return a setting of the server."""
        url = self._embedded.postgres.url(SUPERUSER, "postgres")
        asked = [self._psql, "-X", "-A", "-t", "-c", f"SHOW {name}", url]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    def run_sql(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser, each in a transaction of its own."""
        words = [word for statement in statements for word in ("-c", statement)]
        url = self._embedded.postgres.url(SUPERUSER, database)
        subprocess.run([self._psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", *words, url], check=True)

    def create(self, template: str = "template0") -> Database:
        """Make a database from ``template``, owned by the owner role."""
        self._made += 1
        name = f"test_{self._made}"
        self.run_sql(
            # Copied file by file, what is copied is not written to the log of changes as well.
            f"CREATE DATABASE {name} OWNER {OWNER_ROLE} TEMPLATE {template} STRATEGY file_copy",
            f"ALTER DATABASE {name} SET search_path = public",
        )
        url = self._embedded.postgres.url
        return Database(
            name, url(APP_ROLE, name), url(OWNER_ROLE, name), url(SYSTEM_ROLE, name), url(SUPERUSER, name)
        )

    def drop(self, database: Database) -> None:
        """Drop a database, whoever is still connected."""
        self.run_sql(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")

    @contextmanager
    def database(self, template: Database | None = None) -> Iterator[Database]:
        """Make a database for the length of the context: a copy of ``template``, else an empty one."""
        made = self.create(template.name if template else "template0")
        try:
            yield made
        finally:
            self.drop(made)


class Templates:
    """Databases that others are copies of: one for each plan of sample data, made when it is first wanted."""

    def __init__(self, services: Services, migrated: Database, stack: contextlib.ExitStack) -> None:
        self._services = services
        self._stack = stack
        self._made: dict[SeedPlan | None, Database] = {None: migrated}

    def of(self, plan: SeedPlan | None) -> Database:
        """Return the database with the sample data of ``plan``. Nobody may change it."""
        if plan not in self._made:
            made = self._stack.enter_context(self._services.database(self._made[None]))
            # A test that is asynchronous may be the first to want it: its loop runs in this thread.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(lambda: asyncio.run(seed(made.owner_url, plan))).result()
            self._made[plan] = made
        return self._made[plan]


def settings_for(database: Database, redis_url: str, port: int) -> Settings:
    """Return settings for the services of a test, in demo mode.

    The data folder is that of the services: what a process leaves there must not be among a developer's.
    """
    return Settings(
        data_dir=Path(urlsplit(redis_url).path).parent.parent,
        database_url=database.url,
        database_owner_url=database.owner_url,
        database_system_url=database.system_url,
        redis_url=redis_url,
        port=port,
        demo=True,
        drain_seconds=0,
        compute_processes=1,
        secret="a secret of the tests, which is 0123456789 long enough",
        allowed_origins=(f"http://127.0.0.1:{port}", f"http://localhost:{port}"),
    )


async def open_owner_pool(settings: Settings) -> asyncpg.Pool:
    """Return a pool of the schema's owner, for tests that look at rows of every store."""
    return await asyncpg.create_pool(settings.database_owner_url, init=prepare_connection, min_size=0)
