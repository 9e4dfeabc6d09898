"""Why cars were kept out of a whole search, and what would open them: counts that a search carries on.

The numbers of cars by limit, and for each limit by the further cash that opens them in steps of $100 up to
$10,000: a bounded table, whatever the stock.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from protocol.events import Fix, FixKind, Rejection
from server.finance.limits import Limit

STEP_CENTS = 100_00
MOST_CENTS = 10_000_00
"""Who lacks more does not find it: such a car counts, but no cash is named for it."""


class Rejections:
    """Counts of a search's rejected cars; ``carried`` are the rejections of the pages before this one."""

    def __init__(self, carried: Iterable[Rejection] = ()) -> None:
        self._cars: Counter[str] = Counter()
        self._steps: dict[str, Counter[int]] = {}
        for each in carried:
            self._cars[each.limit] += each.cars
            self._steps[each.limit] = Counter({step: cars for step, cars in each.cash_steps})  # noqa: C416 - pairs come as lists

    def __len__(self) -> int:
        return self._cars.total()

    def add(self, limit: Limit, more_cash: int) -> None:
        """Count a car and how much more cash opens it, negative where none does."""
        self.count(limit, 1)
        if 0 <= more_cash <= MOST_CENTS:
            steps = self._steps.setdefault(limit.name.lower(), Counter())
            steps[-(-more_cash // STEP_CENTS) * STEP_CENTS] += 1

    def count(self, limit: Limit, cars: int) -> None:
        """Count cars of which nothing else is known."""
        self._cars[limit.name.lower()] += cars

    def report(self) -> list[dict[str, Any]]:
        """Return the ``rejected`` of ``search_ended``, the limit of most cars first, then by name."""
        ordered = sorted(self._cars.items(), key=lambda pair: (-pair[1], pair[0]))
        rejections = (
            Rejection(limit=limit, cars=cars, fix=self._fix(limit), cash_steps=self._listed(limit))
            for limit, cars in ordered
            if cars
        )
        return [msgspec.to_builtins(each) for each in rejections]

    def _listed(self, limit: str) -> list[list[int]]:
        return [[step, cars] for step, cars in sorted(self._steps.get(limit, Counter()).items())]

    def _fix(self, limit: str) -> Fix | None:
        """Return the least step that opens at least half of the cars that cash opens at all."""
        steps = self._listed(limit)
        curable, opened = sum(cars for _, cars in steps), 0
        for step, cars in steps:
            opened += cars
            if 2 * opened >= curable:
                return Fix(kind=FixKind.CASH, cash_cents=step, opens=opened)
        return None
