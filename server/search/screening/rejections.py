"""Why a search rejected cars, and what would qualify them: counts that are carried from page to page.

Cars are counted by limit, and for each limit by the additional cash that qualifies them, in steps of $100 up
to $10,000, and by the terms that qualify them and that the deal does not offer. The table is bounded,
whatever the size of the stock.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from protocol.events import Fix, FixKind, Rejection
from server.finance.rules.limits import Limit

STEP_CENTS = 100_00
MOST_CENTS = 10_000_00
"""A customer is not expected to find more: a car that needs more is counted, but no cash is named for it."""


class Rejections:
    """Counts of a search's rejected cars. ``carried`` are the rejections of the previous pages."""

    def __init__(self, carried: Iterable[Rejection] = ()) -> None:
        self._cars: Counter[str] = Counter()
        self._steps: dict[str, Counter[int]] = {}
        self._met: dict[str, Fix] = {}
        self._terms: dict[str, Counter[int]] = {}
        for each in carried:
            self._cars[each.limit] += each.cars
            if each.fix is not None and not each.cash_steps:
                self._met[each.limit] = each.fix
            self._steps[each.limit] = Counter({step: cars for step, cars in each.cash_steps})  # noqa: C416 - pairs come as lists
            self._terms[each.limit] = Counter({term: cars for term, cars in each.term_opens})  # noqa: C416 - as above

    def __len__(self) -> int:
        return self._cars.total()

    def add(self, limit: Limit, more_cash: int, terms: Iterable[int] = ()) -> None:
        """Count a car, the additional cash, in cents, that qualifies it (negative: no cash does), and the
        other terms that do.
        """
        self.count(limit, 1)
        opened = tuple(terms)
        if opened:
            self._terms.setdefault(limit.name.lower(), Counter()).update(opened)
        if 0 <= more_cash <= MOST_CENTS:
            steps = self._steps.setdefault(limit.name.lower(), Counter())
            steps[-(-more_cash // STEP_CENTS) * STEP_CENTS] += 1

    def count(self, limit: Limit, cars: int, fix: Fix | None = None) -> None:
        """Count cars for which only the limit is known, and the change of the deal that meets it for all."""
        self._cars[limit.name.lower()] += cars
        if fix is not None:
            self._met[limit.name.lower()] = fix

    def report(self, *, at_least: bool = False) -> list[dict[str, Any]]:
        """Return the ``rejected`` of ``search_ended``: the limit with the most cars first, then by name.

        ``at_least``: not every car of the filters was looked at.
        """
        ordered = sorted(self._cars.items(), key=lambda pair: (-pair[1], pair[0]))
        rejections = (
            Rejection(
                limit=limit,
                cars=cars,
                fix=self._fix(limit),
                cash_steps=self._listed(limit),
                term_opens=[list(pair) for pair in sorted(self._terms.get(limit, Counter()).items())],
                at_least=at_least,
            )
            for limit, cars in ordered
            if cars
        )
        return [msgspec.to_builtins(each) for each in rejections]

    def _listed(self, limit: str) -> list[list[int]]:
        return [[step, cars] for step, cars in sorted(self._steps.get(limit, Counter()).items())]

    def _fix(self, limit: str) -> Fix | None:
        """Return the smallest step that qualifies at least half of the cars that cash can qualify; if no cash
        does, the change that meets the limit.
        """
        steps = self._listed(limit)
        curable, opened = sum(cars for _, cars in steps), 0
        for step, cars in steps:
            opened += cars
            if 2 * opened >= curable:
                return Fix(kind=FixKind.CASH, cash_cents=step, opens=opened)
        return self._met.get(limit)
