"""Stage 2: which cars of a chunk can become a deal. Workers value with the same function. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any, Final, NamedTuple

import numpy as np

from protocol.events import MATCH_COLUMNS
from protocol.jobs import NUMBER_COLUMNS
from server.finance.cars import Cars
from server.finance.limits import Limit
from server.finance.payment import payments_cents
from server.finance.plan import Plan
from server.finance.structures import build_structures
from server.search.screening.other_terms import OtherTerms
from server.search.sql.columns import rebates_by_name
from server.search.sql.query import RESULT_COLUMNS, Keyset, shown_costs

_NEVER = np.iinfo(np.int64).max
_LIMIT_OF: Final = {int(limit): limit for limit in Limit}


class Rejected(NamedTuple):
    """A row that cannot become a deal: the limit that rejects it, the additional cash in cents that qualifies
    the car (negative: no cash does), and the terms that do and that the deal does not offer.
    """

    row_number: int
    limit: Limit
    more_cash: int
    terms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Screened:
    """The result of screening a chunk's rows.

    ``columns`` are those of ``matches``, ``numbers`` those of a job; all have one element for each match.
    ``positions`` are the positions of the matches in the sort order, ``row_numbers`` their rows, counted from
    0. ``rejected`` are the other rows; ``last`` is the place of the last row, matched or not.
    """

    columns: dict[str, list[Any]]
    numbers: dict[str, list[int]]
    positions: list[int]
    row_numbers: list[int]
    rejected: list[Rejected]
    last: Keyset

    def __len__(self) -> int:
        return len(self.row_numbers)

    @property
    def last_match(self) -> Keyset:
        """The place of the last match."""
        return Keyset(self.positions[-1], int(self.columns["vehicle_id"][-1]))

    def part(self, start: int, stop: int) -> "Screened":
        """Return the matches from ``start`` up to ``stop``, at least one, without the rejected rows."""
        return Screened(
            columns={name: column[start:stop] for name, column in self.columns.items()},
            numbers={name: column[start:stop] for name, column in self.numbers.items()},
            positions=self.positions[start:stop],
            row_numbers=self.row_numbers[start:stop],
            rejected=[],
            last=Keyset(self.positions[stop - 1], int(self.columns["vehicle_id"][stop - 1])),
        )

    def first(self, matches: int) -> "Screened":
        """Return the result as if the rows ended with the match of number ``matches``, counted from 1."""
        cut = self.part(0, matches)
        before = [each for each in self.rejected if each.row_number < cut.row_numbers[-1]]
        return replace(cut, rejected=before)


def screen_rows(plan: Plan, rows: Sequence[Any], others: OtherTerms | None = None) -> Screened:
    """Return the matches among ``rows``: at least one, each a sequence in the order of ``RESULT_COLUMNS``.

    The plan must not be empty. ``others`` tell which other terms open the rejected cars; None: not asked.
    """
    read = dict(zip(RESULT_COLUMNS, zip(*rows, strict=True), strict=True))
    without = rebates_by_name(read["rebates_without"])
    cars = Cars.of({**{name: read[name] for name in NUMBER_COLUMNS}, **without})
    structures = build_structures(plan, cars)
    matched = structures.any_feasible()
    least = payments_cents(structures.lowest, plan.factors)
    lowest = np.where(structures.feasible, least, _NEVER).min(axis=1)
    highest = np.where(structures.feasible, structures.payment, 0).max(axis=1)
    limits = structures.nearest_limit()[~matched].tolist()
    more_cash = structures.more_cash()[~matched].tolist()
    out = np.flatnonzero(~matched)
    terms = [()] * len(out) if others is None or not out.size else others.opening(cars.at(out))
    marks = matched.tolist()
    columns = {name: list(compress(read[name], marks)) for name in MATCH_COLUMNS if name in read}
    columns |= {
        "payment_min_cents": lowest[matched].tolist(),
        "payment_max_cents": highest[matched].tolist(),
    }
    return Screened(
        columns={name: columns[name] for name in MATCH_COLUMNS}
        | {"cost_cents": shown_costs(columns["cost_cents"])},
        numbers={
            **{name: columns.get(name) or list(compress(read[name], marks)) for name in NUMBER_COLUMNS},
            **{name: list(compress(column, marks)) for name, column in without.items()},
        },
        positions=list(compress(read["position"], marks)),
        row_numbers=np.flatnonzero(matched).tolist(),
        rejected=[
            Rejected(row, _LIMIT_OF[code], cents, opening)
            for row, code, cents, opening in zip(out.tolist(), limits, more_cash, terms, strict=True)
        ],
        last=Keyset(read["position"][-1], int(read["vehicle_id"][-1])),
    )
