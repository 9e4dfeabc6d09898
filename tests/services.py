"""Real services and processes for tests: a database for each test, an empty Redis, web and worker."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from server.database.core.pool import prepare_connection
from server.database.sample.seed import SeedPlan, seed
from server.embedded import EmbeddedServices
from server.embedded.account import service_account
from server.embedded.postgres import APP_ROLE, OWNER_ROLE, SUPERUSER, SYSTEM_ROLE, find_binaries
from server.run.privileges import without_owner
from server.settings import Settings, process_environment
from tests import nursery

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
"""Guards against what never ends: a machine with other work takes its time. A process bounds its own end."""

OURS = "server.run.processes"
"""What the Procfile runs: ``python -m server`` does the same with an option parser, for half of a start."""

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
ROOM_BYTES = 4 * 1024**3
KEPT_CLAIMS = 64
_CLAIMS = deque[socket.socket]()


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


@contextmanager
def open_folder(prefix: str = "deal-", *, in_memory: bool = False) -> Iterator[Path]:
    """Make a folder that the services' account may pass through, with a path short enough for sockets.

    ``in_memory`` asks for memory, where there is room: a copy of a database is some 300 files.
    """
    memory = MEMORY if in_memory and _has_room(MEMORY) else None
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=memory))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    try:
        return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM_BYTES
    except OSError:
        return False


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses, and that no other run of tests is given.

    Until a server listens there, nothing else would keep it: our servers share their ports. The same number
    of UDP stands for the claim, for as long as this process lives or the claim is among its latest.
    """
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        if len(_CLAIMS) == KEPT_CLAIMS:
            _CLAIMS.popleft().close()
        _CLAIMS.append(claim)
        return port


def settings_for(database: Database, redis_url: str, port: int) -> Settings:
    """Return settings for the services of a test, in demo mode."""
    return Settings(
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


@dataclass(slots=True)
class Process:
    """A process of ours that serves a test. ``url`` is its address where it is a web process."""

    process: asyncio.subprocess.Process | nursery.Copy
    url: str
    log: Path
    is_told: bool = False

    @property
    def pid(self) -> int:
        """Its process id, for a signal."""
        return self.process.pid

    def output(self) -> str:
        """Return what it wrote so far."""
        return self.log.read_text(errors="replace")

    def tell_to_end(self) -> None:
        """Tell it to end, once; where it has ended, nobody is told."""
        if not self.is_told and self.process.returncode is None:
            self.is_told = True
            self.process.send_signal(signal.SIGTERM)

    async def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def start_web(
    settings: Settings, folder: Path, *, port: int | None = None, module: str = OURS
) -> AsyncIterator[Process]:
    """Run a web process: ready on entry; on exit told to end, and asserted to have ended well.

    ``port`` replaces the settings' one, so that two processes of one test can be told apart. ``folder`` takes
    its log. ``module`` is run in the place of ours, as a test needs it.
    """
    port = port or settings.port
    own = settings if port == settings.port else replace(settings, port=port)
    async with _start("web", own, folder, module) as process:
        await _until(process, lambda: _serves(process))
        yield process


@asynccontextmanager
async def start_worker(settings: Settings, folder: Path) -> AsyncIterator[Process]:
    """Run a worker process: ready on entry; on exit told to end, and asserted to have ended well."""
    async with _start("worker", settings, folder) as process:
        await _until(process, lambda: _says_ready(process))
        yield process


@asynccontextmanager
async def start_together(settings: Settings, folder: Path, *ports: int) -> AsyncIterator[list[Process]]:
    """Run a worker and web processes, one on the settings' port and one on each of ``ports``, and give the
    latter. All start at the same time, and are told to end at the same time.
    """
    async with AsyncExitStack() as stack:
        worker = await stack.enter_async_context(_start("worker", settings, folder))
        webs = [
            await stack.enter_async_context(_start("web", replace(settings, port=port), folder))
            for port in (settings.port, *ports)
        ]
        ready = [_until(web, partial(_serves, web)) for web in webs]
        await asyncio.gather(_until(worker, partial(_says_ready, worker)), *ready)
        yield webs
        for process in (worker, *webs):
            process.tell_to_end()


@asynccontextmanager
async def _start(
    command: str, settings: Settings, folder: Path, module: str = OURS
) -> AsyncIterator[Process]:
    log = folder / f"{command}-{uuid.uuid4().hex}.log"
    log.touch()
    spawned = await _spawn(module, command, settings, log)
    process = Process(spawned, f"http://127.0.0.1:{settings.port}", log)
    try:
        yield process
        process.tell_to_end()
        if process.is_told:
            async with asyncio.timeout(STOP_SECONDS):
                code = await process.process.wait()
            assert code == 0, f"{command} ended with {code}:\n{process.output()}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.process.kill()
        await process.process.wait()


async def _spawn(
    module: str, command: str, settings: Settings, log: Path
) -> asyncio.subprocess.Process | nursery.Copy:
    environment = without_owner(process_environment() | settings.environment())
    if (copies := nursery.current()) is not None:
        return await copies.spawn(module, command, environment, log)
    with log.open("ab") as out:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, command),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )


async def _until(process: Process, is_ready: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while not await is_ready():
            assert process.process.returncode is None, f"ended before it was ready:\n{process.output()}"
            await asyncio.sleep(0.02)


async def _serves(process: Process) -> bool:
    return await answers(urlsplit(process.url).port or 0, "/readyz")


async def _says_ready(process: Process) -> bool:
    return "worker ready" in process.output()


async def answers(port: int, path: str) -> bool:
    """Return whether a GET of ``path`` is answered with 200."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
        return b" 200 " in status
    except OSError:
        return False
    finally:
        writer.close()
