"""Every secret is replaced while people work: nobody is signed out, and nothing is lost."""

import asyncio
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import pytest
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import AuthenticationError
from redis.retry import Retry

from client import Deal
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.events import DealChanged, Event
from protocol.records import View
from server.database.core.migrate import migrate
from server.database.sample.seed import SeedPlan, seed
from server.settings import Settings
from tests.cluster import needs
from tests.cluster.restore.clusters import OWNER_ROLE, Cluster, append, make_cluster
from tests.flow.shop import a_deal_of, assert_no_gap, connect, events_until, token_of
from tests.services import Process, free_port, open_folder, settings_for, start_web
from tests.services.databases import Database
from tests.web.site import csrf_of

FIRST, SECOND, THIRD = (f"{name}-secret-of-these-tests-0123456789" for name in ("first", "second", "third"))
CHANGES = 12


@contextmanager
def redis_with_users(folder: Path) -> Iterator[Path]:
    """Run a Redis that knows one user; yield its socket."""
    path, config = folder / "redis.sock", folder / "redis.conf"
    lines = ["port 0", f"unixsocket {path}", "save ''", f"dir {folder}", "user deal on >one +@all ~* &*"]
    config.write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(
        [needs.binary("redis-server", "valkey-server"), str(config)], stdout=subprocess.DEVNULL
    )
    try:
        with Redis(unix_socket_path=str(path), retry=Retry(ConstantBackoff(0.1), 100)) as admin:
            admin.ping()
        yield path
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def cluster_with_passwords(folder: Path) -> Iterator[Cluster]:
    """Run a cluster that asks the application's logins for a password."""
    cluster = make_cluster(folder / "one")
    lines = (cluster.folder / "pg_hba.conf").read_text()
    rules = ["local deal deal_app_a,deal_app_b scram-sha-256", *lines.splitlines()]
    (cluster.folder / "pg_hba.conf").unlink()
    append(cluster, "pg_hba.conf", rules)
    with cluster.running():
        make_login(cluster, "deal_app_a", "one")
        yield cluster


def make_login(cluster: Cluster, name: str, password: str) -> None:
    """Make a login of the application's, as docs/operations.md does."""
    cluster.sql(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' IN ROLE deal_app, deal_system")


def settings_of(
    cluster: Cluster, redis: Path, login: str, password: str, secret: tuple[str, str]
) -> Settings:
    """Return settings with these secrets."""
    url = cluster.url(f"{login}:{password}")
    database = Database("deal", url, cluster.url(OWNER_ROLE), url, cluster.url("postgres"))
    made = settings_for(database, f"unix://deal:{password}@{redis}?db=0", free_port())
    return replace(made, data_dir=redis.parent / "data", secret=secret[0], secret_accepted=secret[1])


class Fleet:
    """Web processes on ports of their own, which are replaced one after another."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._own: dict[int, AsyncExitStack] = {}

    async def start(self, settings: Settings, port: int) -> Process:
        """Start a process in the place of that which serves the port."""
        if port in self._own:
            await self._own.pop(port).aclose()
        own = await self._stack.enter_async_context(AsyncExitStack())
        self._own[port] = own
        return await own.enter_async_context(start_web(settings, self._folder, port=port))


async def work(deal: Deal, changes: int) -> None:
    """Change a deal again and again, as somebody who notices nothing."""
    for number in range(changes):
        version = await deal.terms(StructureChanges(discount_cents=number * 100 + 100), op=uuid.uuid4())
        while deal.state.version < version:
            await anext(deal)
        await asyncio.sleep(0.3)


async def test_everything_is_replaced_under_people_who_work(tmp_path: Path) -> None:
    """PostgreSQL by a second login, Redis by a second password, DEAL_SECRET by a second one that is accepted.

    Afterwards what was replaced opens nothing. A browser is still signed in, and the form that it loaded
    before is taken.
    """
    with (
        open_folder(in_memory=True) as folder,
        redis_with_users(folder) as redis,
        cluster_with_passwords(folder) as cluster,
    ):
        old = settings_of(cluster, redis, "deal_app_a", "one", (FIRST, SECOND))
        await asyncio.to_thread(migrate, old.database_owner_url)
        await seed(old.database_owner_url, SeedPlan(vehicles=50, customers=10, deals=4))
        tokens = [await token_of(old, f"riverside-{who}") for who in ("sales", "manager")]
        channel, ports = await a_deal_of(old), (free_port(), free_port())
        async with AsyncExitStack() as stack:
            fleet = Fleet(tmp_path, stack)
            one, two = [await fleet.start(old, port) for port in ports]
            browser = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
            form = {"login": "riverside-manager", "password": "demo", "next": "/"}
            form["csrf_token"] = csrf_of(await browser.get(f"{one.url}/login"))
            assert (await browser.post(f"{one.url}/login", data=form)).status_code == 303
            loaded = csrf_of(await browser.get(f"{one.url}/"))

            seller = await stack.enter_async_context(connect(one.url, tokens[0]))
            manager = await stack.enter_async_context(connect(two.url, tokens[1]))
            mine = await seller.join(channel, View.SALES)
            theirs = await manager.join(channel)
            working = asyncio.create_task(work(mine, CHANGES))
            hearing = asyncio.create_task(events_until(theirs, _is_last))

            make_login(cluster, "deal_app_b", "two")
            with Redis(unix_socket_path=str(redis)) as admin:
                admin.execute_command("ACL", "SETUSER", "deal", ">two")
                new = settings_of(cluster, redis, "deal_app_b", "two", (SECOND, FIRST))
                for port in ports:
                    await fleet.start(new, port)
                cluster.sql("ALTER ROLE deal_app_a NOLOGIN")
                cluster.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'deal_app_a'"
                )
                admin.execute_command("ACL", "SETUSER", "deal", "<one")
                # Whoever has what was replaced is let in no more, and our processes do not need it.
                admin.client_kill_filter(_type="normal", skipme=True)
            await working
            heard = await hearing
            assert_no_gap(heard)
            assert len([each for each in heard if isinstance(each, DealChanged)]) == CHANGES
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                await asyncpg.connect(old.database_url)
            with Redis.from_url(old.redis_url) as late, pytest.raises(AuthenticationError):
                late.ping()
            assert (await browser.get(f"{one.url}/api/deals")).status_code == 200
            away = await browser.post(f"{one.url}/logout", data={"csrf_token": loaded})
            assert away.status_code == 303


def _is_last(event: Event) -> bool:
    return isinstance(event, DealChanged) and event.changes.get("discount_cents") == CHANGES * 100


@pytest.fixture
async def sides(stocked: Settings, tmp_path: Path) -> AsyncIterator[list[Process]]:
    """Processes with the old secret, with the new one, and with another that nobody accepts."""
    secrets = ((FIRST, SECOND), (SECOND, FIRST), (THIRD, ""))
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                start_web(replace(stocked, secret=own, secret_accepted=other), tmp_path, port=free_port())
            )
            for own, other in secrets
        ]


async def test_old_and_new_accept_each_other(sides: list[Process], stocked: Settings) -> None:
    """A form of one is taken by the other, both ways, and a resent `share` gets the same link. A process that
    knows neither secret refuses both, which shows that they count.
    """
    old, new, foreign = sides
    async with httpx.AsyncClient(timeout=60) as browser:
        for page, target in ((old, new), (new, old)):
            form = {"login": "riverside-sales", "password": "demo", "next": "/"}
            form["csrf_token"] = csrf_of(await browser.get(f"{page.url}/login"))
            assert (await browser.post(f"{foreign.url}/login", data=form)).status_code == 403
            assert (await browser.post(f"{target.url}/login", data=form)).status_code == 303
    channel, op = await a_deal_of(stocked), uuid.uuid4()
    token = await token_of(stocked, "riverside-sales")
    links = []
    for side in (old, new):
        async with connect(side.url, token) as workspace:
            deal = await workspace.join(channel, View.SALES)
            links.append(await deal.presenting.share(hours=2, op=op))
    assert links[0] == links[1]
    async with connect(foreign.url, token) as workspace:
        deal = await workspace.join(channel, View.SALES)
        with pytest.raises(CommandError) as caught:
            await deal.presenting.share(hours=2, op=op)
        assert caught.value.code is ErrorCode.CONFLICT
    async with httpx.AsyncClient(timeout=60) as customer:
        # A link is opened by any process, whatever its secret: its hash is stored.
        answer = await customer.post(
            f"{foreign.url}/api/offer-session",
            json={"token": links[0].path.partition("#")[2]},
            headers={"origin": stocked.allowed_origins[0]},
        )
        assert answer.status_code in {200, 204}
