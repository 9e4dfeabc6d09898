"""Stage 2: which cars of a chunk can become a deal. Workers value with the same function. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any, Final, NamedTuple

import numpy as np

from protocol.events import MATCH_COLUMNS
from protocol.jobs import NUMBER_COLUMNS
from protocol.records import DealKind
from server.finance.cars import Cars
from server.finance.cash_sales import cash_sales, covered
from server.finance.leasing.names import CarNames
from server.finance.leasing.plan import LeasePlan
from server.finance.leasing.ranking import leased
from server.finance.payment import payments_cents
from server.finance.plan import Plan
from server.finance.rounding import Cents, Flags
from server.finance.rules.limits import Limit
from server.finance.structures import build_structures
from server.search.screening.other_terms import OtherTerms
from server.search.sql.columns import rebates_by_name
from server.search.sql.query import RESULT_COLUMNS, shown_costs
from server.search.sql.statement import Keyset

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

    A car that only the customer's cash pays for has no payments: null. One that is only leased has those of
    its best lease. ``others`` tell which other terms open the rejected cars; None: not asked.
    """
    read = dict(zip(RESULT_COLUMNS, zip(*rows, strict=True), strict=True))
    without = rebates_by_name(read["rebates_without"])
    cars = Cars.of({**{name: read[name] for name in NUMBER_COLUMNS}, **without})
    names = CarNames.each(list(zip(read["make"], read["model"], read["body"], strict=True)))
    fits = _fitting(plan, cars, names)
    matched = fits.matched
    limits, more_cash = fits.limit[~matched].tolist(), fits.more_cash[~matched].tolist()
    out = np.flatnonzero(~matched)
    terms: Sequence[tuple[int, ...]] = [()] * len(out)
    if others is not None and out.size and not _has_no_other_terms(plan):
        terms = others.opening(cars.at(out), CarNames(names.names, names.of_car[out]))
    marks = matched.tolist()
    columns = {name: list(compress(read[name], marks)) for name in MATCH_COLUMNS if name in read}
    columns |= {
        "payment_min_cents": _payments(fits.lowest, fits.financed, matched),
        "payment_max_cents": _payments(fits.highest, fits.financed, matched),
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


def _fitting(plan: Plan, cars: Cars, names: CarNames) -> _Fits:
    inputs, none = plan.inputs, np.zeros(len(cars), dtype=np.int64)
    if is_financed(plan):
        structures = build_structures(plan, cars)
        financed = structures.any_feasible()
        least = payments_cents(structures.lowest, plan.factors)
        lowest = np.where(structures.feasible, least, _NEVER).min(axis=1)
        highest = np.where(structures.feasible, structures.payment, 0).max(axis=1)
        limit, more_cash = structures.nearest_limit(), structures.more_cash()
    else:
        financed, lowest, highest = none > 0, none, none
        limit, more_cash = np.full(len(cars), int(plan.empty)), np.full(len(cars), -1)
    if inputs.structure.kind is DealKind.CASH:
        sales = cash_sales(plan, cars)
        paid = covered(sales)
        return _Fits(paid, financed, lowest, highest, sales.limit, np.where(paid, -1, sales.missing))
    found = _Fits(financed, financed, lowest, highest, limit, more_cash)
    if inputs.structure.kind is not DealKind.LEASE and inputs.all_kinds and not financed.all():
        found = _or_paid(plan, cars, found)
    return found if plan.leases is None else _or_leased(plan, plan.leases, cars, names, found)


def _or_paid(plan: Plan, cars: Cars, found: _Fits) -> _Fits:
    """Return what fits with the cars that the customer's cash pays for. Enough cash for all opens others."""
    sales, more = cash_sales(plan, cars), found.more_cash
    buys = np.where(sales.limit == int(Limit.DISCOUNT), -1, sales.missing)
    more = np.where(more < 0, buys, np.where(buys < 0, more, np.minimum(more, buys)))
    return found._replace(matched=found.financed | covered(sales), more_cash=more)


def _or_leased(plan: Plan, leases: LeasePlan, cars: Cars, names: CarNames, found: _Fits) -> _Fits:
    """Return what fits with the cars that are leased, among those that nothing else takes."""
    rest = np.flatnonzero(~found.matched)
    if not rest.size:
        return found
    limit, payment = leased(leases, cars.at(rest), CarNames(names.names, names.of_car[rest]))
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
    shown = zip(payments[matched].tolist(), financed[matched].tolist(), strict=True)
    return [payment if lent else None for payment, lent in shown]
