"""The measurements: ours and the floor in turns, so that both meet the same machine."""

import asyncio
import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from client import Deal
from protocol import codec
from protocol.events import Event, Matches, Offers, SearchEnded, SearchStarted, SearchValued
from server.privileges import without_owner
from server.settings import process_environment
from tests.bench.figures import Figure, median, percentile
from tests.bench.floors import Floors
from tests.bench.stage import MS, Stage, running, stopwatch, until_answered
from tests.services import free_port

PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Heard:
    """One search as a client heard it, in milliseconds since it was asked for."""

    started: float = 0.0
    first: float = 0.0
    ended: float = 0.0
    valued: float = 0.0
    rows: int = 0
    chunks: list[int] = field(default_factory=list)
    deliveries: list[float] = field(default_factory=list)
    """From the moment at which a worker publishes offers to this client."""
    offers: list[Offers] = field(default_factory=list)
    trace: dict[str, float] = field(default_factory=dict)


async def search(deal: Deal, limit: int, last: type[Event]) -> Heard:
    """Search, and follow it to the first event of a kind."""
    heard, elapsed = Heard(), stopwatch()
    asked = asyncio.create_task(deal.search(limit=limit))
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for event in deal:
            _note(heard, event, elapsed())
            if isinstance(event, last):
                break
        await asked
    return heard


def _note(heard: Heard, event: object, at: float) -> None:
    match event:
        case SearchStarted():
            heard.started = at
        case Matches():
            heard.first = heard.first or at
            heard.rows += event.rows
            heard.chunks.append(event.rows)
        case Offers():
            heard.deliveries.append((dt.datetime.now(dt.UTC) - event.at).total_seconds() * MS)
            heard.offers.append(event)
        case SearchEnded():
            heard.ended = at
        case SearchValued():
            heard.valued = at
    if isinstance(event, SearchEnded | SearchValued) and isinstance(event.trace, dict):
        heard.trace |= event.trace


async def measure_search(deal: Deal, floors: Floors, repeats: int) -> tuple[list[Figure], list[str]]:
    """Measure first matches, all values and the delivery of values, on the smaller stock."""
    heard: list[Heard] = []
    first_floor: list[float] = []
    fetches: list[float] = []
    values_floor: list[float] = []
    trips: list[float] = []
    for turn in range(repeats + 2):
        ours = await search(deal, 500, SearchValued)
        parts = [await floors.first_rows(), await floors.pubsub_trip(), await floors.socket_trip()]
        values = await floors.all_values(ours.chunks)
        same_messages = [await floors.pubsub_trip(codec.encode(event)) for event in ours.offers]
        if turn >= 2:  # the first ones warm up caches and plans on both sides
            heard.append(ours)
            first_floor.append(sum(parts))
            fetches.append(parts[0])
            values_floor.append(values)
            trips += same_messages
    deliveries = [delivery for one in heard for delivery in one.deliveries]
    figures = [
        Figure(
            "first matches at a client, p50",
            "ms",
            median([one.first for one in heard]),
            median(first_floor),
            "cursor's first fetch + pub/sub trip + socket trip",
            goal=2.0,
        ),
        Figure(
            f"all values of {heard[0].rows} matches, p50",
            "ms",
            median([one.valued for one in heard]),
            median(values_floor),
            "read, screen, value on one core + queue and pub/sub trip a chunk",
        ),
    ]
    figures += [
        Figure(
            f"worker done → client, p{share * 100:g}",
            "ms",
            percentile(deliveries, share),
            percentile(trips, share),
            "Redis publish → message, the same bytes",
            goal=goal,
        )
        for share, goal in ((0.5, 2.0), (0.99, 4.0))
    ]
    notes = [
        f"Asked → search_started at the client, p50 ms: {median([one.started for one in heard]):.2f}",
        f"Floor of the first matches, p50 ms: first fetch {median(fetches):.2f}, the rest is trips",
        f"Stages of a search, p50 ms: {_stages(heard)}",
        f"Rows a chunk: {heard[-1].chunks}",
    ]
    return figures, notes


async def measure_rows(
    deal: Deal, floors: Floors, limit: int, repeats: int
) -> tuple[list[Figure], list[str]]:
    """Measure how fast a large search reaches one client."""
    ours: list[float] = []
    floor: list[float] = []
    heard: list[Heard] = []
    for turn in range(repeats + 1):
        one = await search(deal, limit, SearchEnded)
        bare = await floors.rows_per_second(one.rows)
        if turn:
            heard.append(one)
            ours.append(one.rows / one.ended * MS)
            floor.append(bare)
    figure = Figure(
        f"rows to one client, {heard[0].rows:,} matches",
        "rows/s",
        median(ours),
        median(floor),
        "bare cursor, 250 rows a fetch",
        goal=0.7,
        rate=True,
    )
    return [figure], [f"Stages of the large search, p50 ms: {_stages(heard)}"]


async def measure_start(stage: Stage, repeats: int) -> tuple[list[Figure], list[str]]:
    """Measure a web process from its start to its readiness."""
    ours: list[float] = []
    floor: list[float] = []
    settings = stage.settings
    for _ in range(repeats + 1):
        port = free_port()
        environment = without_owner(process_environment() | settings.environment())
        environment["DEAL_PORT"] = str(port)
        environment["DEAL_ALLOWED_ORIGINS"] = f"http://127.0.0.1:{port}"
        ours.append(await _started(("-m", "server", "web"), environment, port, "/readyz"))
        port = free_port()
        hello = ("-m", "tests.bench.hello", str(port), settings.database_url, settings.redis_url)
        floor.append(await _started(hello, process_environment(), port, "/"))
    figure = Figure(
        "web process: start → ready",
        "ms",
        median(ours[1:]),
        median(floor[1:]),
        "uvicorn + asyncpg + redis hello",
        goal=2.0,
    )
    return [figure], []


async def _started(arguments: tuple[str, ...], environment: dict[str, str], port: int, path: str) -> float:
    elapsed = stopwatch()
    async with running(arguments, environment):
        await until_answered(port, path)
        return elapsed()


def _stages(heard: list[Heard]) -> str:
    names = Counter(name for one in heard for name in one.trace)
    return ", ".join(f"{name} {median([one.trace.get(name, 0.0) for one in heard]):.2f}" for name in names)
