"""What the search and the workers say to each other through the queue."""

import datetime as dt
from typing import Any

import msgspec

from protocol.inputs import DealInputs
from protocol.records import Versions

NUMBER_COLUMNS = (
    "price_cents", "cost_cents", "recon_cents", "holdback_cents", "dealer_cash_cents", "invoice_cents",
    "msrp_cents", "wholesale_cents", "retail_cents", "floorplan_day_cents", "days_in_stock", "year",
    "mileage", "is_new", "rebate_cents", "transfer_cost_cents", "transfer_days",
)  # fmt: skip
"""What a worker needs of each car to value it: integers, 0 where the car has no such amount.

``rebate_cents`` are the manufacturer's rebates that this customer gets on this car, besides the structure's.
``transfer_cost_cents`` and ``transfer_days`` are what it takes to fetch the car from another store of the
group; 0 for the store's own.
"""


class JobChunk(msgspec.Struct, frozen=True, kw_only=True):
    """Which chunk of which search a job is for: what can be read of a job of another version."""

    channel: str
    search_id: str
    chunk: int
    vehicle_id: list[str]


class ValueJob(JobChunk, frozen=True, kw_only=True):
    """Value one chunk of matches.

    ``vehicle_id`` and ``rev`` name the cars; ``numbers`` has one array per NUMBER_COLUMNS, all of the same
    length. ``inputs`` are the deal's at ``deal_version``. ``enqueued_at`` is for the trace. The job waits for
    the turns of ``person_id``.
    """

    deal_version: int
    store_id: str
    person_id: str = ""
    inputs: DealInputs
    versions: Versions
    enqueued_at: dt.datetime
    rev: list[int]
    numbers: dict[str, list[int]]


class ValueResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker found for one chunk: ``columns`` as ``events.OFFER_COLUMNS``, times in milliseconds."""

    search_id: str
    chunk: int
    columns: dict[str, list[Any]]
    queue_wait_ms: float
    value_ms: float
