"""The days' supply of stocks: read once for each version of a stock, then cached."""

import datetime as dt
from collections import OrderedDict
from typing import Final

from server.search.sql.cursor import StockReader
from server.search.sql.query import Stock
from server.search.sql.supply import Supply

MOST_KEPT: Final = 200


class Supplies:
    """The supplies that a process knows: of each stock the one of its latest version."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Stock, tuple[int, dt.date, Supply]] = OrderedDict()

    async def of(self, reader: StockReader, stock: Stock, inventory: int, today: dt.date) -> Supply:
        """Return the supply of a stock, of which the reader sees version ``inventory``."""
        found = self._kept.get(stock)
        if found is not None and found[:2] == (inventory, today):
            return found[2]
        supply = await reader.supply(stock, today)
        self._kept[stock] = inventory, today, supply
        self._kept.move_to_end(stock)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return supply
