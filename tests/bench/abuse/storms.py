"""Measure what one person's storm costs another: ``python -m tests.bench.abuse.storms [--seconds N]``.

One person quotes a car and searches for a deal, alone and beside a colleague's storm: thirty connections that
quote, then ten that search forty deals in a loop, each as fast as the server lets it. At last the storm of
searches is another store's. All on the loopback interface of this machine; a storm ends by itself. What
counts are the ratios to the quiet figures.
"""

import argparse
import asyncio
import itertools
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from client import Deal
from client.connection import SUBPROTOCOL
from protocol import codec
from protocol.closing import CommandError
from protocol.events import Offers, SearchValued
from protocol.records import MAX_CENTS
from server.database.core.pool import connect_as_owner
from server.settings import process_environment
from tests.bench.clients.hearing import connected, search
from tests.bench.results.figures import median, percentile
from tests.bench.stage import MS, Stage, open_services, stock, stopwatch
from tests.flow.shop import EASY, token_of
from tests.services import ROOT, Services, start_web, start_worker

VEHICLES: Final = 4_000
DEALS: Final = 40
WORKERS: Final = 2
SECONDS: Final = 20.0
LONGEST_SECONDS: Final = 120.0
WARM_UP_SECONDS: Final = 2.0
QUOTERS, SEARCHERS = 30, 10
ELSEWHERE: Final = "elsewhere"
"""The storm of searches of another store."""
COMMANDS_PER_SECOND: Final = 5
"""What one connection may send for ever; a storm that sends more is cut off."""
MATCHES: Final = 500
PAUSE_SECONDS: Final = 0.4
"""Of the person who is measured, between two questions."""


@dataclass(frozen=True, slots=True)
class Storm:
    """Who asks what, and for how long."""

    kind: str
    url: str
    token: str
    channels: list[str]
    vehicle_id: str
    seconds: float


@dataclass(slots=True)
class Felt:
    """What the person who is measured waited for, in milliseconds, and what was refused."""

    quotes: list[float] = field(default_factory=list)
    offers: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


async def feel(deal: Deal, vehicle_id: str, seconds: float) -> Felt:
    """Ping, quote and search in turns for so long, at the pace of a person."""
    felt, elapsed = Felt(), stopwatch()
    for turn in itertools.count():
        if elapsed() > seconds * MS:
            return felt
        await _timed(felt, felt.quotes, deal.quote(vehicle_id))
        if turn % 4 == 0:
            await _timed(felt, felt.offers, search(deal, MATCHES, Offers))
        await asyncio.sleep(PAUSE_SECONDS)
    raise AssertionError("unreachable")


async def _timed(felt: Felt, times: list[float], asked: Any) -> None:
    elapsed = stopwatch()
    try:
        await asked
        times.append(elapsed())
    except CommandError as error:
        felt.refused[error.code] += 1


async def storm(asked: Storm) -> None:
    """Quote or search on many connections until the time is over; print what was answered."""
    connections = QUOTERS if asked.kind == "quotes" else SEARCHERS
    answered: Counter[str] = Counter()
    commands = _commands(asked)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(_insist(asked, commands, answered))
    sys.stdout.write(f"  {asked.kind} answered: {dict(answered)}\n")


def _commands(asked: Storm) -> Iterator[dict[str, Any]]:
    for number, channel in enumerate(itertools.cycle(asked.channels)):
        if asked.kind == "quotes":
            question = {"vehicle_id": asked.vehicle_id, "changes": {}}
            yield {"type": "quote", "channel": channel, **question, "terms_months": [], "cash_down_cents": []}
        else:
            # Each is another search: a repeated one is answered from memory.
            filters = {"price_max_cents": MAX_CENTS - number}
            question = {"op": str(uuid.uuid4()), "filters": filters, "sort": "price", "limit": MATCHES}
            yield {"type": "search", "channel": channel, **question}


async def _insist(asked: Storm, commands: Iterator[dict[str, Any]], answered: Counter[str]) -> None:
    """Ask again as soon as there is an answer, and no faster than one connection may for ever."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + asked.seconds
    headers = {"Authorization": f"Bearer {asked.token}"}
    try:
        async with connect(
            asked.url, subprotocols=[SUBPROTOCOL], additional_headers=headers, max_size=None
        ) as socket:
            for ref in itertools.count():
                earliest = loop.time() + 1 / COMMANDS_PER_SECOND
                if earliest > ends:
                    return
                await socket.send(codec.encode(next(commands) | {"ref": ref}).decode())
                answered[await _reply(socket, ref)] += 1
                await asyncio.sleep(earliest - loop.time())
    except InvalidStatus as refused:
        answered[f"HTTP {refused.response.status_code}"] += 1
    except (OSError, ConnectionClosed) as error:
        answered[type(error).__name__] += 1


async def _reply(socket: ClientConnection, ref: int) -> str:
    async for frame in socket:
        for line in str(frame).split("\n"):
            message = codec.decode(line)
            if message.get("type") == "reply" and message.get("ref") == ref:
                return "ok" if message["ok"] else str(message["error"]["code"])
    return "closed"


@asynccontextmanager
async def stormed(asked: Storm) -> AsyncIterator[None]:
    """Hold a storm in a process of its own for the length of the context; it ends by itself."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.abuse.storms", "--be-a-storm"),
        cwd=ROOT,
        env=process_environment(),
        stdin=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(codec.encode(asked))
        process.stdin.close()
        await asyncio.sleep(WARM_UP_SECONDS)
        yield
    finally:
        await process.wait()


async def measure(services: Services, folder: Path, seconds: float) -> None:
    """Measure one web process and two workers, quiet and in each storm, and print the table."""
    stage = await stock(services, folder, VEHICLES, deals=3 * DEALS)
    others = [channel for channel in await _easy_deals(stage) if channel != stage.channel][:DEALS]
    rival = await token_of(stage.settings, "riverside-sales")
    stranger, theirs = (
        await token_of(stage.settings, "northgate-sales"),
        await _easy_deals(stage, "northgate"),
    )
    async with AsyncExitStack() as held:
        web = await held.enter_async_context(start_web(stage.settings, folder))
        for _ in range(WORKERS):
            await held.enter_async_context(start_worker(stage.settings, folder))
        colleague = await held.enter_async_context(connected(web.url, stage))
        deal = await colleague.join(stage.channel)
        await search(deal, MATCHES, SearchValued)
        vehicle_id = next(iter(deal.rows))
        await feel(deal, vehicle_id, WARM_UP_SECONDS)
        _say("ms", *("quote p50", "p99", "first offers p50", "longest"), "refused")
        for kind in ("quiet", "quotes", "searches", ELSEWHERE):
            async with AsyncExitStack() as weather:
                if kind != "quiet":
                    url, lasts = web.url.replace("http", "ws", 1) + "/ws", seconds + 2 * WARM_UP_SECONDS
                    token, channels = (stranger, theirs) if kind == ELSEWHERE else (rival, others)
                    asked = Storm(kind, url, token, channels, vehicle_id, lasts)
                    await weather.enter_async_context(stormed(asked))
                felt = await feel(deal, vehicle_id, seconds)
            figures = (
                median(felt.quotes),
                percentile(felt.quotes, 0.99),
                median(felt.offers),
                max(felt.offers),
            )
            _say(kind, *(f"{figure:,.1f}" for figure in figures), str(dict(felt.refused)))


async def _easy_deals(stage: Stage, store_id: str = "riverside") -> list[str]:
    """Make the terms of the store's deals such that most cars match, and return their channels."""
    async with connect_as_owner(stage.settings.database_owner_url) as database:
        rows = await database.fetch(
            "UPDATE deals SET structure = structure || $1 WHERE store_id = $2 RETURNING deal_id",
            codec.plain(EASY),
            store_id,
        )
    return [f"deal:{row['deal_id']}" for row in rows]


def _say(*words: str) -> None:
    sys.stdout.write(f"{words[0]:10}" + "".join(f"{word:>18}" for word in words[1:-1]) + f"  {words[-1]}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure, or be the storm."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.abuse.storms", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement (%(default)s)")
    parser.add_argument("--be-a-storm", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.be_a_storm:
        asyncio.run(storm(codec.decode_as(Storm, sys.stdin.buffer.read())))
        return
    seconds = min(told.seconds, LONGEST_SECONDS)
    with open_services() as (services, folder):
        asyncio.run(measure(services, folder, seconds))


if __name__ == "__main__":
    main()
