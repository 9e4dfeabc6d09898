"""One page of a search: rows are read, screened and published in chunks; each chunk is a job."""

import asyncio
import math
from typing import TYPE_CHECKING, Any

from protocol import codec
from protocol.events import Fix, Rejection
from protocol.jobs import ValueJob
from protocol.records import EndReason
from server.finance.rules.limits import Limit
from server.log.search_log import Outcome, Progress
from server.search.answers.answer import Answer, Ending, Part
from server.search.answers.answers import Answers
from server.search.paging.publishing.publication import Publication
from server.search.paging.rows.excluded import Excluded
from server.search.paging.rows.parts import parts_of
from server.search.paging.rows.reading import Reading
from server.search.screening.names import lease_names_of
from server.search.sql.cursor import StockReader
from server.search.sql.statement import OrderedQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.search.screening.screen import Screened

TURNS_TO_SEND = 2
"""Turns of the event loop after which a publication or a query is sent, which screening would delay."""

ROWS_TO_SPARE = 1.05
"""How many more rows are read than were needed for as many matches so far, because another query costs more
than some rows.
"""

WHOLE = frozenset({EndReason.COMPLETE, EndReason.LIMIT})
"""The ends of a page that was read as far as it was asked for."""


class Page:
    """Reads a page from the stock and publishes it; its chunks make the ``answer`` grow.

    ``rejected`` are the counts of the pages and chunks before it.
    """

    def __init__(
        self,
        publication: Publication,
        reading: Reading,
        rejected: "Sequence[Rejection]",
        answers: Answers,
        answer: Answer,
    ) -> None:
        self._publication = publication
        self._reading = reading
        self._answers = answers
        self._answer = answer
        self._base = publication.progress
        self._limit = self._left = publication.matches_left
        self._screened = 0
        self._excluded = Excluded(reading.plan, reading.others, rejected, reading.supply)
        self._trace = publication.trace
        self._publishing: asyncio.Task[EndReason | None] | None = None
        self._counts_of_rows: tuple[Progress, list[dict[str, Any]]] | None = None

    async def publish(
        self, reader: StockReader, query: OrderedQuery, rows: list[Any], more: bool
    ) -> EndReason:
        """Publish the matches among ``rows`` and the rows that follow, up to the limit; return why it ended.

        After SUPERSEDED the caller publishes nothing: another process or a newer search has taken over.
        """
        if self._left == 0:
            return EndReason.LIMIT
        try:
            while True:
                if rows:
                    await self._read_ahead(reader, query, len(rows))
                    if reason := await self._take_rows(rows):
                        return reason
                if not more or self._left == 0:
                    # A page that reached its limit does not know whether another match follows.
                    return await self._published() or (EndReason.LIMIT if more else EndReason.COMPLETE)
                rows, more = await reader.fetch(query, self._rows_wanted())
                await self._publication.rank.give_way()
        except asyncio.CancelledError:
            for task in self._running():
                task.cancel()
            raise
        finally:
            ended = await asyncio.gather(*self._running(), return_exceptions=True)
            self._publishing = None
            await self._publication.enqueued()
            for error in ended:
                if isinstance(error, BaseException):
                    raise error

    async def refuse(self, reader: StockReader, query: OrderedQuery, limit: Limit, fix: Fix | None) -> None:
        """Count the cars of ``query``, which no lender programme takes; ``fix`` is what meets that limit."""
        self._keep_counts_of_rows()
        await self._excluded.count_unread(reader, query, limit, fix)

    def return_to_last_row(self) -> "list[Rejection]":
        """Forget what was counted beyond the rows of the page, so that another reader can go on after the
        last of them; return the counts up to it.
        """
        self._keep_counts_of_rows()
        progress, rejected = self._counts_of_rows or (self._publication.progress, [])
        self._publication.counted(progress, self._publication.last)
        return [codec.convert(Rejection, each) for each in rejected]

    async def reject_outside(self, reader: StockReader, query: OrderedQuery) -> None:
        """Count cars outside the price window. None of them can become a deal."""
        publication = self._publication
        if publication.stopped is None:
            self._keep_counts_of_rows()
            read = await self._excluded.count_outside(reader, query)
            before = publication.progress
            progress = Progress(before.scanned + read, before.matched, before.chunks)
            publication.counted(progress, publication.last)

    def _keep_counts_of_rows(self) -> None:
        if self._counts_of_rows is None:
            self._counts_of_rows = self._publication.progress, self._excluded.report()

    def ending(self, reason: EndReason) -> Ending:
        """Return how the page ended, with all its counts; a page that was read to its end completes the
        answer.
        """
        publication = self._publication
        ending = Ending(reason, publication.progress, self._excluded.report(reason), publication.last)
        if reason in WHOLE:
            self._answer.end(ending)
        return ending

    async def _take_rows(self, rows: list[Any]) -> EndReason | None:
        """Screen rows and begin to publish their matches; return why the page ends, or None.

        At most one chunk is being published while the next one is read and screened.
        """
        with self._trace.stage("screen"):
            screened = self._excluded.screen(rows)
            self._screened += len(rows)
            cut = len(screened) > self._left
            if cut:
                screened = screened.first(self._left)
                rows = rows[: screened.row_numbers[-1] + 1]
        if reason := await self._published():
            return reason
        first = self._publication.progress.scanned == self._base.scanned
        self._left -= len(screened)
        publishing = self._publish(screened, len(rows), cut=cut)
        self._publishing = asyncio.create_task(publishing, name="matches")
        if cut or first:
            # Someone is waiting for the first matches, so nothing else starts until they are published.
            return await self._published()
        await _let_send()
        return None

    async def _read_ahead(self, reader: StockReader, query: OrderedQuery, in_hand: int) -> None:
        """Let the database read the next page while the rows in hand are screened, if more are wanted.

        Not before the first matches: someone is waiting for them, and how many rows match is not known.
        """
        if self._screened:
            reader.read_ahead(query, self._rows_wanted() - in_hand)
            await _let_send()

    def _rows_wanted(self) -> int:
        """Return about how many more rows have the matches that are left, by those that were screened."""
        matched = self._limit - self._left
        return math.ceil(ROWS_TO_SPARE * self._left * self._screened / matched) if matched else self._left

    async def _published(self) -> EndReason | None:
        """Wait for the chunk that is being published; return why the page ends with it, or None."""
        publishing, self._publishing = self._publishing, None
        return await publishing if publishing is not None else self._publication.stopped

    def _running(self) -> "list[asyncio.Task[Any]]":
        tasks = self._publishing, self._publication.enqueuing
        return [task for task in tasks if task is not None]

    async def _publish(self, screened: "Screened", rows: int, *, cut: bool) -> EndReason | None:
        publication = self._publication
        scanned_before, counted = publication.progress.scanned, 0
        for part, cells in parts_of(screened):
            if publication.stopped is not None:
                return publication.stopped
            through = part.row_numbers[-1] + 1
            self._excluded.count(screened, counted, through)
            counted = through
            if await self._publish_chunk(part, cells, scanned_before + through) is Outcome.SUPERSEDED:
                return EndReason.SUPERSEDED
        self._excluded.count(screened, counted, rows)
        progress = publication.progress
        # The next page begins after the last counted row, so that no row is counted twice.
        publication.counted(Progress(scanned_before + rows, progress.matched, progress.chunks), screened.last)
        return publication.stopped or (EndReason.LIMIT if cut else None)

    async def _publish_chunk(self, screened: "Screened", cells: bytes, scanned: int) -> Outcome:
        before = self._publication.progress
        part = Part(
            cells=cells,
            rows=len(screened),
            progress=Progress(scanned, before.matched + len(screened), before.chunks + 1),
            rejected=self._excluded.report(),
            last=screened.last_match,
            job=codec.encode(self._job(screened)),
        )
        self._answers.add(self._answer, part)
        return await self._publication.publish(part)

    def _job(self, part: "Screened") -> ValueJob:
        reading = self._reading
        lease_names, lease_of = lease_names_of(reading.plan, part.columns)
        return ValueJob(
            search_id=self._publication.search_id,
            deal_version=reading.deal.version,
            inputs=reading.plan.inputs,
            versions=reading.versions,
            vehicle_id=part.columns["vehicle_id"],
            rev=part.columns["rev"],
            numbers=part.numbers,
            lease_names=lease_names,
            lease_of=lease_of,
        )


async def _let_send() -> None:
    for _ in range(TURNS_TO_SEND):
        await asyncio.sleep(0)
