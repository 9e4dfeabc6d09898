"""Trades: cars that a customer gives in payment, each a record, and a structure's sums of them.

A structure's flat trade fields are derived from its trades while it has any. A structure without records, as
older clients make it, states them itself.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.records import MAX_CENTS, Cents, Identifier, Record
from protocol.texts import ONE_LINE
from protocol.vin import FIRST_YEAR, LENGTH, flaw

MAX_TRADES: Final = 2

MAX_PER_DIEM_CENTS: Final = 1_000_00
"""A thousand dollars a day, more than any car loan's interest. Over all days between FIRST_DATE and LAST_DATE
it still stays within MAX_CENTS.
"""

FIRST_DATE, LAST_DATE = dt.date(1990, 1, 1), dt.date(2200, 12, 31)
"""The range of a structure's dates, so that a date plus a month is always valid."""

PerDiemCents = Annotated[int, Meta(ge=0, le=MAX_PER_DIEM_CENTS)]
ModelYear = Annotated[int, Meta(ge=1900, le=2100)]
MAX_MILEAGE: Final = 10_000_000
MAX_NAME: Final = 60
Mileage = Annotated[int, Meta(ge=0, le=MAX_MILEAGE)]
Name = Annotated[str, Meta(max_length=MAX_NAME, pattern=ONE_LINE)]
VinText = Annotated[str, Meta(max_length=40, pattern=ONE_LINE)]


class Trade(Record, frozen=True):
    """A car that the customer trades in. An empty text, or None, means that nobody knows yet.

    ``allowance_cents`` is what the customer is credited. ``payoff_cents`` is the lienholder's quote of
    ``payoff_quoted_on``; ``payoff_per_diem_cents`` is due for each day after it. ``acv_cents``, the actual
    cash value, is None until the desk appraised the car: then the allowance counts as its value.
    """

    id: Identifier
    year: ModelYear | None = None
    make: Name = ""
    model: Name = ""
    mileage: Mileage | None = None
    vin: VinText = ""
    lienholder: Name = ""
    allowance_cents: Cents = 0
    payoff_cents: Cents = 0
    payoff_quoted_on: dt.date | None = None
    payoff_per_diem_cents: PerDiemCents = 0
    payoff_good_through: dt.date | None = None
    acv_cents: Cents | None = None

    @property
    def value_cents(self) -> int:
        """What the car counts as: its cash value, or the allowance if it was not appraised."""
        return self.allowance_cents if self.acv_cents is None else self.acv_cents

    def payoff_on(self, day: dt.date) -> int:
        """Return the payoff in cents on ``day``.

        The per diem counts from the day of the quote. If nobody noted that day, the quote holds through its
        good-through date, and the per diem counts from there.
        """
        since = self.payoff_quoted_on or self.payoff_good_through
        days = 0 if since is None else max(0, (day - since).days)
        return self.payoff_cents + self.payoff_per_diem_cents * days

    def describe(self) -> str:
        """Return the car in words, such as ``2019 Honda CR-V``; ``trade`` if nothing is known of it."""
        known = (str(self.year) if self.year else "", self.make, self.model)
        return " ".join(part for part in known if part) or "trade"


class TradeChanges(Record, frozen=True):
    """A partial ``Trade``: a field that is ``UNSET`` stays as it was, the cash value above all.

    An ``id`` that the deal does not have adds a trade; ``removed`` takes it out.
    """

    id: Identifier
    removed: bool = False
    year: ModelYear | UnsetType | None = UNSET
    make: Name | UnsetType = UNSET
    model: Name | UnsetType = UNSET
    mileage: Mileage | UnsetType | None = UNSET
    vin: VinText | UnsetType = UNSET
    lienholder: Name | UnsetType = UNSET
    allowance_cents: Cents | UnsetType = UNSET
    payoff_cents: Cents | UnsetType = UNSET
    payoff_quoted_on: dt.date | UnsetType | None = UNSET
    payoff_per_diem_cents: PerDiemCents | UnsetType = UNSET
    payoff_good_through: dt.date | UnsetType | None = UNSET
    acv_cents: Cents | UnsetType | None = UNSET

    def stated(self) -> dict[str, Any]:
        """Return the fields of a trade that are set, without the id."""
        names = (name for name in Trade.__struct_fields__ if name != "id")
        return {name: value for name in names if (value := getattr(self, name)) is not UNSET}


FLAT_FIELDS: Final = {
    "trade_allowance_cents": "allowance_cents",
    "payoff_cents": "payoff_cents",
    "payoff_good_through": "payoff_good_through",
    "payoff_per_diem_cents": "payoff_per_diem_cents",
    "trade_acv_cents": "acv_cents",
}
"""A structure's flat trade fields, each with the field of a trade that it is derived from."""


def with_changes(trades: Sequence[Trade], changes: Sequence[TradeChanges]) -> list[Trade]:
    """Return ``trades`` with ``changes``, in order: trades that are not named stay as they are."""
    kept = {trade.id: trade for trade in trades}
    for change in changes:
        if change.removed:
            kept.pop(change.id, None)
            continue
        stated = change.stated()
        if isinstance(stated.get("vin"), str):
            stated["vin"] = stated["vin"].strip().upper()
        kept[change.id] = msgspec.structs.replace(kept.get(change.id, Trade(id=change.id)), **stated)
    return list(kept.values())


def sums_of(trades: Sequence[Trade]) -> dict[str, Any]:
    """Return the flat fields of a structure with these trades; without any, those of no trade.

    The payoff is good through the earliest date of any. The cash value is None while no trade was appraised;
    after that, a trade that was not counts with its allowance.
    """
    dates = [each.payoff_good_through for each in trades if each.payoff_good_through is not None]
    appraised = any(each.acv_cents is not None for each in trades)
    return {
        "trade_allowance_cents": sum(each.allowance_cents for each in trades),
        "payoff_cents": sum(each.payoff_cents for each in trades),
        "payoff_good_through": min(dates, default=None),
        "payoff_per_diem_cents": sum(each.payoff_per_diem_cents for each in trades),
        "trade_acv_cents": sum(each.value_cents for each in trades) if appraised else None,
    }


def faults_of(trades: Sequence[Trade]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a structure's trades: the field, and what was expected of it."""
    if len(trades) > MAX_TRADES:
        yield "trades", f"expected at most {MAX_TRADES} trades"
    for trade in trades:
        at = f"trades.{trade.id}"
        for name in ("payoff_quoted_on", "payoff_good_through"):
            date = getattr(trade, name)
            if date is not None and not FIRST_DATE <= date <= LAST_DATE:
                yield f"{at}.{name}", f"expected a date between {FIRST_DATE} and {LAST_DATE}"
        quoted, good = trade.payoff_quoted_on, trade.payoff_good_through
        if quoted is not None and good is not None and good < quoted:
            yield f"{at}.payoff_good_through", f"expected a date from payoff_quoted_on {quoted} on"
        wrong = _vin_fault(trade)
        if wrong is not None:
            yield f"{at}.vin", wrong
    vins = [trade.vin for trade in trades if trade.vin]
    if len(set(vins)) < len(vins):
        yield f"trades.{trades[-1].id}.vin", "expected another car: both trades have this VIN"
    for name in ("allowance_cents", "payoff_cents"):
        if sum(getattr(trade, name) for trade in trades) > MAX_CENTS:
            yield f"trades.{trades[-1].id}.{name}", f"expected at most {MAX_CENTS} in all trades together"
    if sum(trade.value_cents for trade in trades) > MAX_CENTS:
        yield f"trades.{trades[-1].id}.acv_cents", f"expected at most {MAX_CENTS} in all trades together"
    if sum(trade.payoff_per_diem_cents for trade in trades) > MAX_PER_DIEM_CENTS:
        at = f"trades.{trades[-1].id}.payoff_per_diem_cents"
        yield at, f"expected at most {MAX_PER_DIEM_CENTS} in all trades together"


def _vin_fault(trade: Trade) -> str | None:
    if not trade.vin:
        return None
    if trade.year is not None and trade.year < FIRST_YEAR:
        return f"expected no VIN: before {FIRST_YEAR} each maker had numbers of its own. Leave it empty"
    if len(trade.vin) != LENGTH:
        return (
            f"expected {LENGTH} characters, got {len(trade.vin)}. A car of before {FIRST_YEAR} has no such"
            " number: leave it empty"
        )
    wrong = flaw(trade.vin)
    return None if wrong is None else f"expected a valid VIN: {wrong}"


def moved(before: Sequence[Trade], after: Sequence[Trade]) -> set[tuple[str, str]]:
    """Return the fields that differ, as pairs of trade and field; ``(id, "")`` of one that came or went."""
    old, new = ({trade.id: trade for trade in trades} for trades in (before, after))
    found = {(key, "") for key in old.keys() ^ new.keys()}
    for key in old.keys() & new.keys():
        one, other = old[key], new[key]
        names = (name for name in Trade.__struct_fields__ if getattr(one, name) != getattr(other, name))
        found |= {(key, name) for name in names}
    return found


def appraised_and_gone(before: Sequence[Trade], changes: Sequence[TradeChanges]) -> Trade | None:
    """Return a trade with a cash value that ``changes`` take out, if there is one.

    Who does not see the value may not do that: what a car is worth to the store with the trade and without it
    would reveal it.
    """
    gone = {change.id for change in changes if change.removed}
    return next((each for each in before if each.id in gone and each.acv_cents is not None), None)


def only_appraises(changes: Sequence[TradeChanges]) -> bool:
    """Return whether ``changes`` set cash values and nothing else."""
    return all(not change.removed and change.stated().keys() == {"acv_cents"} for change in changes)


def counts_alike(before: Sequence[Trade], after: Sequence[Trade]) -> bool:
    """Return whether two lists of trades give every contract the same figures: only words differ."""
    return [_counted(trade) for trade in before] == [_counted(trade) for trade in after]


def _counted(trade: Trade) -> tuple[object, ...]:
    payoff = (trade.payoff_cents, trade.payoff_per_diem_cents)
    dates = (trade.payoff_quoted_on, trade.payoff_good_through)
    return (trade.allowance_cents, trade.acv_cents, *payoff, *dates)


def on_the_deal(changes: Sequence[TradeChanges], trades: Sequence[Trade]) -> list[TradeChanges]:
    """Return the changes to trades that are still on the deal: an old offer brings none back."""
    known = {trade.id for trade in trades}
    return [change for change in changes if change.id in known]
