"""The aggregates of a history as arrays: what the estimates are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from server.finance.rounding import Floats
from server.finance.rules.programmes import Whole
from server.history.aggregates.aggregation import SCRIPTS
from server.history.aggregates.engine import MEMORY_MIB, HistoryUnusable, engine
from server.history.aggregates.manifest import CELLS, EVENTS, LIVING, place_of, read_manifest

FEWEST_MONTHS: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Counts by cell, term and age; arrays of shape (n,), balances and amounts in cents.

    ``loans`` are those at risk at the start of the month of that age, ``owed`` their balances, ``scheduled``
    the same by their schedules, ``rates`` the sum of their rates in basis points. ``prepaid`` ended early in
    that month, ``defaults`` were charged off, ``defaulted`` is the balance of those.
    """

    tier: NDArray[np.str_]
    term_max: Whole
    ltv_max: Floats
    pti_max: Floats
    term: Whole
    age: Whole
    loans: Floats
    owed: Floats
    scheduled: Floats
    rates: Floats
    amounts: Floats
    prepaid: Floats
    defaults: Floats
    defaulted: Floats

    def where(self, chosen: NDArray[np.bool_]) -> "Counts":
        """Return the chosen rows."""
        return Counts(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Recoveries:
    """Rows of charge-offs and what was recovered of them: shape (r,).

    ``charge_off`` numbers the charge-offs; ``lag`` is in months, -1 if nothing was recovered. ``owed``
    and ``seen_for`` (months from the charge-off to the end of the history) repeat for each of its rows.
    """

    tier: NDArray[np.str_]
    charge_off: Whole
    owed: Floats
    seen_for: Whole
    lag: Whole
    amount: Floats


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What a history says up to its last month; ``first`` and ``last`` such as ``2026-03``.

    ``rows`` are those of the months' files, older versions included. ``begun_before`` are charge-offs that do
    not count, because their loans may have been charged off before the history.
    """

    first: str
    last: str
    rows: int
    begun_before: int
    counts: Counts
    recoveries: Recoveries


def read_history(folder: Path, before: str, memory_mib: int = MEMORY_MIB) -> History:
    """Return the history of the aggregated months before the month ``before``.

    The first month is not counted: what is charged off in it may have been so before.

    Raises HistoryUnusable if there are fewer than FEWEST_MONTHS months, or one between them has no payments.
    """
    known = {name: month for name, month in read_manifest(folder).months.items() if name < before}
    months = sorted(known)
    if len(months) < FEWEST_MONTHS + 1:
        found = f"{len(months)} full months before {before}"
        raise HistoryUnusable(str(folder), f"at least {FEWEST_MONTHS + 1} months of payments, found {found}")
    _refuse_gaps(folder, months)
    files = {part: [str(place_of(folder, part, name)) for name in months] for part in (CELLS, EVENTS)}
    first, last = _number(months[0]), _number(months[-1])
    with engine(folder, memory_mib) as database:
        database.execute("CREATE TABLE events AS FROM read_parquet($files)", {"files": files[EVENTS]})
        living = {"first": first, "living": str(place_of(folder, LIVING, months[0]))}
        database.execute((SCRIPTS / "first_events.sql").read_text(), living)
        values = {"cells": files[CELLS], "first_name": months[0]}
        counted = database.execute((SCRIPTS / "counts.sql").read_text(), values).fetchnumpy()
        recovered = database.execute((SCRIPTS / "recoveries.sql").read_text(), {"last": last}).fetchnumpy()
        unknown = database.execute("SELECT count(*) FROM first_events WHERE NOT begun_here").fetchone()
    return History(
        first=months[0],
        last=months[-1],
        rows=sum(month.rows for month in known.values()),
        begun_before=int(unknown[0]) if unknown else 0,
        counts=Counts(**{name: _plain(counted[name]) for name in Counts.__slots__}),
        recoveries=_recoveries({name: _plain(column) for name, column in recovered.items()}),
    )


def _refuse_gaps(folder: Path, months: Sequence[str]) -> None:
    """Raise HistoryUnusable if a month between the first and the last is missing."""
    for earlier, later in pairwise(months):
        if _number(later) != _number(earlier) + 1:
            raise HistoryUnusable(
                str(folder),
                f"payments in every month, found none between {earlier} and {later}: if those of {earlier}"
                " are there by mistake, correct their due_on or remove the month's folder",
            )


def _recoveries(columns: dict[str, NDArray[Any]]) -> Recoveries:
    return Recoveries(
        tier=columns["tier"].astype(str),
        charge_off=columns["charge_off"].astype(np.int64),
        owed=columns["owed"].astype(np.float64),
        seen_for=columns["seen_for"].astype(np.int64),
        lag=columns["lag"].astype(np.int64),
        amount=columns["recovery"].astype(np.float64),
    )


def _plain(column: Any) -> NDArray[Any]:
    """Return a column of DuckDB without its mask: a missing lag is -1, a missing amount 0."""
    if isinstance(column, np.ma.MaskedArray):
        column = column.filled(-1 if column.dtype.kind == "i" else 0)
    return np.asarray(column.astype(str) if column.dtype == object else column)


def _number(month: str) -> int:
    year, number = map(int, month.split("-"))
    return year * 12 + number - 1


def ordered_tiers(counts: Counts, known: Sequence[str]) -> list[str]:
    """Return the tiers that the history has, in the order of ``known``."""
    there = set(counts.tier.tolist())
    return [tier for tier in known if tier in there]
