"""Measure what it costs to tell everybody: ``python -m tests.bench.fanout [--repeats N]``.

Ours is a whole web process: an event goes into the channel's log in Redis, rings, is read and projected, and
is sent to everybody who has joined the deal. Bare is uvicorn alone, which sends a text that is there already.
Only the processor time of the serving process counts; the clients are a process of their own. Both serve in
turns.
"""

import argparse
import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from redis.asyncio import Redis

from protocol import codec
from protocol.rights import TokenScope
from server.database.core.pool import connect_as_owner
from server.database.people.credentials import CredentialKind, issue_credential
from server.database.people.users import find_by_login
from server.log.channel_log import LogBounds
from server.log.event_json import event_body
from server.log.redis_log import RedisLog
from server.log.redis_scripts import Scripts
from server.settings import process_environment
from tests.bench import goals
from tests.bench.clients.audience import Audience, Seats, cpu_seconds, resident_kib, seated
from tests.bench.results.figures import Figure, median, show
from tests.bench.stage import Stage, open_services, running, stock, until_answered
from tests.services import Services, free_port, start_web

MARKER: Final = '"note_added"'
SIZES: Final = (512, 10 * 1024)
WATCHERS: Final = (300, 500)
BURST: Final = 8
EVENTS_A_TURN: Final = 40
"""Of one size, told by one of the two before the other has its turn."""

FEW, MANY = 50, 500
"""Sockets before and after, for the memory of one of them."""

SETTLE_SECONDS: Final = 1.0

Report = tuple[list[Figure], list[str]]


class Hub(Protocol):
    """A server that tells everybody who watches."""

    pid: int
    seats: Seats
    token: str

    async def tell(self, events: int, size: int) -> None:
        """Have so many events of a size sent in one turn of the server's loop."""


@dataclass(slots=True)
class Bare:
    """uvicorn alone."""

    process: asyncio.subprocess.Process
    seats: Seats
    token: str = ""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    async def tell(self, events: int, size: int) -> None:
        """Order them through its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"%d %d\n" % (events, size))
        await self.process.stdin.drain()


@dataclass(slots=True)
class Ours:
    """A web process whose clients have joined a deal."""

    pid: int
    seats: Seats
    token: str
    channel: str
    redis: Redis

    async def tell(self, events: int, size: int) -> None:
        """Log the events, and let their bells ring together."""
        head = await RedisLog(self.redis).head(self.channel)
        assert head.no is not None, "nobody has joined"
        note = {"type": "note_added", "id": str(uuid.uuid4()), "text": "x" * size, "by": {}}
        bodies = [event_body(self.channel, note)] * events
        scripts = Scripts(self.redis, LogBounds())
        # Redis sends a listener all their bells at once.
        outcome, _ = await scripts.run("decide", self.channel, head.no + 1, "", *bodies)
        assert outcome == b"published"


async def deliveries_per_second(hub: Hub, audience: Audience, watchers: int, burst: int, size: int) -> float:
    """Return how many deliveries a second of the hub's processor time makes."""
    began = cpu_seconds(hub.pid)
    turns = max(1, EVENTS_A_TURN // burst)
    for _ in range(turns):
        await audience.hearing(burst)
        await hub.tell(burst, size)
        await audience.heard()
    return turns * burst * watchers / (cpu_seconds(hub.pid) - began)


async def measure_deliveries(ours: Ours, bare: Bare, repeats: int) -> Report:
    """Measure both in turns, by watchers, size of events, and events in a turn of the loop."""
    figures: list[Figure] = []
    notes: list[str] = []
    for watchers in WATCHERS:
        async with AsyncExitStack() as stack:
            pairs = [
                (hub, await stack.enter_async_context(seated(seats_of(hub, watchers), hub.token)))
                for hub in (ours, bare)
            ]
            for burst, goal in ((1, goals.DELIVERIES_ONE_AT_A_TIME), (BURST, goals.DELIVERIES_IN_BURSTS)):
                for size in SIZES:
                    found: dict[int, list[float]] = {ours.pid: [], bare.pid: []}
                    for _ in range(1 + repeats):
                        for hub, audience in pairs:
                            rate = await deliveries_per_second(hub, audience, watchers, burst, size)
                            found[hub.pid].append(rate)
                    kind = "one at a time" if burst == 1 else f"{burst} in a turn"
                    name = f"deliveries, {watchers} watchers, {size / 1024:g} KB, {kind}"
                    mine, floor = (median(found[hub.pid][1:]) for hub in (ours, bare))
                    figures.append(
                        Figure(
                            name, "1/CPU-s", mine, floor, "bare uvicorn, one awaited send each", goal, True
                        )
                    )
    async with seated(seats_of(ours, 1), ours.token) as audience:
        for burst in (1, BURST):
            for size in SIZES:
                rates = [
                    await deliveries_per_second(ours, audience, 1, burst, size) for _ in range(1 + repeats)
                ]
                micros = 1_000_000 / median(rates[1:])
                notes.append(
                    f"One event of {size} bytes to one watcher, {burst} in a turn: {micros:.0f} us of CPU."
                )
    return figures, notes


async def kib_of_one(hub: Hub) -> float:
    """Return what one more idle socket takes."""
    async with seated(seats_of(hub, FEW), hub.token):
        await asyncio.sleep(SETTLE_SECONDS)
        before = resident_kib(hub.pid)
        async with seated(seats_of(hub, MANY), hub.token):
            await asyncio.sleep(SETTLE_SECONDS)
            return (resident_kib(hub.pid) - before) / MANY


def seats_of(hub: Hub, watchers: int) -> Seats:
    """Return the seats of a hub for so many."""
    return codec.decode_as(Seats, codec.encode(codec.plain(hub.seats) | {"watchers": watchers}))


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure a web process of ours against a bare hub."""
    stage = await stock(services, folder, 200)
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(open_ours(stage, folder))
        bare = await stack.enter_async_context(open_bare())
        # Before anything else: what was freed once is used again.
        mine, floor = await kib_of_one(ours), await kib_of_one(bare)
        memory = Figure(
            "memory of an idle, joined connection", "KiB", mine, floor, "bare uvicorn", goals.IDLE_CONNECTION
        )
        figures, notes = await measure_deliveries(ours, bare, repeats)
        return [memory, *figures], notes


@asynccontextmanager
async def open_ours(stage: Stage, folder: Path) -> AsyncIterator[Ours]:
    """Start a web process, with a token that may open many sockets."""
    token = await load_token(stage)
    join = {"type": "join", "ref": 1, "channel": stage.channel, "view": "manager"}
    port = stage.settings.port
    seats = Seats(
        port=port,
        watchers=0,
        marker=MARKER,
        path="/ws",
        headers=["Sec-WebSocket-Protocol: deal.v1"],
        hello=[codec.encode(join).decode()],
        ready='"snapshot_end"',
        bearer=True,
    )
    async with start_web(stage.settings, folder) as web, Redis.from_url(stage.settings.redis_url) as redis:
        yield Ours(web.pid, seats, token, stage.channel, redis)


@asynccontextmanager
async def open_bare() -> AsyncIterator[Bare]:
    """Start a bare hub."""
    port = free_port()
    arguments = ("-m", "tests.bench.bare.bare_hub", str(port))
    async with running(arguments, process_environment(), stdin=asyncio.subprocess.PIPE) as process:
        await until_answered(port, "/")
        yield Bare(process, Seats(port=port, watchers=0, marker=MARKER))


async def load_token(stage: Stage, *, everything: bool = False) -> str:
    """Issue a token of the riverside manager with which one person may open thousands of sockets.

    ``everything``: it may also decide.
    """
    async with connect_as_owner(stage.settings.database_owner_url) as database:
        account = await find_by_login(database, "riverside-manager")
        assert account is not None
        return await issue_credential(
            database,
            account.id,
            CredentialKind.BEARER,
            dt.timedelta(hours=1),
            scopes=list(TokenScope) if everything else [TokenScope.READ, TokenScope.LOAD],
        )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fanout", description=__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="turns of each (%(default)s)")
    options = parser.parse_args()
    with open_services() as (services, folder):
        show(*asyncio.run(measure(services, folder, options.repeats)))


if __name__ == "__main__":
    main()
