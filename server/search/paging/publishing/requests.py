"""Requests that begin a page of a search, and what a page is then given."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from protocol.events import Rejection
from protocol.records import Actor, Filters, Sort, Versions
from server.database.deals.deals import Deal
from server.log.search_log import Lease, Outcome, Progress
from server.search.sql.statement import Keyset
from server.sharing.lanes import Lane


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A new search of ``deal`` on ``channel``; ``op`` makes a repeated command harmless.

    The search takes the turns of ``lane``; None: those of its ``actor``. ``asked`` is a digest of the person
    and the command if a client sent ``op``: the op answers no other command. ``arrived`` is the reading of
    ``time.perf_counter`` when the command that asked for the search came, ``waited`` those of its wait for
    its turn.
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
    arrived: float | None = None
    waited: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class MoreRequest:
    """The next page of a search that ended at its limit. It takes the turns of ``lane``; None: those of the
    person who began the search. ``asked``, ``arrived`` and ``waited`` as in ``SearchRequest``.
    """

    channel: str
    op: uuid.UUID
    deal: Deal
    search_id: str
    token: str
    lane: Lane | None = None
    asked: str = ""
    arrived: float | None = None
    waited: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a page is announced with: versions, the planner's estimate and the deal's version.

    ``last_no``: the deal comes from memory and accounts for the decisions up to this one; if the log has a
    later one, the page is not announced. None: the deal was compared with Postgres.
    """

    versions: Versions
    estimate: int
    deal_version: int
    last_no: int | None = None


Announce = Callable[[Announcement, float], Awaitable[tuple[Outcome, str]]]
"""Announces a page in the channel's log, given how many milliseconds ago its command arrived. Returns the
outcome and the id of the search.
"""


@dataclass(frozen=True, slots=True)
class PageStart:
    """A page that is about to begin: the first one of a new search, or one after ``after``.

    ``limit`` is how many matches it may still find; ``lease`` is the lease of its search. It takes the turns
    of ``lane``. If ``patient``, it waits for its turn without a limit, because nobody waits for the page.
    ``arrived`` and ``waited`` as in ``SearchRequest``; without them the trace begins ``age_ms`` ago.
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
    arrived: float | None = None
    waited: tuple[float, float] | None = None
    age_ms: float = 0.0
