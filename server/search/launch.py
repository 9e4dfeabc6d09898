"""What begins a page of a search."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from protocol.events import Rejection
from protocol.records import Actor, Filters, Sort, Versions
from server.push.log import Lease, Outcome, Progress
from server.search.query import Keyset
from server.store.deals import Deal


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A new search of ``deal`` on ``channel``; ``op`` makes a repeated command harmless."""

    channel: str
    op: uuid.UUID
    deal: Deal
    filters: Filters
    sort: Sort
    limit: int
    actor: Actor


@dataclass(frozen=True, slots=True)
class MoreRequest:
    """The next page of a search that ended by its limit."""

    channel: str
    op: uuid.UUID
    deal: Deal
    search_id: str
    token: str


Announce = Callable[[Versions, int], Awaitable[tuple[Outcome, str]]]
"""Makes a page known in the channel's log, given the versions and the planner's estimate; returns the id."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A page about to begin: a new search's first one, or one behind ``after``.

    ``limit`` is how many matches it may still find; ``lease`` is what its search is held with.
    """

    channel: str
    search_id: str
    deal: Deal
    filters: Filters
    sort: Sort
    limit: int
    base: Progress
    rejected: Sequence[Rejection]
    after: Keyset | None
    announce: Announce
    lease: Lease
