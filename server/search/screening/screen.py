"""Stage 2: which cars of a chunk can become a deal, by the function that workers value with. Pure."""

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
from server.search.sql.query import RESULT_COLUMNS, Keyset

_NEVER = np.iinfo(np.int64).max
_LIMIT_OF: Final = {int(limit): limit for limit in Limit}


class Rejected(NamedTuple):
    """A row that cannot become a deal: the limit that kept it out, and how much more cash opens the car,
    negative where none does.
    """

    row_number: int
    limit: Limit
    more_cash: int


@dataclass(frozen=True, slots=True)
class Screened:
    """What became of a chunk's rows.

    ``columns`` are those of ``matches``, ``numbers`` those of a job; all have one element for each match.
    ``keysets`` are the places of the matches, ``row_numbers`` the rows that they were, counted from 0.
    ``rejected`` are the other rows, ``last`` is the place of the last row of all.
    """

    columns: dict[str, list[Any]]
    numbers: dict[str, list[int]]
    keysets: list[Keyset]
    row_numbers: list[int]
    rejected: list[Rejected]
    last: Keyset

    def __len__(self) -> int:
        return len(self.keysets)

    def part(self, start: int, stop: int) -> "Screened":
        """Return some of the matches, at least one, without the rejected."""
        return Screened(
            columns={name: column[start:stop] for name, column in self.columns.items()},
            numbers={name: column[start:stop] for name, column in self.numbers.items()},
            keysets=self.keysets[start:stop],
            row_numbers=self.row_numbers[start:stop],
            rejected=[],
            last=self.keysets[stop - 1],
        )

    def first(self, matches: int) -> "Screened":
        """Return what screening had found if the rows ended with that match, counted from 1."""
        cut = self.part(0, matches)
        before = [each for each in self.rejected if each.row_number < cut.row_numbers[-1]]
        return replace(cut, rejected=before)


def screen_rows(plan: Plan, rows: Sequence[Any]) -> Screened:
    """Return the matches among ``rows``: sequences as ``query.RESULT_COLUMNS``, at least one.

    The plan must not be empty.
    """
    read = dict(zip(RESULT_COLUMNS, zip(*rows, strict=True), strict=True))
    cars = Cars.of({name: read[name] for name in NUMBER_COLUMNS})
    structures = build_structures(plan, cars)
    matched = structures.any_feasible()
    least = payments_cents(structures.lowest, plan.factors)
    lowest = np.where(structures.feasible, least, _NEVER).min(axis=1)
    highest = np.where(structures.feasible, structures.payment, 0).max(axis=1)
    limits = structures.nearest_limit()[~matched].tolist()
    more_cash = structures.more_cash()[~matched].tolist()
    keeps = matched.tolist()
    # Each column once, as it was read: the rows stay what they are, and none is made of the numbers again.
    kept = {name: list(compress(column, keeps)) for name, column in read.items()}
    columns = {name: kept[name] for name in MATCH_COLUMNS if name in kept}
    columns |= {
        "payment_min_cents": lowest[matched].tolist(),
        "payment_max_cents": highest[matched].tolist(),
    }
    return Screened(
        columns={name: columns[name] for name in MATCH_COLUMNS},
        numbers={name: kept[name] for name in NUMBER_COLUMNS},
        keysets=list(map(Keyset, kept["position"], map(int, kept["vehicle_id"]))),
        row_numbers=np.flatnonzero(matched).tolist(),
        rejected=[
            Rejected(row, _LIMIT_OF[code], cents)
            for row, code, cents in zip(np.flatnonzero(~matched).tolist(), limits, more_cash, strict=True)
        ],
        last=Keyset(read["position"][-1], int(read["vehicle_id"][-1])),
    )
