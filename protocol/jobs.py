"""What the search and the workers say to each other through the queue."""

import datetime as dt
from typing import Any

import msgspec

from protocol.records import Structure, Versions

NUMBER_COLUMNS = (
    "price_cents", "cost_cents", "recon_cents", "holdback_cents", "dealer_cash_cents", "invoice_cents",
    "msrp_cents", "wholesale_cents", "retail_cents", "floorplan_day_cents", "days_in_stock", "year",
    "mileage", "is_new",
)  # fmt: skip
"""What a worker needs of each car to value it: integers, 0 where the car has no such amount."""


class ValueJob(msgspec.Struct, frozen=True, kw_only=True):
    """Value one chunk of matches.

    ``vehicle_id`` and ``rev`` name the cars; ``numbers`` has one array per NUMBER_COLUMNS, all of the same
    length. ``structure`` is the deal's at ``deal_version``, its dates filled in; ``monthly_income_cents`` and
    ``other_debt_cents`` are customer and co-buyer together, ``None`` where not known; ``score`` likewise.
    ``standard_markup_bp`` and ``npv_floor_cents`` are the store's. ``enqueued_at`` is for the trace.
    """

    channel: str
    search_id: str
    chunk: int
    deal_version: int
    store_id: str
    structure: Structure
    monthly_income_cents: int | None
    other_debt_cents: int
    score: int | None
    standard_markup_bp: float
    npv_floor_cents: int
    versions: Versions
    enqueued_at: dt.datetime
    vehicle_id: list[str]
    rev: list[int]
    numbers: dict[str, list[int]]


class ValueResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker found for one chunk: ``columns`` as ``events.OFFER_COLUMNS``, times in milliseconds."""

    search_id: str
    chunk: int
    columns: dict[str, list[Any]]
    queue_wait_ms: float
    value_ms: float
