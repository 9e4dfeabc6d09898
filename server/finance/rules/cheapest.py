"""The cheapest row of each lender: where several rows fit a car and a structure, the dearer ones may not be
offered, because the lender would book the cheapest.

A row fits a principal between its lower and upper limits on the car, if it permits at least the rebate of the
structure. Shapes: c cars, p programmes, n or m pairs of a car and a programme, k cheaper rows of one row.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.finance.rounding import Cents, Flags
from server.finance.rules.programmes import Programmes, Whole

Index = NDArray[np.intp]

NONE = -1
"""No cheaper row."""

_NOTHING = 0, -2
"""What a row lends that does not fit: neither contains a principal nor has one at its edges."""

_ENDS = (
    "buy_rate",
    *("new_cars", "used_cars"),
    *("year_min", "year_max"),
    *("mileage_min", "mileage_max"),
    *("amount_min", "amount_max"),
)
"""The columns by which one row undercuts another."""


@dataclass(frozen=True, slots=True, eq=False)
class Lent:
    """What each row lends on each car that it takes, shape (n,): where it ``fits`` at all, from ``low`` to
    ``ceiling``, if the customer pays at least ``cash_min``. ``owed`` is owed before cash, with the row's
    ``rebate``. ``number`` is a pair's number in a table of shape (c, p), ``programme`` its row.
    """

    number: Index
    programme: Index
    fits: Flags
    low: Cents
    ceiling: Cents
    cash_min: Cents
    owed: Cents
    rebate: Cents


@dataclass(frozen=True, slots=True, eq=False)
class Covered:
    """What each of a row's cheaper rows lends on each car, from ``low`` to ``high``: of shape (k, n), or
    (k, c, p) in tables.
    """

    low: Cents
    high: Cents

    def at(self, pair: Index) -> "Covered":
        """Return some of the pairs, by number."""
        return Covered(self.low.take(pair, axis=1), self.high.take(pair, axis=1))

    def table(self, number: Index, shape: tuple[int, int]) -> "Covered":
        """Return tables of all pairs, in which these have the given numbers."""
        rows, pairs = len(self.low), shape[0] * shape[1]
        tables = [np.full((rows, pairs), empty, dtype=np.int64) for empty in _NOTHING]
        for table, ends in zip(tables, (self.low, self.high), strict=True):
            table[:, number] = ends
        return Covered(*(table.reshape(rows, *shape) for table in tables))


def cheaper_rows(programmes: Programmes) -> Whole:
    """Return the numbers of the cheaper rows of each row's lender at its term, shape (p, k), padded with
    NONE; k is 0 if no row has one that can fit the same car.
    """
    groups: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for number, (lender, term) in enumerate(
        zip(programmes.lender.tolist(), programmes.term.tolist(), strict=True)
    ):
        groups[lender, term].append(number)
    cheaper: list[list[int]] = [[] for _ in range(len(programmes))]
    # Plain numbers: one of an array costs more to take out than to compare.
    ends = list(zip(*(getattr(programmes, name).tolist() for name in _ENDS), strict=True))
    for group in groups.values():
        if len(group) > 1:
            for row in group:
                cheaper[row] = [other for other in group if _undercuts(ends[other], ends[row])]
    most = max(map(len, cheaper), default=0)
    padded = [each + [NONE] * (most - len(each)) for each in cheaper]
    return np.array(padded, dtype=np.int64).reshape(len(programmes), most)


def covered_by(cheaper: Whole, lent: Lent, cars: int) -> Covered:
    """Return what the cheaper rows lend, on the structures of each row; shape (k, n).

    The most that another row lends there is the rest of what is owed after its least cash.
    """
    pairs, programmes = len(lent.number), len(cheaper)
    lows, highs = (np.full((cheaper.shape[1], pairs), empty, dtype=np.int64) for empty in _NOTHING)
    place = np.full(cars * programmes, NONE, dtype=np.intp)
    place[lent.number] = np.arange(pairs)
    for low, high, numbers in zip(lows, highs, cheaper.T, strict=True):
        rows = np.flatnonzero((numbers != NONE).take(lent.programme))
        # From a row's number to that of its cheaper row.
        further = (numbers - np.arange(programmes)).take(lent.programme.take(rows))
        others = place.take(lent.number.take(rows) + further)
        fits = (others != NONE) & lent.fits.take(others)
        fits &= lent.rebate.take(others) >= lent.rebate.take(rows)
        rows, others = rows.compress(fits), others.compress(fits)
        after_cash = lent.owed.take(rows) - lent.cash_min.take(others)
        low[rows] = lent.low.take(others)
        high[rows] = np.minimum(lent.ceiling.take(others), after_cash)
    return Covered(lows, highs)


def is_covered(covered: Covered, pair: Index, principal: Cents) -> Flags:
    """Return whether a cheaper row of the lender fits; ``pair`` are numbers in (c, p), and broadcast with
    ``principal``.
    """
    marks = np.zeros(principal.shape, dtype=np.bool_)
    for low, high in zip(covered.low, covered.high, strict=True):
        marks |= (low.take(pair) <= principal) & (principal <= high.take(pair))
    return marks


def gap_edges(covered: Covered, pair: Index) -> tuple[Cents, Cents]:
    """Return the principals just below and just above what each cheaper row lends, for pairs by number; each
    of shape (n, k), below any principal if the row does not fit.
    """
    shape = len(covered.low), len(pair)
    below, above = (
        np.array([each.take(pair) for each in ends], dtype=np.int64).reshape(shape).T
        for ends in (covered.low, covered.high)
    )
    return below - 1, above + 1


def trimmed(covered: Covered, lowest: Cents, highest: Cents) -> tuple[Cents, Cents]:
    """Return the ends of each row's own principals, shape (n,), without those at either end that a cheaper
    row lends; the lower end is above the upper one if nothing is left.
    """
    # Each cheaper row can move an end once.
    for low, high in [*zip(covered.low, covered.high, strict=True)] * len(covered.low):
        top, bottom = highest, lowest
        highest = np.where((low <= top) & (top <= high), low - 1, top)
        lowest = np.where((low <= bottom) & (bottom <= high), high + 1, bottom)
    return lowest, highest


def _undercuts(other: tuple[int, ...], row: tuple[int, ...]) -> bool:
    """Return whether a row is cheaper than another, and both can fit one car and principal; each by its
    ``_ENDS``.
    """
    rate, new, used, year, last_year, mileage, most_mileage, amount, most_amount = other
    return bool(
        rate < row[0]
        and ((new and row[1]) or (used and row[2]))
        and max(year, row[3]) <= min(last_year, row[4])
        and max(mileage, row[5]) <= min(most_mileage, row[6])
        and max(amount, row[7]) <= min(most_amount, row[8])
    )
