"""The pages that this process runs: at most one for each channel, from its announcement to its end."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from protocol.events import Rejection
from protocol.records import EndReason
from server.database.deals.deals import Deal
from server.log.search_log import Outcome, SearchLog
from server.search.paging.publishing.lease import keep_lease
from server.search.paging.publishing.publication import Publication
from server.search.paging.publishing.requests import Announcement, PageStart
from server.search.paging.publishing.shared_values import SharedValues
from server.search.trace import SearchWatch, Trace
from server.sharing.precedence import Rank
from server.work.queue import JobQueue


@dataclass(eq=False, slots=True)
class Run:
    """A page that is run. ``started`` gets the id of its search once it is announced; ``held`` is closed when
    the page has ended.

    ``deal`` is the newest one that is known until it is announced; the page is of that one then.
    ``publication`` is None until it is the current page of its channel. ``rejected`` are the counts of the
    pages and chunks before its next chunk. ``must_check``: its deal must be compared with Postgres.
    ``on_primary``: a replica failed, so the rest is read from the primary.
    """

    start: PageStart
    started: asyncio.Future[str]
    held: AsyncExitStack
    deal: Deal
    trace: Trace
    rank: Rank
    publication: Publication | None = None
    rejected: Sequence[Rejection] = ()
    must_check: bool = False
    on_primary: bool = False


class Pages:
    """The current pages by channel."""

    def __init__(
        self, channels: SearchLog, queue: JobQueue, values: SharedValues, watch: SearchWatch
    ) -> None:
        self.handing_over = False
        self._channels = channels
        self._queue = queue
        self._values = values
        self._watch = watch
        self._current: dict[str, Publication] = {}
        self._announced: dict[str, Run] = {}

    def runs(self, channel: str, search_id: str) -> bool:
        """Return whether a page of this search runs here."""
        page = self._current.get(channel)
        return page is not None and page.search_id == search_id

    def cancel(self, channel: str, search_id: str) -> None:
        """End a search at its next chunk if it runs here."""
        if self.runs(channel, search_id):
            self._current[channel].stop(EndReason.CANCELLED)

    def hand_over(self) -> None:
        """Stop every page at its next chunk, and each that begins from now on."""
        self.handing_over = True
        for page in self._current.values():
            page.hand_over()

    async def announce(self, run: Run, made: Announcement) -> Outcome:
        """Announce a page and keep its lease from then on, because its first rows may take long.

        ``run.started`` gets the id of its search, unless the deal is OUTDATED.
        """
        start = run.start
        self._watch.begun(start.channel, start.search_id, run.trace)
        with run.trace.stage("announce"):
            outcome, search_id = await start.announce(made, run.trace.age_ms)
        if outcome is Outcome.PUBLISHED:
            self._announced[start.channel] = run
            run.held.callback(self._forget, run)
            await run.held.enter_async_context(
                keep_lease(self._channels, start.channel, search_id, start.lease)
            )
        if outcome is not Outcome.OUTDATED:
            run.started.set_result(search_id)
        return outcome

    def begin(self, run: Run) -> Publication | None:
        """Make an announced page the current one of its channel; the previous page is superseded.

        Returns None if a newer one was announced meanwhile.
        """
        channel = run.start.channel
        if self._announced.get(channel) is not run:
            return None
        older = self._current.get(channel)
        if older is not None:
            older.stop(EndReason.SUPERSEDED)
        page = Publication(
            run.start,
            run.deal.version,
            run.trace,
            run.rank,
            channels=self._channels,
            queue=self._queue,
            values=self._values,
        )
        self._current[channel] = run.publication = page
        if self.handing_over:
            page.hand_over()
        return page

    def end(self, run: Run) -> None:
        """Make room for the next page of the channel."""
        if run.publication is not None and self._current.get(run.start.channel) is run.publication:
            del self._current[run.start.channel]

    def _forget(self, run: Run) -> None:
        if self._announced.get(run.start.channel) is run:
            del self._announced[run.start.channel]
