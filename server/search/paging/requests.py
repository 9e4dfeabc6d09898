"""What begins a page of a search."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from protocol.events import Rejection
from protocol.records import Actor, Filters, Sort, Versions
from server.database.deals.deals import Deal
from server.log.search_log import Lease, Outcome, Progress
from server.search.sql.query import Keyset
from server.sharing.lanes import Lane


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A new search of ``deal`` on ``channel``; ``op`` makes a repeated command harmless.

    ``lane`` is in whose turns it is done; None for those of its ``actor``. ``asked`` is a digest of who asks
    for what, where somebody sent the op: it answers nothing else.
    """

    channel: str
    op: uuid.UUID
    deal: Deal
    filters: Filters
    sort: Sort
    limit: int
    actor: Actor
    lane: Lane | None = None
    asked: str = ""


@dataclass(frozen=True, slots=True)
class MoreRequest:
    """The next page of a search that ended by its limit, done in the turns of ``lane`` or of who began it;
    ``asked`` as in ``SearchRequest``.
    """

    channel: str
    op: uuid.UUID
    deal: Deal
    search_id: str
    token: str
    lane: Lane | None = None
    asked: str = ""


Announce = Callable[[Versions, int, int], Awaitable[tuple[Outcome, str]]]
"""Makes a page known in the channel's log, given the versions, the planner's estimate and the deal's version;
returns the id.
"""


@dataclass(frozen=True, slots=True)
class PageStart:
    """A page about to begin: a new search's first one, or one behind ``after``.

    ``limit`` is how many matches it may still find; ``lease`` is what its search is held with. It takes the
    turns of ``lane``; where ``patient``, it waits as long as that takes, because nobody waits for it.
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
    lane: Lane
    patient: bool = False
