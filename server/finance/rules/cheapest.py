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

UNREACHABLE = -1
"""An edge that no principal lies at."""


@dataclass(frozen=True, slots=True, eq=False)
class Lent:
    """What each row lends on each car, shape (c, p): where it ``fits`` at all, from ``low`` to ``ceiling``,
    if the customer pays at least ``cash_min``. ``owed`` is owed before cash, with the row's ``rebate``.
    """

    fits: Flags
    low: Cents
    ceiling: Cents
    cash_min: Cents
    owed: Cents
    rebate: Cents


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
    for group in groups.values():
        if len(group) > 1:
            for row in group:
                cheaper[row] = [other for other in group if _undercuts(programmes, other, row)]
    most = max(map(len, cheaper), default=0)
    padded = [each + [NONE] * (most - len(each)) for each in cheaper]
    return np.array(padded, dtype=np.int64).reshape(len(programmes), most)


def is_covered(cheaper: Whole, lent: Lent, car: Index, programme: Index, principal: Cents) -> Flags:
    """Return whether a cheaper row of the lender fits; ``principal`` has the shape of ``car``, or further
    columns.
    """
    marks = np.zeros(principal.shape, dtype=np.bool_)
    columns = (..., *(None,) * (principal.ndim - car.ndim))
    for others in cheaper[programme].T:
        fits = _fits(lent, car, programme, others)[columns]
        low, high = lent.low[car, others][columns], _high(lent, car, programme, others)[columns]
        marks |= fits & (low <= principal) & (principal <= high)
    return marks


def gap_edges(cheaper: Whole, lent: Lent, car: Index, programme: Index) -> tuple[Cents, Cents]:
    """Return the principals just below and just above what each cheaper row lends; each of shape (n, k),
    UNREACHABLE if the row does not fit.
    """
    shape = len(car), cheaper.shape[1]
    below, above = np.full(shape, UNREACHABLE), np.full(shape, UNREACHABLE)
    for place, others in enumerate(cheaper[programme].T):
        fits = _fits(lent, car, programme, others)
        below[:, place] = np.where(fits, lent.low[car, others] - 1, UNREACHABLE)
        above[:, place] = np.where(fits, _high(lent, car, programme, others) + 1, UNREACHABLE)
    return below, above


def trimmed(cheaper: Whole, lent: Lent, lowest: Cents, highest: Cents) -> tuple[Cents, Cents]:
    """Return the ends of each row's own principals, shape (c, p), without those at either end that a cheaper
    row lends; the lower end is above the upper one if nothing is left.
    """
    lowest, highest = lowest.copy(), highest.copy()
    rows = np.flatnonzero((cheaper != NONE).any(axis=1))
    cars = np.arange(len(lowest))[:, None]
    # Each cheaper row can move an end once.
    for others in [*cheaper[rows].T] * cheaper.shape[1]:
        fits = _fits(lent, cars, rows[None, :], others[None, :])
        low, high = lent.low[:, others], _high(lent, cars, rows[None, :], others[None, :])
        top, bottom = highest[:, rows], lowest[:, rows]
        highest[:, rows] = np.where(fits & (low <= top) & (top <= high), low - 1, top)
        lowest[:, rows] = np.where(fits & (low <= bottom) & (bottom <= high), high + 1, bottom)
    return lowest, highest


def _fits(lent: Lent, car: Index, programme: Index, others: Whole) -> Flags:
    fits: Flags = (others != NONE) & lent.fits[car, others]
    return fits & (lent.rebate[car, others] >= lent.rebate[car, programme])


def _high(lent: Lent, car: Index, programme: Index, others: Whole) -> Cents:
    """Return the largest principal of other rows on the structures of a row: the rest of what is owed there
    after the least cash.
    """
    after_cash = lent.owed[car, programme] - lent.cash_min[car, others]
    high: Cents = np.minimum(lent.ceiling[car, others], after_cash)
    return high


def _undercuts(programmes: Programmes, other: int, row: int) -> bool:
    """Return whether a row is cheaper than another, and both can fit one car and principal."""
    p = programmes
    return bool(
        p.buy_rate[other] < p.buy_rate[row]
        and ((p.new_cars[other] and p.new_cars[row]) or (p.used_cars[other] and p.used_cars[row]))
        and max(p.year_min[other], p.year_min[row]) <= min(p.year_max[other], p.year_max[row])
        and max(p.mileage_min[other], p.mileage_min[row]) <= min(p.mileage_max[other], p.mileage_max[row])
        and max(p.amount_min[other], p.amount_min[row]) <= min(p.amount_max[other], p.amount_max[row])
    )
