"""One search as a client hears it."""

import asyncio
import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from client import Deal, Overflow, Workspace
from protocol.commands import MAX_MATCHES
from protocol.events import Event, Matches, Offers, SearchEnded, SearchStarted, SearchValued
from tests.bench.results.figures import median
from tests.bench.stage import MS, Stage, stopwatch

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


def connected(url: str, stage: Stage) -> Workspace:
    """Return a client that hears every event."""
    return Workspace.connect(url.replace("http", "ws", 1) + "/ws", stage.token, overflow=Overflow.PAUSE)


async def search(deal: Deal, limit: int, last: type[Event], *, again: bool = False) -> Heard:
    """Search, and follow it to the first event of a kind.

    Each search is another one, with about this limit, because a repeated one is answered from memory; unless
    it is asked ``again``.
    """
    wanted = limit if again else another(limit)
    heard, elapsed = Heard(), stopwatch()
    asked = asyncio.create_task(deal.search(limit=wanted))
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for event in deal:
            _note(heard, event, elapsed())
            if isinstance(event, last):
                break
        await asked
    return heard


def another(limit: int, _numbers: Iterator[int] = itertools.count(1)) -> int:  # noqa: B008 - one for all
    """Return a limit that no search had: around ``limit``, and never above the most that may be asked for."""
    number = next(_numbers)
    around = limit + (number // 2 if number % 2 else -number // 2)
    return around if around <= MAX_MATCHES else limit - number


def stages(heard: Sequence[Heard]) -> str:
    """Return the median of each stage that the traces name."""
    names = Counter(name for one in heard for name in one.trace)
    return ", ".join(f"{name} {median([one.trace.get(name, 0.0) for one in heard]):.2f}" for name in names)


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
