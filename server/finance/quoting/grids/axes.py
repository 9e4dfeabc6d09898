"""What a pencil grid is asked for, and the amounts of cash over its columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from protocol.commands import MAX_GRID, Quote
from protocol.deal.structure import Structure

MOST_WITHIN: Final = 8
"""The most columns above the cash down and up to the maximum: a wide range takes several steps at a time."""

OVER_MAXIMUM: Final = 2
WITHOUT_MAXIMUM: Final = 4


@dataclass(frozen=True, slots=True)
class GridQuestion:
    """The rows and columns, empty for the structure's own, and the programme, None for that of the offer.

    ``best``: every cell has its own best programme and discount. ``step_cents`` is the distance of the
    columns, None for the store's.
    """

    terms_months: Sequence[int] = ()
    cash_down_cents: Sequence[int] = ()
    programme_id: str | None = None
    best: bool = False
    step_cents: int | None = None

    @classmethod
    def of(cls, command: Quote) -> "GridQuestion":
        """Return a command's question."""
        return cls(
            terms_months=command.terms_months,
            cash_down_cents=command.cash_down_cents,
            programme_id=command.grid_programme_id,
            best=command.grid_best,
            step_cents=command.grid_step_cents,
        )


def cash_columns(
    structure: Structure, step_cents: int, offered_cents: int | None, *, exact: bool = False
) -> list[int]:
    """Return the cash down, each step up to the maximum, the maximum, and steps beyond it, with which a
    manager may counter; also the offer's own cash. At most MAX_GRID amounts, ascending.

    A wide range takes several steps at a time, unless the step is ``exact``: then it may end below the
    maximum.
    """
    least = structure.cash_down_cents
    most = least if structure.cash_down_max_cents is None else max(least, structure.cash_down_max_cents)
    times = 1 if exact else max(1, -(-(most - least) // (step_cents * MOST_WITHIN)))
    wide = step_cents * times
    beyond = WITHOUT_MAXIMUM if structure.cash_down_max_cents is None else OVER_MAXIMUM
    first, last = (least // wide + 1) * wide, (most // wide + beyond) * wide
    amounts = [least, *range(first, last + 1, wide)[:MAX_GRID]]
    if most not in amounts:
        amounts.append(most)
    kept = set() if offered_cents is None else {offered_cents}
    others = sorted(set(amounts) - kept)[: MAX_GRID - len(kept)]
    return sorted({*others, *kept})
