"""Certificates of PostgreSQL and Redis are replaced while people work over TLS, and so is who signs them."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest
from redis.exceptions import RedisError

from client import Deal
from protocol.closing import CommandError
from protocol.deal.structure import StructureChanges
from protocol.records import EndReason
from server.database.core.pool import open_pool
from server.database.sample.seed import SeedPlan, seed
from server.log.links.connecting import connect_redis
from server.settings import Settings
from tests.cluster.redis.certificates import make_authority, make_server
from tests.cluster.redis.node import Node, free_ports
from tests.cluster.redis.programs import program_of
from tests.cluster.restore.clusters import APP_ROLE, OWNER_ROLE, SYSTEM_ROLE
from tests.cluster.restore.tls_postgres import TlsPostgres, migrate, postgres_with_tls
from tests.flow.shop import EASY, a_deal_of, connect, token_of
from tests.services import free_port, open_folder, settings_for, start_together
from tests.services.databases import Database

pytestmark = pytest.mark.flow

GUARD_SECONDS = 30.0
TLS_REQUEST = bytes.fromhex("0000000804d2162f")
END_OURS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('deal_app', 'deal_system')
"""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Servers:
    """PostgreSQL and Redis over TLS. Clients trust the authorities in ``trusted``: at first ``first``."""

    postgres: TlsPostgres
    redis: Node
    trusted: Path
    first: Path
    second: Path

    def trust(self, *authorities: Path) -> None:
        """Replace the file of the authorities, in one step."""
        new = self.trusted.with_suffix(".new")
        new.write_text("".join(each.read_text() for each in authorities))
        new.replace(self.trusted)

    def present(self, authority: Path, name: str) -> None:
        """Present another certificate to whoever connects from now on, and see that it is presented."""
        certificate, key = make_server(self.trusted.parent, authority, name)
        self.postgres.present(certificate, key)
        files = ("tls-cert-file", str(certificate), "tls-key-file", str(key))
        assert self.redis.ask("CONFIG", "SET", *files)
        wanted = ssl.PEM_cert_to_DER_cert(certificate.read_text())
        for served in (_of_postgres, _of_redis):
            deadline = time.monotonic() + GUARD_SECONDS
            while served(self) != wanted:
                assert time.monotonic() < deadline, served
                time.sleep(0.02)

    def end_connections(self) -> None:
        """End every connection of our processes: they connect again, and see the new certificates."""
        self.postgres.cluster.sql(END_OURS)
        for kind in ("normal", "pubsub"):
            self.redis.ask("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")

    def settings(self, folder: Path) -> Settings:
        """Return settings that trust ``trusted``."""
        urls = (self.postgres.url(role, self.trusted) for role in (APP_ROLE, OWNER_ROLE, SYSTEM_ROLE))
        app, owner, system = urls
        redis = f"rediss://127.0.0.1:{self.redis.port}/0?ssl_ca_certs={self.trusted}"
        made = settings_for(Database("deal", app, owner, system, ""), redis, free_port())
        return replace(made, data_dir=folder)


def _of_redis(servers: Servers) -> bytes:
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", servers.redis.port)))


def _of_postgres(servers: Servers) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", servers.postgres.cluster.port)) as plain:
        plain.sendall(TLS_REQUEST)
        assert plain.recv(1) == b"S"
        with context.wrap_socket(plain) as secured:
            return secured.getpeercert(binary_form=True) or b""


@contextmanager
def running_servers(folder: Path) -> Iterator[Servers]:
    """Run both with a certificate of the first of two authorities."""
    first, second = (make_authority(folder, name) for name in ("first", "second"))
    certificate, key = make_server(folder, first)
    trusted = folder / "trusted.pem"
    shutil.copyfile(first, trusted)
    options = {"tls-cert-file": str(certificate), "tls-key-file": str(key), "tls-ca-cert-file": str(first)}
    options["tls-auth-clients"] = "no"
    admin = {"ssl": True, "ssl_cert_reqs": "none", "ssl_check_hostname": False}
    redis = Node(program_of(), folder / "redis", free_ports(1)[0], options, **admin)
    redis.start()
    try:
        with postgres_with_tls(folder / "one", certificate, key) as postgres:
            yield Servers(postgres, redis, trusted, first, second)
    finally:
        redis.kill()


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Both servers; the processes' account may read the files of the authorities."""
    with open_folder("tls-", in_memory=True) as folder, running_servers(folder) as running:
        yield running


async def sent(send: Callable[[uuid.UUID], Awaitable[Answer]]) -> Answer:
    """Send a command until it is answered, as a page does whose connection to something was cut."""
    op = uuid.uuid4()
    while True:
        try:
            return await send(op)
        except CommandError as error:
            assert error.code.retry, error
            await asyncio.sleep(0.2)


async def turn(deal: Deal, number: int) -> None:
    """Change a deal, and search: web process, worker, PostgreSQL and Redis all do something."""
    changes = StructureChanges(discount_cents=number * 100)
    version = await sent(lambda op: deal.terms(changes, op=op))
    while deal.state.version < version:
        await anext(deal)
    while not await searched(deal, 20 + number):  # noqa: ASYNC110 - a server is asked
        # A search that needed what was cut says that it failed; people search again.
        await asyncio.sleep(0.2)
    assert len(deal.rows) > 10


async def searched(deal: Deal, limit: int) -> bool:
    """Search; return whether every car was found and valued."""
    search_id = await sent(lambda op: deal.search(limit=limit, op=op))

    def end() -> EndReason | None:
        found = deal.search_state
        return None if found is None or found.search_id != search_id else found.ended

    while end() is None:
        await anext(deal)
    if end() not in {EndReason.LIMIT, EndReason.COMPLETE}:
        return False
    while any(row.offer is None for row in deal.rows.values()):
        await anext(deal)
    return True


class Work:
    """Somebody who works on a deal all the time."""

    def __init__(self, deal: Deal) -> None:
        self._deal, self.turns = deal, 0
        self.task = asyncio.create_task(self._go_on())

    async def _go_on(self) -> None:
        while True:
            async with asyncio.timeout(GUARD_SECONDS):
                await turn(self._deal, self.turns + 1)
            self.turns += 1

    async def goes_on(self, turns: int = 3) -> None:
        """Wait for some more turns. Raises what ended the work."""
        wanted = self.turns + turns
        while self.turns < wanted:
            if self.task.done():
                self.task.result()
            await asyncio.sleep(0.02)


@asynccontextmanager
async def people_at_work(settings: Settings, folder: Path) -> AsyncIterator[Work]:
    """Run a web process and a worker, and somebody who works."""
    token, channel = await token_of(settings, "riverside-manager"), await a_deal_of(settings)
    async with start_together(settings, folder) as [web], connect(web.url, token) as workspace:
        deal = await workspace.join(channel)
        await sent(lambda op: deal.terms(EASY, op=op))
        work = Work(deal)
        try:
            await work.goes_on()
            yield work
            await work.goes_on()
        finally:
            work.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work.task


async def test_certificates_and_their_authority_are_replaced_under_people_who_work(
    servers: Servers, tmp_path: Path
) -> None:
    """In the order of docs/operations.md: both authorities at the clients, then the certificates, then the
    old authority goes. Processes are replaced after each change of that file, and at no other time.
    """
    settings = servers.settings(servers.trusted.parent / "data")
    await asyncio.to_thread(migrate, settings.database_owner_url)
    await seed(settings.database_owner_url, SeedPlan(vehicles=120, customers=10, deals=4))

    async with people_at_work(settings, tmp_path) as work:
        servers.present(servers.first, "renewed")
        await work.goes_on()
        servers.end_connections()
        await work.goes_on()
    servers.trust(servers.first, servers.second)
    async with people_at_work(settings, tmp_path) as work:
        servers.present(servers.second, "of-the-second")
        servers.end_connections()
        await work.goes_on()
    servers.trust(servers.second)
    async with people_at_work(settings, tmp_path):
        servers.end_connections()


async def test_the_authorities_are_read_anew_for_postgres_but_not_for_redis(servers: Servers) -> None:
    """So a process must be replaced after the file has changed. A later release of a library may change it:
    then docs/operations.md says too much.
    """
    settings = servers.settings(servers.trusted.parent / "data")
    pool = await open_pool(replace(settings, pool_min=1, pool_max=1))
    async with pool, connect_redis(settings.redis_url, 1) as redis:
        assert await pool.fetchval("SELECT 1") == 1
        assert await redis.ping()
        servers.trust(servers.second)
        servers.present(servers.second, "of-the-second")
        servers.end_connections()
        assert await _in_the_end(lambda: pool.fetchval("SELECT 1")) == 1
        with pytest.raises(RedisError, match="CERTIFICATE_VERIFY_FAILED"):
            await _in_the_end(redis.ping)
    async with connect_redis(settings.redis_url, 1) as redis:
        assert await redis.ping()


async def _in_the_end(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask again if the connection was found to be ended; raise what is raised then."""
    for _ in range(5):
        with contextlib.suppress(Exception):
            return await ask()
        await asyncio.sleep(0.1)
    return await ask()
