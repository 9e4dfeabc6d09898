"""A deal's story: its latest events, as whoever opens the deal sees them, and older ones by page."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from protocol import codec
from server.database.core.pool import Database
from server.database.decisions.deciding import parse_id

KEPT_EVENTS: Final = 50
"""The most events that a join shows."""

KEPT_STORY_BYTES: Final = 32 * 1024
"""The most bytes that they take: with everything else of a deal they fit a message."""

PAGE_BYTES: Final = 128 * 1024
"""The most bytes of a page of older events."""

_PAGE = """
SELECT no, kind, body, at FROM deal_events
 WHERE deal_id = $1 AND ($2::bigint IS NULL OR no < $2) ORDER BY no DESC LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Told:
    """One event as JSON: its type, time and fields. ``no`` is its number in the deal."""

    no: int
    body: bytes


def told_of(event: Any) -> Told:
    """Return the event of a row of ``deal_events``."""
    fields = {"type": event["kind"], "at": event["at"], **event["body"]}
    return Told(event["no"], codec.encode(fields))


def kept_story(
    events: Iterable[Told], most: int = KEPT_EVENTS, size: int = KEPT_STORY_BYTES
) -> tuple[Told, ...]:
    """Return the latest of ``events``, in order: at most ``most``, and of at most ``size`` bytes."""
    told = list(events)[-most:]
    for place in range(len(told) - 1, -1, -1):
        size -= len(told[place].body)
        if size < 0:
            return tuple(told[place + 1 :])
    return tuple(told)


async def story_page(database: Database, deal_id: str, before: int | None, limit: int) -> tuple[Told, ...]:
    """Return up to ``limit`` events before number ``before``, the oldest first; None: the latest."""
    rows = await database.fetch(_PAGE, parse_id(deal_id), before, limit)
    return kept_story((told_of(row) for row in reversed(rows)), limit, PAGE_BYTES)
