"""Measure what 200 searches at once of one store cost another store: two workers, one or two web processes.

The crowd is a process of its own: 200 people of one store, each with a socket and a deal, who search at the
same moment, each for something else. Right after that, and several times while the crowd is served, one
person of another store searches. The figures are how long that person waits for the first cars, against the
same on a quiet server.
"""

import asyncio
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect

from client import Deal
from client.connection import SUBPROTOCOL
from protocol import codec
from protocol.events import SearchValued
from server.database.core.pool import connect_as_owner
from server.settings import process_environment
from tests.bench import goals
from tests.bench.clients.hearing import Heard, another, connected, search, stages
from tests.bench.results.figures import Figure, Report, median
from tests.bench.searches.opening import people_of
from tests.bench.stage import Stage, make_easy, stock, stopwatch
from tests.flow.shop import EASY
from tests.services import ROOT, Services, start_web, start_worker

CARS: Final = 4_000
CROWD: Final = 200
MATCHES: Final = 500
WORKERS: Final = 2
PAUSE_SECONDS: Final = 20.0
"""Between two searches of the crowd: two windows of a store's budget, of which 200 searches use one up."""

BEHIND_SECONDS: Final = 0.03
"""How long after the crowd the other person searches: the web process has read most of its commands."""

MEMORY: Final = "4gb"
LATER_SECONDS: Final = 0.1
AMID: Final = 8
"""How many searches follow the first one beside the crowd, and after which pause each."""

SET_UPS: Final = (("a web process for each store", 2, goals.BULKHEAD), ("one web process", 1, None))
"""The first is what ``up`` starts for two stores. The second shows what that is worth, and has no goal."""

CROWDED_STORE: Final = "northgate"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who searches: a token for each channel."""

    url: str
    tokens: Sequence[str]
    channels: Sequence[str]


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure a quiet search and one beside the crowd in turns: with a web process for each store, and with
    one for both.
    """
    stage = await stock(services, folder, CARS, deals=3 * CROWD)
    deals = await _easy_deals(stage, CROWDED_STORE)
    tokens = await people_of(stage, [deal.partition(":")[2] for deal in deals])
    figures: list[Figure] = []
    notes: list[str] = []
    for name, processes, goal in SET_UPS:
        async with AsyncExitStack() as held:
            redis = await held.enter_async_context(Redis.from_url(stage.settings.redis_url))
            await redis.flushdb()
            # The logs of so many deals that search so often take more than the embedded Redis may have.
            await redis.config_set("maxmemory", MEMORY)
            settings = replace(stage.settings, stores_apart=processes > 1)
            webs = [
                await held.enter_async_context(start_web(settings, folder, port=settings.port + number))
                for number in range(processes)
            ]
            for _ in range(WORKERS):
                await held.enter_async_context(start_worker(settings, folder))
            await make_easy(webs[0].url, stage)
            workspace = await held.enter_async_context(connected(webs[0].url, stage))
            deal = await workspace.join(stage.channel)
            url = webs[0].url.replace("http", "ws", 1) + "/ws"
            crowd = await held.enter_async_context(_crowd(Crowd(url, tokens, deals)))
            storms = await _storms(deal, crowd, repeats)
        figures += storms.figures(name, goal)
        notes += storms.notes(name)
    return figures, notes


@dataclass(slots=True)
class Storms:
    """What one person heard in several storms: on a quiet server, as each began, and later."""

    quiet: list[Heard] = field(default_factory=list)
    beside: list[Heard] = field(default_factory=list)
    later: list[Heard] = field(default_factory=list)
    lasted: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def figures(self, processes: str, goal: float | None) -> list[Figure]:
        """Return how long the first matches took, against the quiet server."""
        return [
            Figure(
                f"first matches beside {CROWD} searches at once of another store, {processes}, {when}, p50",
                "ms",
                median([each.first for each in heard]),
                median([each.first for each in self.quiet]),
                "the same on a quiet server",
                goal=goal,
                samples=tuple(each.first for each in heard),
                floor_samples=tuple(each.first for each in self.quiet),
            )
            for when, heard in (("as they begin", self.beside), ("later", self.later))
        ]

    def notes(self, processes: str) -> list[str]:
        """Return how the storms went."""
        return [
            f"{processes}: answers to the crowd {dict(self.answers)};"
            f" all had ended after {median(self.lasted):.0f} ms (p50).",
            f"{processes}: stages of the quiet search, p50 ms: {stages(self.quiet)}",
            f"{processes}: stages as the crowd begins, p50 ms: {stages(self.beside)}",
            f"{processes}: stages later, p50 ms: {stages(self.later)}",
        ]


async def _storms(deal: Deal, crowd: Callable[[], Awaitable[Counter[str]]], repeats: int) -> Storms:
    storms = Storms()
    for turn in range(repeats + 1):
        await asyncio.sleep(PAUSE_SECONDS)
        alone = await search(deal, MATCHES, SearchValued)
        elapsed = stopwatch()
        searching = asyncio.create_task(crowd())
        await asyncio.sleep(BEHIND_SECONDS)
        crowded = await search(deal, MATCHES, SearchValued)
        amid = [await _later(deal) for _ in range(AMID)]
        answers = await searching
        if turn:  # the first one warms up caches and plans
            storms.quiet.append(alone)
            storms.beside.append(crowded)
            storms.later += amid
            storms.answers += answers
            storms.lasted.append(elapsed())
    return storms


async def _later(deal: Deal) -> Heard:
    await asyncio.sleep(LATER_SECONDS)
    return await search(deal, MATCHES, SearchValued)


async def _easy_deals(stage: Stage, store_id: str) -> list[str]:
    async with connect_as_owner(stage.settings.database_owner_url) as database:
        rows = await database.fetch(
            "UPDATE deals SET structure = structure || $1 WHERE deal_id IN"
            " (SELECT deal_id FROM deals WHERE store_id = $2 ORDER BY deal_id LIMIT $3) RETURNING deal_id",
            codec.plain(EASY),
            store_id,
            CROWD,
        )
    assert len(rows) == CROWD, f"the store has only {len(rows)} deals"
    return [f"deal:{row['deal_id']}" for row in rows]


@asynccontextmanager
async def _crowd(crowd: Crowd) -> AsyncIterator[Any]:
    """Yield what lets the crowd search once; it returns the answers, counted by code."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.bulkhead"),
        cwd=ROOT,
        env=process_environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    line, told = process.stdin, process.stdout

    async def say(words: bytes) -> Counter[str]:
        line.write(words + b"\n")
        return Counter(codec.decode(await told.readline()))

    try:
        await say(codec.encode(crowd))
        yield lambda: say(b"search")
    finally:
        line.close()
        await process.wait()


async def _be_the_crowd() -> None:
    """Join, then search at each line of standard input, and write how the searches were answered."""
    reader = asyncio.StreamReader(limit=2**20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    crowd = codec.decode_as(Crowd, await reader.readline())
    async with AsyncExitStack() as held:
        sockets = []
        for token, channel in zip(crowd.tokens, crowd.channels, strict=True):
            opening = connect(
                crowd.url,
                additional_headers={"authorization": f"Bearer {token}"},
                subprotocols=[SUBPROTOCOL],
                compression=None,
                max_size=None,
            )
            socket = await held.enter_async_context(opening)
            await _ask(socket, {"type": "join", "channel": channel, "view": "manager", "since": None})
            sockets.append((socket, channel))
        _write({})
        while await reader.readline():
            answers = await asyncio.gather(*(_search(socket, channel) for socket, channel in sockets))
            _write(Counter(answers))


async def _search(socket: ClientConnection, channel: str) -> str:
    """Search for something that nobody searched for, and follow it to its end."""
    limit = 100 + another(1_000)
    asked = {"channel": channel, "op": str(uuid.uuid4()), "filters": {}, "sort": "price", "limit": limit}
    answer = await _ask(socket, {"type": "search", **asked})
    if not answer["ok"]:
        return str(answer["error"]["code"])
    async for frame in socket:
        if '"type":"search_ended"' in str(frame):
            return "ok"
    return "closed"


async def _ask(socket: ClientConnection, command: dict[str, Any]) -> dict[str, Any]:
    await socket.send(codec.encode({**command, "ref": 1}).decode())
    async for frame in socket:
        for each in str(frame).split("\n"):
            if each.startswith('{"type":"reply"'):
                reply: dict[str, Any] = codec.decode(each.encode())
                return reply
    raise ConnectionError("the server closed the connection")


def _write(answers: dict[str, int]) -> None:
    sys.stdout.write(codec.encode(answers).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_be_the_crowd())
