"""How many rows the planner expects for a search: asked once for filters and price window, then cached."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from protocol import codec
from protocol.records import Filters
from server.search.sql.cursor import StockReader
from server.search.sql.query import LeasedCars, PriceWindow, Stock
from server.search.sql.statement import Query

KEPT_SECONDS = 600.0
MOST_KEPT = 2_000
STEPS_PER_DOUBLING = 8
"""Windows whose ends differ by less than about nine percent share an estimate. It is approximate anyway."""

Key = tuple[Stock, bytes, int, int, LeasedCars | None]


class Estimates:
    """The estimates of a process. ``clock`` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[float, int]] = OrderedDict()

    async def of(self, reader: StockReader, query: Query, key: Key) -> int:
        """Return the estimate for a key; if none is cached, ask the planner about ``query``."""
        now = self._clock()
        found = self._kept.get(key)
        if found is not None and now - found[0] < KEPT_SECONDS:
            return found[1]
        rows = await reader.estimate(query)
        self._kept[key] = now, rows
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return rows


def estimate_key(
    stock: Stock, filters: Filters, window: PriceWindow, leased: LeasedCars | None = None
) -> Key:
    """Return the key of an estimate: searches with the same key share it."""
    low, high = (round(math.log2(max(1, cents)) * STEPS_PER_DOUBLING) for cents in window)
    return stock, codec.encode(filters), low, high, leased
