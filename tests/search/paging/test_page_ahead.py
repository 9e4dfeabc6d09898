"""A page lets the database read on while it screens the rows in hand."""

from typing import Any, cast

from protocol.records import EndReason
from server.log.search_log import Progress
from server.search.answers.answer import Answer
from server.search.answers.answers import Answers
from server.search.paging.rows.page import Page
from server.search.sql.cursor import StockReader
from server.search.sql.statement import OrderedQuery
from server.search.trace import Trace
from server.sharing.precedence import Precedence, Rank

CHUNKS = (16, 64, 640)
QUERY = cast(OrderedQuery, object())


class NoReading:
    """A reading without a plan."""

    plan = others = supply = None


class Publication:
    """A page of 300 matches that is stopped by nobody."""

    matches_left, progress, last, trace = 300, Progress(0, 0, 0), None, Trace()
    stopped = enqueuing = None
    rank = Rank(Precedence(), "s")

    async def enqueued(self) -> None:
        """Nothing is queued."""


class HalfOf(Page):
    """A page on which every second row matches."""

    def __init__(self, steps: list[str]) -> None:
        super().__init__(cast(Any, Publication()), cast(Any, NoReading()), (), Answers(), Answer("deal:1", 0))
        self._steps = steps

    async def _take_rows(self, rows: list[Any]) -> EndReason | None:
        self._steps.append(f"screen {len(rows)}")
        self._screened += len(rows)
        self._left -= min(self._left, len(rows) // 2)
        return None


class Reader:
    """The rows after the first chunk, and what is asked of their reader."""

    def __init__(self, steps: list[str]) -> None:
        self._steps = steps
        self._rows = iter(CHUNKS[1:])

    def read_ahead(self, _query: object, wanted: int) -> None:
        self._steps.append(f"ahead {wanted}")

    async def fetch(self, _query: object, _wanted: int) -> tuple[list[Any], bool]:
        return [None] * next(self._rows), True


async def test_the_next_rows_are_read_while_those_in_hand_are_screened() -> None:
    """As many as are wanted by what matched so far, beyond those in hand; none before the first matches."""
    steps: list[str] = []
    page, reader = HalfOf(steps), cast(StockReader, Reader(steps))
    assert await page.publish(reader, QUERY, [None] * CHUNKS[0], more=True) is EndReason.LIMIT
    # 292 matches are left after 16 rows with 8: 584 rows and 5 %, of which 64 are in hand.
    assert steps == ["screen 16", "ahead 550", "screen 64", "ahead -94", "screen 640"]


async def test_later_rows_give_way_before_they_are_screened() -> None:
    """The first ones do not: someone waits for them."""
    steps: list[str] = []
    page = HalfOf(steps)

    class Yielding:
        """Notes when its search gives way."""

        async def give_way(self) -> None:
            """Give way."""
            steps.append("give way")

    page._publication.rank = cast(Any, Yielding())
    await page.publish(cast(StockReader, Reader(steps)), QUERY, [None] * CHUNKS[0], more=True)
    assert [step for step in steps if not step.startswith("ahead")] == [
        *("screen 16", "give way", "screen 64", "give way", "screen 640")
    ]
