"""Searches whose process is gone: another one that watches their channel continues them."""

import uuid
from typing import Protocol

import structlog

from protocol import codec
from protocol.channels import deal_of
from protocol.closing import CommandError, ErrorCode
from protocol.events import Rejection
from protocol.records import EndReason
from server.database.core.scope import RowScope
from server.database.deals.deals import Deal, load_deal
from server.log.search_log import Continuation, Lease, Outcome, Progress, SearchLog, SearchState
from server.search.paging.publishing.lease import keep_lease, new_lease
from server.search.paging.publishing.place import new_token, read_place
from server.search.paging.publishing.requests import Announcement, PageStart, SearchRequest
from server.search.paging.runs import DATABASE_ERRORS, Runs
from server.sharing.lanes import Lane

log = structlog.get_logger(__name__)


class Begin(Protocol):
    """Begins a search."""

    async def __call__(self, request: SearchRequest, replaces: str | None = None) -> str:
        """Begin a search in place of the one it ``replaces``. Raises CommandError."""


class Takeovers:
    """Continues searches of other processes in ``runs``; if their deal has changed, ``begin`` a new one."""

    def __init__(
        self, system: RowScope, channels: SearchLog, runs: Runs, begin: Begin, *, lease_ms: int
    ) -> None:
        self._system = system
        self._channels = channels
        self._runs = runs
        self._begin = begin
        self._lease_ms = lease_ms

    async def take_over(self, channel: str) -> bool:
        """Continue the channel's search if its owner is gone; return whether this process took it over.

        The current deal is read. If its version has changed, a new search replaces the old one, because its
        matches were for other terms. Raises RedisError.
        """
        state = await self._channels.current(channel)
        if state is None or not state.lapsed or self._runs.handing_over:
            return False
        if self._runs.runs(channel, state.search_id):
            # The search runs here and its lease is only late: the next publication renews it.
            return False
        lease = new_lease(self._lease_ms)
        adopted = await self._channels.adopt_search(channel, state.search_id, lease)
        if adopted is None:
            return False
        log.info("search taken over", search_id=adopted.search_id, chunks=adopted.chunks)
        async with keep_lease(self._channels, channel, adopted.search_id, lease):
            try:
                await self._go_on(channel, adopted, lease)
            except (CommandError, *DATABASE_ERRORS) as error:
                log.warning("search not taken over", search_id=adopted.search_id, error=error)
                reason, owner = EndReason.FAILED, lease.owner
                await end_as_stored(self._channels, channel, adopted, reason, owner)
        return True

    async def _go_on(self, channel: str, state: SearchState, lease: Lease) -> None:
        deal = await self._load(channel)
        if deal.version != state.deal_version:
            op = uuid.uuid5(uuid.UUID(state.search_id), f"taken over at version {deal.version}")
            request = SearchRequest(channel, op, deal, state.filters, state.sort, state.limit, state.by)
            await self._begin(request, replaces=state.search_id)
            return

        async def announce(made: Announcement, age_ms: float) -> tuple[Outcome, str]:
            return Outcome.PUBLISHED, state.search_id

        await self._runs.start(
            PageStart(
                channel=channel,
                search_id=state.search_id,
                deal=deal,
                filters=state.filters,
                sort=state.sort,
                limit=max(0, state.limit - (state.matched - state.base)),
                base=Progress(state.scanned, state.matched, state.chunks),
                rejected=[codec.convert(Rejection, limit) for limit in state.rejected],
                after=read_place(state.search_id, state.place) if state.place else None,
                announce=announce,
                lease=lease,
                lane=Lane(deal.store_id, state.by.id),
                patient=True,
                age_ms=state.age_ms,
            )
        )

    async def _load(self, channel: str) -> Deal:
        async with self._system.acquire() as database:
            deal = await load_deal(database, deal_of(channel) or "")
        if deal is None:
            raise CommandError(ErrorCode.NOT_FOUND, "There is no such deal.", field="channel")
        return deal


async def end_as_stored(
    channels: SearchLog, channel: str, state: SearchState, reason: EndReason, owner: str | None = None
) -> None:
    """End a search with the counts that the log has. Raises RedisError."""
    await channels.end_search(
        channel,
        search_id=state.search_id,
        reason=reason,
        progress=Progress(state.scanned, state.matched, state.chunks),
        goes_on=Continuation(new_token(), state.place)
        if state.place and reason is EndReason.FAILED
        else None,
        rejected=state.rejected,
        trace={},
        owner=owner,
    )
