"""What matches show that is made of several columns of a row. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from protocol.jobs import UNKNOWN_COST
from protocol.records import MAX_CENTS
from server.search.sql.supply import Supply


def shown_columns(rows: Mapping[str, Sequence[Any]], supply: Supply) -> dict[str, list[Any]]:
    """Return the columns of ``matches`` that differ from those of a row: None for what nobody knows.

    ``rows`` has at least the columns that they are made of.
    """
    models = zip(rows["make"], rows["model"], rows["is_new"], strict=True)
    return {
        "cost_cents": _costs(rows["cost_cents"]),
        "days_supply": list(map(supply.get, models)) if supply else [None] * len(rows["make"]),
        "floorplan_cents": list(map(floorplan_to_date, rows["floorplan_day_cents"], rows["days_in_stock"])),
    }


def floorplan_to_date(day_cents: int, days_in_stock: int) -> int | None:
    """Return what a car's floorplan has cost until today, as its gross counts it; None if none is stated."""
    if not day_cents or days_in_stock <= 0:
        return 0 if day_cents else None
    to_date = day_cents * days_in_stock
    return to_date if to_date < MAX_CENTS else MAX_CENTS


def _costs(costs: Iterable[int]) -> list[int | None]:
    return [None if cost == UNKNOWN_COST else cost for cost in costs]
