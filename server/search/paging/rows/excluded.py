"""The cars that a page keeps out: those that it screened, and those that are counted after its last row."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from protocol.commands import MAX_MATCHES
from protocol.events import Fix, Rejection
from protocol.records import EndReason
from server.search.screening.rejections import Rejections
from server.search.sql.cursor import LATER_CHUNKS, StockReader
from server.search.sql.statement import OrderedQuery
from server.search.sql.supply import UNKNOWN, Supply

if TYPE_CHECKING:
    from server.finance.plan import Plan
    from server.finance.rules.limits import Limit
    from server.search.screening.other_terms import OtherTerms
    from server.search.screening.screen import Screened


class Excluded:
    """Counts the cars that a page keeps out. ``carried`` are the counts of the pages before it; ``supply`` is
    that of the stock.
    """

    def __init__(
        self, plan: "Plan", others: "OtherTerms", carried: Sequence[Rejection], supply: Supply = UNKNOWN
    ) -> None:
        self._plan = plan
        self._others = others
        self._supply = supply
        self._counts = Rejections(carried)
        self._whole = True

    def screen(self, rows: Sequence[Any]) -> "Screened":
        """Return the matches among some rows. Its rejected rows are not counted yet."""
        from server.search.screening.screen import screen_rows

        return screen_rows(self._plan, rows, self._others, self._supply)

    def count(self, screened: "Screened", start: int, stop: int) -> None:
        """Count the rejected rows from ``start`` up to, not including, ``stop``."""
        for row in screened.rejected:
            if start <= row.row_number < stop:
                if row.limit is self._plan.empty:
                    self._counts.count(row.limit, 1, self._plan.empty_fix)
                else:
                    self._counts.add(row.limit, row.more_cash, row.terms)

    async def count_unread(
        self, reader: StockReader, query: OrderedQuery, limit: "Limit", fix: Fix | None
    ) -> None:
        """Count the cars of ``query``, which are not read because no lender programme takes any of them;
        ``fix`` is a change of the deal that meets the limit.
        """
        cars = await reader.count(query, MAX_MATCHES + 1)
        self._whole = cars <= MAX_MATCHES
        self._counts.count(limit, min(cars, MAX_MATCHES), fix)

    async def count_outside(self, reader: StockReader, query: OrderedQuery) -> int:
        """Count cars outside the price window, of which none can become a deal; return how many were read."""
        rows = await reader.read(query)
        self._whole &= query.most is None or len(rows) < query.most
        for start in range(0, len(rows), LATER_CHUNKS):
            some = rows[start : start + LATER_CHUNKS]
            self.count(self.screen(some), 0, len(some))
            # Others have their turn between two chunks.
            await asyncio.sleep(0)
        return len(rows)

    def replace(self, carried: Sequence[Rejection]) -> None:
        """Take counts that are known better."""
        self._counts = Rejections(carried)

    def report(self, reason: EndReason | None = None) -> list[dict[str, Any]]:
        """Return the ``rejected`` of a search that ended for ``reason``; None: it still runs.

        They are all cars of its filters only if it read every one.
        """
        return self._counts.report(at_least=reason is not EndReason.COMPLETE or not self._whole)
