"""A deal open at a salesperson's and a manager's, with every trip to Postgres and Redis counted."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from client import Deal, Workspace
from protocol.records import View
from server.settings import Settings
from tests.flow.current import keep_current
from tests.flow.desk import valued
from tests.flow.shop import EASY, a_deal_of, connect, events_until, token_of
from tests.services import start_web, start_worker
from tests.trips.counting import CountingProxy, counted
from tests.trips.speech import postgres_reader, redis_reader

QUIET_SECONDS = 0.1
GUARD_SECONDS = 60.0
TURNS = 7
"""How often each command is sent: what runs beside it may fall into some of its turns."""
BY_THE_CLOCK = {"usage.lua", "beat.lua", "oldest.lua", "presence.lua"}
"""What a process tells or asks every so often, whatever the commands: budgets, heartbeats and before each the
age of the queue, who is here. On a machine that is busy enough, one of them falls into every turn.
"""


@dataclass(frozen=True, slots=True)
class Trips:
    """What one turn of a command asked for."""

    postgres: list[str]
    redis: list[str]


@dataclass(frozen=True)
class Counted:
    """The processes' trips, and who has the deal open.

    ``postgres`` is what people's commands ask for, ``system`` what the hub does by itself.
    """

    postgres: CountingProxy
    system: CountingProxy
    redis: CountingProxy
    worker_redis: CountingProxy
    worker_postgres: CountingProxy
    sales: Deal
    manager: Deal
    workspace: Workspace
    settings: Settings
    url: str

    async def quiet(self) -> None:
        """Return as soon as nothing was asked for a moment, and everything is answered."""
        proxies = (self.postgres, self.system, self.redis, self.worker_postgres, self.worker_redis)
        async with asyncio.timeout(GUARD_SECONDS):
            while True:
                before = [len(proxy.trips) for proxy in proxies]
                await asyncio.sleep(QUIET_SECONDS)
                if before == [len(proxy.trips) for proxy in proxies] and all(one.is_quiet for one in proxies):
                    return

    async def trips_of(
        self,
        doing: Callable[[int], Awaitable[None]],
        *,
        between: Callable[[int], Awaitable[None]] | None = None,
        turns: int = TURNS,
        redis: CountingProxy | None = None,
        postgres: CountingProxy | None = None,
    ) -> Trips:
        """Return the fewest trips of several turns: ``doing`` takes a turn's number, and returns once its
        effect is seen. ``between`` is done before each turn, and not counted.
        """
        redis, postgres = redis or self.redis, postgres or self.postgres
        fewest: Trips | None = None
        for turn in range(turns):
            if between is not None:
                await between(turn)
            await self.quiet()
            postgres_before, redis_before = len(postgres.trips), len(redis.trips)
            async with asyncio.timeout(GUARD_SECONDS):
                await doing(turn)
            made = Trips(
                [trip.asks for trip in postgres.trips[postgres_before:]],
                [trip.asks for trip in redis.trips[redis_before:] if trip.asks not in BY_THE_CLOCK],
            )
            if fewest is None:
                fewest = made
            fewest = Trips(
                min(fewest.postgres, made.postgres, key=len), min(fewest.redis, made.redis, key=len)
            )
        assert fewest is not None
        return fewest


@asynccontextmanager
async def open_counted(stocked: Settings, tmp_path: Path) -> AsyncIterator[Counted]:
    """Open a deal with easy terms that was searched and valued, every process behind proxies of its own."""
    channel = await a_deal_of(stocked)
    async with AsyncExitStack() as held:
        # A path to a socket is short.
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="trips-")))
        url, system_url = stocked.database_url, stocked.database_system_url
        postgres, own_url = await _postgres(held, folder / "web", url)
        system, own_system_url = await _postgres(held, folder / "system", system_url)
        worker_postgres, worker_database = await _postgres(held, folder / "worker", url)
        redis, redis_url = await _redis(held, folder / "web.redis", stocked.redis_url)
        worker_redis, worker_url = await _redis(held, folder / "worker.redis", stocked.redis_url)
        settings = replace(
            stocked,
            redis_url=redis_url,
            database_url=own_url,
            database_system_url=own_system_url,
            # Nothing is asked on the connection that listens.
            database_listen_url=url,
            # Few connections, so that each of them knows every statement soon.
            pool_min=1,
            pool_max=2,
        )
        worker = replace(stocked, redis_url=worker_url, database_url=worker_database)
        web = await held.enter_async_context(start_web(settings, tmp_path))
        await held.enter_async_context(start_worker(worker, tmp_path))
        one = await held.enter_async_context(connect(web.url, await token_of(stocked, "riverside-sales")))
        two = await held.enter_async_context(connect(web.url, await token_of(stocked, "riverside-manager")))
        sales = keep_current(await one.join(channel, View.SALES), stocked)
        manager = keep_current(await two.join(channel, View.MANAGER), stocked)
        await manager.terms(EASY)
        await sales.search(limit=40)
        await events_until(sales, valued)
        proxies = (postgres, system, redis, worker_redis, worker_postgres)
        yield Counted(*proxies, sales, manager, two, stocked, web.url)


async def _postgres(held: AsyncExitStack, folder: Path, url: str) -> tuple[CountingProxy, str]:
    where = parse_qs(urlsplit(url).query)
    await asyncio.to_thread(folder.mkdir)
    name = f".s.PGSQL.{where['port'][0]}"
    sockets = Path(where["host"][0])
    proxy = await held.enter_async_context(counted(folder / name, sockets / name, postgres_reader))
    return proxy, _moved(url, str(sockets), str(folder))


async def _redis(held: AsyncExitStack, path: Path, url: str) -> tuple[CountingProxy, str]:
    target = unquote(urlsplit(url).path)
    proxy = await held.enter_async_context(counted(path, Path(target), redis_reader))
    return proxy, _moved(url, target, str(path))


def _moved(url: str, old: str, new: str) -> str:
    moved = url.replace(quote(old), quote(new)).replace(quote(old, safe=""), quote(new, safe=""))
    assert moved != url
    return moved
