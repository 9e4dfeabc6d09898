"""Keeps people from finding a store's minimum NPV by asking often.

A person who sees whether a structure is acceptable, but not its NPV, could bisect the edge by asking. So in
such views the edge is the store's minimum plus a secret margin for each car, which no question changes.
Bisection finds the edge with its margin, and the NPV only to within ``MARGIN_CENTS``. For the same reason,
scores are computed from the NPV less the margin.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

from protocol.events import OFFER_COLUMNS

MARGIN_CENTS: Final = 200_00
"""The width of the band within which an NPV stays hidden."""

_FLOOR: Final = "npv_floor"
_KEPT: Final = frozenset({"vehicle_id", "rev"})
_LEASED: Final = frozenset(name for name in OFFER_COLUMNS if name.startswith("lease_"))
_OFFERED: Final = frozenset(OFFER_COLUMNS) - _KEPT - _LEASED


@dataclass(frozen=True, slots=True)
class FloorGuard:
    """A store's floor in cents, and the secret that determines the margins of its cars."""

    npv_floor_cents: int
    key: str = field(repr=False)

    def margin_cents(self, vehicle_id: object) -> int:
        """Return a car's margin, from 0 to less than MARGIN_CENTS: always the same one."""
        drawn = hashlib.blake2b(str(vehicle_id).encode(), key=self.key.encode(), digest_size=8)
        return int.from_bytes(drawn.digest()) % MARGIN_CENTS

    def floor_cents(self, vehicle_id: object, npv_floor_cents: int | None = None) -> int:
        """Return the NPV that a car needs to be offered; ``npv_floor_cents`` overrides the store's floor."""
        floor = self.npv_floor_cents if npv_floor_cents is None else npv_floor_cents
        return floor + self.margin_cents(vehicle_id)

    def without_marginal(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Return columns of rows without the offers and leases of cars below their edge; they look like cars
        below the store's floor.
        """
        offered = self._without(columns, "npv_cents", _OFFERED)
        return self._without(offered, "lease_value_cents", _LEASED)

    def _without(self, columns: dict[str, Any], worth: str, names: frozenset[str]) -> dict[str, Any]:
        npvs = columns.get(worth)
        if npvs is None:
            return columns
        marginal = [
            npv is not None and npv < self.floor_cents(car)
            for npv, car in zip(npvs, columns["vehicle_id"], strict=True)
        ]
        if not any(marginal):
            return columns
        return {
            name: _refused(column, marginal, _FLOOR if name == "binding" else None)
            if name in names
            else column
            for name, column in columns.items()
        }


def _refused(column: list[Any], marginal: list[bool], instead: str | None) -> list[Any]:
    return [instead if refused else cell for cell, refused in zip(column, marginal, strict=True)]
