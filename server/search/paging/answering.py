"""Where the answer of a page comes from: memory, another search that makes it right now, or the stock."""

import asyncio
import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from protocol import codec
from protocol.events import Rejection
from protocol.records import EndReason
from server.database.core.standbys.replica import ReplicaFailed
from server.log.search_log import Outcome
from server.observe.failing import POSTGRES_FAILS
from server.search.answers.answer import Answer, Ending, Opening
from server.search.answers.answers import Answers
from server.search.answers.question import Question, question_of
from server.search.answers.stock_versions import Mark
from server.search.paging.publishing.following import follow
from server.search.paging.publishing.pages import Pages, Run
from server.search.paging.publishing.requests import Announcement
from server.search.paging.rows.first_rows import StockReads, Today, first_rows, within
from server.search.paging.rows.page import Page
from server.search.paging.rows.reading import Reading, current, stock_of
from server.search.sql.cursor import StockReader
from server.work.editions import Editions

UNKNOWN = -1
"""No version of a stock."""

NO_MARK = Mark(UNKNOWN, UNKNOWN)
"""No mark of a stock: what was read may be older than what was announced."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer in memory. ``checked``: the deal was compared with Postgres."""

    answer: Answer
    checked: bool = False


class Answering:
    """Publishes pages. Searches that read the stock take turns; those from memory need none."""

    def __init__(self, reads: StockReads, editions: Editions, answers: Answers, pages: Pages) -> None:
        self._reads = reads
        self._editions = editions
        self._answers = answers
        self._pages = pages

    async def answer(self, run: Run, day: dt.date) -> Ending | None:
        """Publish a page and return how it ended; None if it is not published here.

        Raises CommandError, NotInForce, and what Postgres and Redis raise.
        """
        # Another process may have begun the search, with news that this one has not heard yet.
        run.must_check = goes_on = run.start.base.chunks > 0
        # Read before a connection is held, so that a page needs at most one connection at a time.
        with run.trace.stage("prepare"):
            today = Today(day, await self._editions.in_force(day, afresh=goes_on))
        found = self._find(run, today)
        while True:
            if found is not None:
                done, ending = await self._follow(run, found, today)
                if done:
                    return ending
            try:
                read = await self._read(run, today)
            except ReplicaFailed:
                run.on_primary, found = True, None
                continue
            if not isinstance(read, Found):
                return read
            found = read

    def find_stale(self, run: Run) -> Found | None:
        """Return an older answer for a page that is not announced yet; None if none is kept."""
        answer = None if run.publication is not None else self._answers.stale(_question(run))
        return None if answer is None else Found(answer)

    async def answer_stale(self, run: Run, found: Found) -> Ending | None:
        """Publish an older answer; return how the page ended, None if it is not published here."""
        self._answers.stale_hits += 1
        run.trace.count("stale", self._answers.age_seconds(found.answer))
        return (await self._follow(run, found, None))[1]

    async def probe(self, day: dt.date) -> None:
        """Read the first rows of the latest search again, which nobody gets, to see whether that works.

        Raises CircuitOpen, TimeoutError, NotInForce, and what Postgres raises.
        """
        await self._reads.probe(Today(day, await self._editions.in_force(day)))

    def _find(self, run: Run, today: Today) -> Found | None:
        """Return an answer that is current as far as this process hears; None: ask Postgres."""
        if run.must_check:
            return None
        with run.trace.stage("cache"):
            question, stock = _question(run), stock_of(run.deal)
            inventory = self._answers.versions.known(stock)
            answer = None if inventory is None else self._answers.find(question, today.as_of(inventory))
            answer = answer or self._answers.joinable(question, stock, today.as_of(UNKNOWN))
        return Found(answer) if answer is not None and _may_join(run, answer) else None

    async def _follow(self, run: Run, found: Found, today: Today | None) -> tuple[bool, Ending | None]:
        """Publish an answer; return whether the page is over, and how it ended.

        It is not over if the answer was abandoned, is of another day, or if the deal must be read again.
        """
        answer = found.answer
        if today is not None:
            self._count(answer)
        answer.readers += 1
        try:
            with run.trace.stage("cache"):
                opening = await answer.opened()
            if opening is None and isinstance(answer.error, POSTGRES_FAILS) and run.publication is None:
                # All who wait for Postgres are refused at once, not one after the other.
                raise answer.error
            if opening is None or (today is not None and not today.is_that_of(opening.as_of)):
                return False, None
            page = run.publication
            if page is None:
                outcome = await self._announce(run, found, opening)
                run.must_check = outcome is Outcome.OUTDATED
                if run.must_check:
                    return False, None
                page = self._pages.begin(run) if outcome is Outcome.PUBLISHED else None
            if page is None:
                return True, None
            ending = await follow(page, answer)
        finally:
            answer.readers -= 1
        if ending is None and answer.parts:
            run.rejected = [codec.convert(Rejection, each) for each in answer.parts[-1].rejected]
        return ending is not None, ending

    def _count(self, answer: Answer) -> None:
        if answer.is_settled:
            self._answers.hits += 1
        else:
            self._answers.joins += 1

    async def _announce(self, run: Run, found: Found, opening: Opening) -> Outcome:
        last_no = None if found.checked else run.deal.last_no
        made = Announcement(opening.versions, opening.estimate, run.deal.version, last_no)
        return await self._pages.announce(run, made)

    async def _read(self, run: Run, today: Today) -> Found | Ending | None:
        """Read a page from the stock and publish it; return how it ended, None if it is not published here.

        If an answer is found meanwhile, that is returned.
        """
        answers, channel = self._answers, run.start.channel
        self._reads.breaker.check()
        async with self._reads.turn(run) as call:
            found = self._find(run, today)
            if found is not None:
                return found
            question, stock = _question(run), stock_of(run.deal)
            with ExitStack() as making:
                mark = answers.versions.mark(stock)
                made = answers.making(question, stock, mark, channel)
                # While another search makes it, this one learns the version first.
                answer = None if answers.is_being_made(question) else making.enter_context(made)
                async with self._reads.stock(run, call, run.trace) as reader:
                    with run.trace.stage("prepare"):
                        fixed = run.publication is not None
                        deal, inventory = await within(call, current(reader, run.deal, fixed=fixed))
                    if deal is run.deal:
                        answers.versions.learn(stock, mark, inventory)
                    else:
                        # Whoever joined asks about the older deal.
                        answer, run.deal = None, deal
                        making.close()
                        question, stock, mark = _question(run), stock_of(deal), NO_MARK
                    as_of = today.as_of(inventory)
                    kept = answers.find(question, as_of)
                    if kept is not None and _may_join(run, kept):
                        return Found(kept, checked=True)
                    if answer is None:
                        answer = making.enter_context(answers.making(question, stock, mark, channel))
                    answers.misses += 1
                    reading, estimate = await within(call, self._reads.prepare(run, reader, as_of))
                    answer.open(Opening(as_of, reading.versions, estimate))
                    announcement = Announcement(reading.versions, estimate, run.deal.version)
                    announced, first = await asyncio.gather(
                        self._announced(run, announcement),
                        within(call, first_rows(reader, reading), last=True),
                        return_exceptions=True,
                    )
                    if isinstance(announced, BaseException):
                        raise announced
                    if announced is not Outcome.PUBLISHED:
                        return None
                    return await self._publish(run, reader, answer, reading, first)

    async def _publish(
        self,
        run: Run,
        reader: StockReader,
        answer: Answer,
        reading: Reading,
        first: tuple[list[Any], bool] | BaseException,
    ) -> Ending | None:
        """Publish what is read; the ``answer`` grows by it."""
        page = run.publication or self._pages.begin(run)
        if page is None:
            # A newer one was announced while the first rows came.
            return None
        if isinstance(first, BaseException):
            raise first
        reader_page = Page(page, reading, run.rejected, self._answers, answer)
        try:
            if reading.unread:
                await reader_page.refuse(reader, reading.query, reading.plan.empty, reading.plan.empty_fix)
            reason = await reader_page.publish(reader, reading.query, *first)
            if reason is EndReason.COMPLETE:
                for query in reading.outside:
                    await reader_page.reject_outside(reader, query)
        except ReplicaFailed:
            run.rejected = reader_page.return_to_last_row()
            raise
        return reader_page.ending(reason)

    async def _announced(self, run: Run, made: Announcement) -> Outcome:
        """Announce a page that reads the stock, unless it is announced already."""
        return Outcome.PUBLISHED if run.publication is not None else await self._pages.announce(run, made)


def _may_join(run: Run, answer: Answer) -> bool:
    """Return whether a page may wait for an answer: not if it supersedes the search that makes it."""
    return answer.is_settled or answer.maker != run.start.channel


def _question(run: Run) -> Question:
    """Return what a page still asks: all of it, or what its last chunk leaves."""
    start, page = run.start, run.publication
    return question_of(
        run.deal,
        start.filters,
        start.sort,
        start.limit if page is None else page.matches_left,
        after=start.after if page is None else page.last,
        base=start.base if page is None else page.progress,
        rejected=run.rejected,
    )
