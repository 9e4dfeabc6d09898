"""Stage 2: which cars of a chunk can become a deal. Workers value with the same function. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from protocol.events import MATCH_COLUMNS
from protocol.jobs import NUMBER_COLUMNS
from protocol.records import DealKind
from server.finance.cars import Cars
from server.finance.cash_sales import cash_sales, covered
from server.finance.leasing.names import CarNames
from server.finance.leasing.plan import LeasePlan
from server.finance.leasing.ranking import leased
from server.finance.loans.lending import loans_of
from server.finance.loans.reaching import headroom_of
from server.finance.plan import Plan
from server.finance.rounding import Cents, Flags
from server.finance.rules.limits import Limit
from server.search.screening.other_terms import OtherTerms
from server.search.sql.columns import rebates_by_name
from server.search.sql.query import RESULT_COLUMNS
from server.search.sql.shown import shown_columns
from server.search.sql.statement import Keyset
from server.search.sql.supply import UNKNOWN, Supply

Index = NDArray[np.intp]
NamesOf = Callable[[Index], CarNames]
"""Returns what lease programmes name some of the cars by, by number."""

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


def screen_rows(
    plan: Plan, rows: Sequence[Any], others: OtherTerms | None = None, supply: Supply = UNKNOWN
) -> Screened:
    """Return the matches among ``rows``: at least one, each a sequence in the order of ``RESULT_COLUMNS``.

    A car that only the customer's cash pays for has no payments: null. One that is only leased has those of
    its best lease. ``others`` tell which other terms open the rejected cars; None: not asked. ``supply`` is
    that of the stock.
    """
    read = dict(zip(RESULT_COLUMNS, zip(*rows, strict=True), strict=True))
    without = rebates_by_name(read["rebates_without"])
    cars = Cars.of({**{name: read[name] for name in NUMBER_COLUMNS}, **without})

    def names_of(which: Index) -> CarNames:
        every = list(zip(read["make"], read["model"], read["body"], strict=True))
        return CarNames.each([every[car] for car in which.tolist()])

    fits = _fitting(plan, cars, names_of)
    matched = fits.matched
    limits, more_cash = fits.limit[~matched].tolist(), fits.more_cash[~matched].tolist()
    out = np.flatnonzero(~matched)
    terms: Sequence[tuple[int, ...]] = [()] * len(out)
    if others is not None and out.size and not _has_no_other_terms(plan):
        terms = others.opening(cars.at(out), names_of(out))
    marks = matched.tolist()

    def kept(column: Sequence[Any]) -> list[Any]:
        return list(compress(column, marks) if out.size else column)

    columns = {name: kept(read[name]) for name in MATCH_COLUMNS if name in read}
    numbers = {name: columns.get(name) or kept(read[name]) for name in NUMBER_COLUMNS}
    columns |= {
        "payment_min_cents": _payments(fits.lowest, fits.financed, matched),
        "payment_max_cents": _payments(fits.highest, fits.financed, matched),
        **shown_columns({**columns, **numbers}, supply),
    }
    return Screened(
        columns={name: columns[name] for name in MATCH_COLUMNS},
        numbers={**numbers, **{name: kept(column) for name, column in without.items()}},
        positions=kept(read["position"]),
        row_numbers=np.flatnonzero(matched).tolist(),
        rejected=[
            Rejected(row, _LIMIT_OF[code], cents, opening)
            for row, code, cents, opening in zip(out.tolist(), limits, more_cash, terms, strict=True)
        ],
        last=Keyset(read["position"][-1], int(read["vehicle_id"][-1])),
    )


def _has_no_other_terms(plan: Plan) -> bool:
    """Return whether no other term opens a car: a cash deal has none, and an empty plan names its own fix."""
    kind = plan.inputs.structure.kind
    return kind is DealKind.CASH or (kind is DealKind.FINANCE and bool(plan.empty))


class _Fits(NamedTuple):
    """Which cars become a deal, and how; of shape (c,). ``limit`` and ``more_cash`` are of those that do not.
    ``lowest`` and ``highest`` are the payments of the ``financed`` ones, and of the leased among them.
    """

    matched: Flags
    financed: Flags
    lowest: Cents
    highest: Cents
    limit: Cents
    more_cash: Cents


def is_financed(plan: Plan) -> bool:
    """Return whether a lender may take a car of this deal."""
    return not plan.empty and plan.inputs.structure.kind is DealKind.FINANCE


def _fitting(plan: Plan, cars: Cars, names_of: NamesOf) -> _Fits:
    inputs, none = plan.inputs, np.zeros(len(cars), dtype=np.int64)
    loans, found = None, _Fits(none > 0, none > 0, none, none, none + int(plan.empty), none - 1)
    if is_financed(plan):
        loans = loans_of(plan, cars, headroom_of(plan, cars))
        financed, (lowest, highest) = loans.any_feasible(), loans.payment_ends()
        found = _Fits(financed, financed, lowest, highest, none, none - 1)
    if inputs.structure.kind is DealKind.CASH:
        sales = cash_sales(plan, cars)
        paid = covered(sales)
        return found._replace(matched=paid, limit=sales.limit, more_cash=np.where(paid, -1, sales.missing))
    if inputs.structure.kind is not DealKind.LEASE and inputs.all_kinds and not found.matched.all():
        found = _or_paid(plan, cars, found)
    if plan.leases is not None:
        found = _or_leased(plan, plan.leases, cars, names_of, found)
    if loans is None or found.matched.all():
        return found
    nearest = loans.nearest()
    return found._replace(limit=nearest.limit, more_cash=_least(nearest.more_cash, found.more_cash))


def _or_paid(plan: Plan, cars: Cars, found: _Fits) -> _Fits:
    """Return what fits with the cars that the customer's cash pays for, among those that nothing finances.
    Enough cash for all opens others.
    """
    rest = np.flatnonzero(~found.financed)
    sales = cash_sales(plan, cars.at(rest))
    matched, more_cash = found.matched.copy(), found.more_cash.copy()
    matched[rest] = covered(sales)
    buys = np.where(sales.limit == int(Limit.DISCOUNT), -1, sales.missing)
    more_cash[rest] = _least(more_cash[rest], buys)
    return found._replace(matched=matched, more_cash=more_cash)


def _least(one: Cents, other: Cents) -> Cents:
    """Return the smaller of two amounts of cash, of which a negative one is none."""
    return np.where(one < 0, other, np.where(other < 0, one, np.minimum(one, other)))


def _or_leased(plan: Plan, leases: LeasePlan, cars: Cars, names_of: NamesOf, found: _Fits) -> _Fits:
    """Return what fits with the cars that are leased, among those that nothing else takes."""
    rest = np.flatnonzero(~found.matched)
    if not rest.size:
        return found
    limit, payment = leased(leases, cars.at(rest), names_of(rest))
    takes = (limit == Limit.NONE) | (limit == Limit.NPV_FLOOR)
    at = rest[takes]
    matched, priced = found.matched.copy(), found.financed.copy()
    lowest, highest, limits = found.lowest.copy(), found.highest.copy(), found.limit.copy()
    matched[at] = priced[at] = True
    lowest[at] = highest[at] = payment[takes]
    if plan.inputs.structure.kind is DealKind.LEASE:
        limits[rest] = limit
    return _Fits(matched, priced, lowest, highest, limits, found.more_cash)


def _payments(payments: Cents, financed: Flags, matched: Flags) -> list[int | None]:
    shown: list[int | None] = payments.compress(matched).tolist()
    for place in np.flatnonzero(~financed.compress(matched)).tolist():
        shown[place] = None
    return shown
