"""The rows of a deal's latest search: matches and their offers, merged by car.

Pure: nothing here does I/O. Chunks are kept as they arrive and folded into rows on the first read, so a
program that only follows a large search does not pay for 20,000 dictionaries.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from protocol import codec
from protocol.events import (
    CLAIM_COLUMNS,
    OFFER_COLUMNS,
    ON_SALE,
    SCORE_COLUMN,
    Columns,
    Matches,
    Offers,
    SnapshotRows,
    ValueFailed,
    VehicleChanged,
)

Chunk = Matches | Offers | ValueFailed | SnapshotRows | VehicleChanged


KEY_COLUMNS = frozenset({"vehicle_id", "rev"})
OFFER_ONLY_COLUMNS = frozenset({*OFFER_COLUMNS, SCORE_COLUMN}) - KEY_COLUMNS


MOST_UNFOLDED = 1_000
"""The most chunks that are kept unfolded: a search has far fewer, but cars may change all day."""


class ValueState(StrEnum):
    """How far a car is with its value."""

    PENDING = "pending"
    VALUED = "valued"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """One car. ``offer`` is None until it is valued; its amounts are None if nothing is feasible."""

    vehicle_id: str
    rev: int
    match: Mapping[str, Any]
    offer: Mapping[str, Any] | None = None
    value: ValueState = ValueState.PENDING


class Rows(Mapping[str, Row]):
    """Rows by ``vehicle_id``, in the order of the search, each at the highest ``rev`` that was seen.

    Adding is idempotent: a chunk that is added again changes nothing.
    """

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._unfolded: list[Chunk] = []

    def add(self, chunk: Chunk) -> None:
        """Take a chunk. An older ``rev`` of a car is dropped, and so is an offer for another ``rev``."""
        self._unfolded.append(chunk)
        if len(self._unfolded) >= MOST_UNFOLDED:
            self._folded()

    def __getitem__(self, vehicle_id: str) -> Row:
        return self._folded()[vehicle_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._folded())

    def __len__(self) -> int:
        return len(self._folded())

    def _folded(self) -> dict[str, Row]:
        if self._unfolded:
            chunks, self._unfolded = self._unfolded, []
            for chunk in chunks:
                self._fold(chunk)
        return self._rows

    def _fold(self, chunk: Chunk) -> None:
        match chunk:
            case Matches():
                for cells in _records(chunk.columns):
                    self._put_match(cells)
            case Offers():
                for cells in _records(chunk.columns):
                    self._put_offer(cells)
            case SnapshotRows():
                for cells in _records(chunk.columns):
                    self._put_snapshot(cells)
            case VehicleChanged():
                self._change_car(chunk)
            case ValueFailed():
                for vehicle_id in chunk.vehicle_id:
                    self._fail(vehicle_id)

    def _put_match(self, cells: dict[str, Any]) -> None:
        vehicle_id, rev = cells["vehicle_id"], cells["rev"]
        known = self._rows.get(vehicle_id)
        if known is None or known.rev < rev:
            self._rows[vehicle_id] = Row(vehicle_id, rev, cells)
        elif known.rev == rev:
            # The car was repriced and matched again: its known value stays.
            claims = {name: known.match[name] for name in CLAIM_COLUMNS if name in known.match}
            self._rows[vehicle_id] = replace(known, match=claims | cells)

    def _change_car(self, event: VehicleChanged) -> None:
        """Remove a sold car; mark a repriced one as pending until it is valued at its new price."""
        known = self._rows.get(event.vehicle_id)
        if known is None or event.rev < known.rev:
            return
        if event.status not in ON_SALE:
            del self._rows[event.vehicle_id]
            return
        told = codec.plain(event)
        claims = {name: told[name] for name in CLAIM_COLUMNS if name in told}
        kept = {name: value for name, value in known.match.items() if name not in CLAIM_COLUMNS}
        match = {**kept, "rev": event.rev, "price_cents": event.price_cents, **_said(claims)}
        if event.rev > known.rev:
            self._rows[event.vehicle_id] = Row(event.vehicle_id, event.rev, match)
        else:
            self._rows[event.vehicle_id] = replace(known, match=match)

    def _put_offer(self, cells: dict[str, Any]) -> None:
        known = self._rows.get(cells["vehicle_id"])
        if known is not None and known.rev == cells["rev"]:
            self._rows[known.vehicle_id] = replace(known, offer=cells, value=ValueState.VALUED)

    def _put_snapshot(self, cells: dict[str, Any]) -> None:
        # True, false while pending, null if the workers gave up.
        valued = cells.pop("valued", False)
        claims = _said({name: cells.pop(name) for name in CLAIM_COLUMNS if name in cells})
        match = {name: value for name, value in cells.items() if name not in OFFER_ONLY_COLUMNS}
        self._put_match(match | claims)
        if valued is None:
            self._fail(cells["vehicle_id"])
        elif valued:
            offer = KEY_COLUMNS | OFFER_ONLY_COLUMNS
            self._put_offer({name: value for name, value in cells.items() if name in offer})

    def _fail(self, vehicle_id: str) -> None:
        known = self._rows.get(vehicle_id)
        if known is not None and known.value is ValueState.PENDING:
            self._rows[vehicle_id] = replace(known, value=ValueState.FAILED)


def _said(claims: dict[str, Any]) -> dict[str, Any]:
    """Return the claim columns of a car; empty if there is no claim."""
    return {name: value for name, value in claims.items() if value}


def _records(columns: Columns) -> Iterator[dict[str, Any]]:
    names = tuple(columns)
    for cells in zip(*columns.values(), strict=True):
        yield dict(zip(names, cells, strict=True))
