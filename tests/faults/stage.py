"""What faults are played on: PostgreSQL, Redis, web processes, workers, perhaps a proxy, a small stock."""

import asyncio
import contextlib
import datetime as dt
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from protocol.rights import TokenScope
from server.database.core.migrate import migrate
from server.database.core.pool import connect_as_owner
from server.database.people.credentials import CredentialKind, issue_credential
from server.database.people.users import find_by_login
from server.database.sample.seed import SeedPlan, seed
from server.embedded import EmbeddedServices, Service, process
from server.embedded.postgres import PORT
from server.settings import Settings
from tests.faults.crashing import BREAK, FOLDER
from tests.faults.servers import RedisServer, Server
from tests.services import Services, free_port, open_folder, settings_for
from tests.services.proxies import Proxy, open_proxy

STOCK: Final = SeedPlan(vehicles=500, customers=40, deals=80)
WELL_PAID_CENTS: Final = 5_000_000
LOGINS: Final = ("riverside-manager", "riverside-sales")
TOKEN_LIFE: Final = dt.timedelta(hours=12)
LEASES: Final = {"job_lease_ms": 600, "search_lease_ms": 1_000, "job_overdue_ms": 2_000}
"""Shorter than usual, so that a fault is over sooner."""

ARMED_SECONDS: Final = 40.0
DRAIN_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Formation:
    """How many processes there are, and what is around them.

    With a ``proxy`` people come through it, and each web process has a data folder of its own, as if it were
    on a host of its own. ``around`` starts what stands before the database or beside it, and gives that and
    the settings that lead there.
    """

    webs: int = 2
    workers: int = 2
    proxy: str | None = None
    around: Callable[[Services, Settings], AbstractAsyncContextManager[tuple[object, Settings]]] | None = None


class NotReached(Exception):
    """A step at which a process was to die was never taken: the fault was not played."""


@dataclass(slots=True)
class Stage:
    """The services and processes, and who may see what."""

    folder: Path
    settings: Settings
    redis: RedisServer
    embedded: EmbeddedServices
    tokens: dict[str, str]
    deals: list[str]
    formation: Formation = Formation()
    proxy: Proxy | None = None
    around: object = None
    webs: list[Server] = field(default_factory=list)
    workers: list[Server] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        """The addresses of the web processes."""
        return [web.url for web in self.webs]

    @property
    def doors(self) -> list[str]:
        """The addresses at which people come in."""
        return self.urls if self.proxy is None else [self.proxy.socket_url]

    @property
    def servers(self) -> list[Server]:
        """All processes of ours."""
        return [*self.webs, *self.workers]

    def next_deals(self, count: int) -> list[str]:
        """Return channels of the deals whose turn it is: those that were used longest ago."""
        taken = self.deals[:count]
        self.deals = [*self.deals[count:], *taken]
        return [f"deal:{deal_id}" for deal_id in taken]

    async def start(self, extra: Mapping[str, str] | None = None) -> None:
        """Start our processes, with ``extra`` in their environment."""
        await self.stop()
        environment = {FOLDER: str(self.folder)} | dict(extra or {})
        for number in range(self.formation.webs):
            own = replace(self.settings, port=free_port())
            if self.formation.proxy is not None:
                own = replace(own, data_dir=self._host_folder(number))
            self.webs.append(Server(f"web-{number}", "web", own, self.folder, environment))
        for number in range(self.formation.workers):
            self.workers.append(Server(f"worker-{number}", "worker", self.settings, self.folder, environment))
        await asyncio.gather(*(server.open() for server in self.servers))

    async def start_broken(self, mechanism: str) -> None:
        """Start our processes with one mechanism taken out."""
        await self.start({BREAK: mechanism})

    async def stop(self) -> None:
        """End our processes."""
        await asyncio.gather(*(server.close() for server in self.servers))
        self.webs, self.workers = [], []

    async def ready(self) -> None:
        """Return once every process of ours is ready."""
        await asyncio.gather(*(server.wait_ready() for server in self.servers))

    async def crash_at(
        self, step: str, hits: int = 1, meanwhile: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Let whoever takes a step next, or for the ``hits``-th time, die there; return once all are ready.

        ``meanwhile`` brings the step about. Raises NotReached.
        """
        deaths = sum(server.deaths for server in self.servers)
        armed = self.folder / "armed" / step
        armed.write_text(str(hits))
        if meanwhile is not None:
            await meanwhile()
        try:
            async with asyncio.timeout(ARMED_SECONDS):
                while armed.exists() or sum(server.deaths for server in self.servers) == deaths:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        except TimeoutError:
            armed.unlink(missing_ok=True)
            raise NotReached(step) from None
        await self.ready()

    def turn_clock(self, server: Server, seconds: float) -> None:
        """Let the clock of one process jump to so many seconds from the true time."""
        (self.folder / "clocks" / str(server.pid)).write_text(str(seconds))

    async def restart_postgres(self, *, crash: bool) -> None:
        """Restart the database: as a crash, or as its administrator would."""
        if crash:
            pid = process.listener(self._postgres_socket())
            assert pid is not None
            await asyncio.to_thread(process.end, pid, ((signal.SIGKILL, 10.0),))
        else:
            await asyncio.to_thread(self.embedded.postgres.stop)
        await asyncio.to_thread(self.embedded.postgres.start)

    def drop_database_connections(self) -> None:
        """End every connection of ours to the database."""
        Services(self.embedded).run_sql(
            "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename LIKE 'deal%'; END $$"
        )

    def _host_folder(self, number: int) -> Path:
        folder = self.folder / "hosts" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _postgres_socket(self) -> Path:
        return Services(self.embedded).primary_sockets / f".s.PGSQL.{PORT}"


@asynccontextmanager
async def open_stage(
    extra: Mapping[str, str] | None = None,
    formation: Formation | None = None,
    *,
    redis_in: Callable[[Path], RedisServer] = RedisServer,
) -> AsyncIterator[Stage]:
    """Start everything; all of it is gone afterwards. ``redis_in`` makes the Redis, given its folder."""
    with open_folder("faults-", in_memory=True) as folder:
        for part in ("armed", "clocks"):
            (folder / part).mkdir()
        redis = redis_in(folder)
        with EmbeddedServices(folder / "data", Service.POSTGRES, fleeting=True) as embedded:
            redis.start()
            try:
                stage = await _prepare(folder, embedded, redis)
                stage.formation = formation or stage.formation
                try:
                    async with _around(stage), _in_front(stage, extra):
                        yield stage
                finally:
                    await stage.stop()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    redis.kill()


@asynccontextmanager
async def _around(stage: Stage) -> AsyncIterator[None]:
    """Start what stands before the database or beside it; our processes end before it does."""
    if stage.formation.around is None:
        yield
        return
    async with stage.formation.around(Services(stage.embedded), stage.settings) as (own, settings):
        stage.around, stage.settings = own, settings
        try:
            yield
        finally:
            await stage.stop()


@asynccontextmanager
async def _in_front(stage: Stage, extra: Mapping[str, str] | None) -> AsyncIterator[None]:
    """Start our processes, and the proxy before them, if there is to be one."""
    kind, port = stage.formation.proxy, free_port()
    if kind is None:
        await stage.start(extra)
        yield
        return
    stage.settings = replace(
        stage.settings,
        demo=False,
        drain_seconds=DRAIN_SECONDS,
        trusted_proxies=("127.0.0.1",),
        allowed_origins=(f"https://localhost:{port}",),
    )
    await stage.start(extra)
    ports = [web.settings.port for web in stage.webs]
    async with open_proxy(kind, stage.folder / "proxy", port, ports) as stage.proxy:
        yield


async def _prepare(folder: Path, embedded: EmbeddedServices, redis: RedisServer) -> Stage:
    services = Services(embedded)
    database = await asyncio.to_thread(services.create)
    # What was committed must outlive a crash of the database, though not one of the machine.
    services.run_sql(f"ALTER DATABASE {database.name} SET synchronous_commit = on")
    await asyncio.to_thread(migrate, database.owner_url)
    await seed(database.owner_url, STOCK)
    settings = replace(settings_for(database, redis.url, free_port()), **LEASES)
    tokens: dict[str, str] = {}
    async with connect_as_owner(settings.database_owner_url) as connection:
        await connection.execute("UPDATE customers SET monthly_income_cents = $1", WELL_PAID_CENTS)
        deals = await connection.fetch(
            "SELECT deal_id::text FROM deals WHERE store_id = 'riverside' AND state = 'working'"
            " ORDER BY deal_id"
        )
        for login in LOGINS:
            account = await find_by_login(connection, login)
            assert account is not None
            kind = CredentialKind.BEARER
            # Two people are many here: what limits a person is not what these faults are about.
            tokens[login] = await issue_credential(
                connection, account.id, kind, TOKEN_LIFE, scopes=list(TokenScope)
            )
    return Stage(folder, settings, redis, embedded, tokens, [row["deal_id"] for row in deals])
