"""The versions of stocks that are known without reading them.

A search learns the version of its stock in its own snapshot. Postgres announces at commit that a version
moved, whatever moved it, and the known version is forgotten. Nothing is known while announcements may be
missed.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from protocol.records import Scope
from server.search.sql.query import Stock

FIRST_REV: Final = 1
MOST_TOLD: Final = 10_000
"""Of how many cars the state is known that screens were told last."""


class Mark(NamedTuple):
    """What was forgotten so far, of a stock and of all at once."""

    stock: int
    all: int


class StockVersions:
    """The known versions. ``hears`` returns whether announcements of Postgres arrive."""

    def __init__(self, hears: Callable[[], bool] = lambda: False) -> None:
        self._hears = hears
        self._known: dict[str, int] = {}
        self._forgotten: Counter[str] = Counter()
        self._all_forgotten = 0
        self._told: OrderedDict[str, int] = OrderedDict()

    def heard(self, payload: str) -> None:
        """Forget the stock of a store, and that of its group: ``store group`` is announced."""
        store_id, _, group_id = payload.partition(" ")
        for name in (f"{Scope.STORE} {store_id}", f"{Scope.GROUP} {group_id}"):
            self._known.pop(name, None)
            self._forgotten[name] += 1

    def changed(self, store_id: str, group_id: str, vehicle_id: str, rev: int) -> None:
        """Forget the stock of a deal whose screens were told of a newer state of a car.

        Who sees it and searches again must not get an older one from memory, even if the announcement of
        Postgres is late. Claims of a car are told with the state that it had.
        """
        known = self._told.pop(vehicle_id, FIRST_REV)
        self._told[vehicle_id] = max(known, rev)
        while len(self._told) > MOST_TOLD:
            self._told.popitem(last=False)
        if rev > known:
            self.heard(f"{store_id} {group_id}")

    def missed(self) -> None:
        """Forget every stock: announcements may have been missed."""
        self._known.clear()
        self._all_forgotten += 1

    def mark(self, stock: Stock) -> Mark:
        """Return what to pass to ``learn`` with the version of a snapshot that begins after this call."""
        return Mark(self._forgotten[_name(stock)], self._all_forgotten)

    def learn(self, stock: Stock, mark: Mark, version: int) -> None:
        """Keep a version that was read. If the stock was forgotten since ``mark``, it may be older and is not
        kept.
        """
        if mark == self.mark(stock):
            self._known[_name(stock)] = version

    def stands(self, stock: Stock, mark: Mark) -> bool:
        """Return whether what was read after ``mark`` is current: nothing was announced since."""
        return self._hears() and mark == self.mark(stock)

    def known(self, stock: Stock) -> int | None:
        """Return the current version of a stock; None if it must be read."""
        return self._known.get(_name(stock)) if self._hears() else None


def _name(stock: Stock) -> str:
    return f"{stock.scope} {stock.group_id if stock.scope is Scope.GROUP else stock.store_id}"
