"""The messages that searches and workers exchange through the queue."""

import datetime as dt
import itertools
from collections.abc import Container, Iterable
from typing import Any, TypeVar

import msgspec

from protocol.money.inputs import CarName, DealInputs
from protocol.records import Versions

Number = TypeVar("Number", int, list[int])

NUMBER_COLUMNS = (
    "price_cents", "cost_cents", "recon_cents", "holdback_cents", "dealer_cash_cents", "invoice_cents",
    "msrp_cents", "wholesale_cents", "retail_cents", "floorplan_day_cents", "days_in_stock", "year",
    "mileage", "is_new", "rebate_cents", "transfer_cost_cents", "transfer_days",
)  # fmt: skip
"""The numbers of a car that a worker needs to value it: integers, 0 if the car has no such amount, and
UNKNOWN_COST if nobody knows its cost.

``rebate_cents`` are the manufacturer's rebates that this customer gets on this car, in addition to the
structure's. ``transfer_cost_cents`` and ``transfer_days`` are the cost and time of a transfer from another
store of the group; 0 for the store's own cars.
"""

UNKNOWN_COST = -1
"""``cost_cents`` of a car whose cost is unknown, as dealers' feeds often leave it."""


REBATE_WITHOUT = "rebate_without_{}_cents"
"""The name of a further number: the rebate without a list of exclusions of the rate sheet, counted from 1."""


def rebate_columns(names: Container[str]) -> list[str]:
    """Return the names of these numbers among ``names``, in order."""
    numbered = (REBATE_WITHOUT.format(number) for number in itertools.count(1))
    return list(itertools.takewhile(lambda name: name in names, numbered))


def rebate_numbers(values: Iterable[Number]) -> dict[str, Number]:
    """Return these numbers by name: of one car, or columns of several."""
    return {REBATE_WITHOUT.format(number): value for number, value in enumerate(values, 1)}


class JobPointer(msgspec.Struct, frozen=True, kw_only=True):
    """Names the chunk of a search to be valued; the queue carries only this.

    The job itself is stored with the chunk. It takes the turns of ``person_id``; ``enqueued_at`` is for the
    trace. An older release queued the whole job, which has these fields too.
    """

    channel: str
    search_id: str
    chunk: int
    store_id: str = ""
    person_id: str = ""
    enqueued_at: dt.datetime


class ValueJob(msgspec.Struct, frozen=True, kw_only=True):
    """Value one chunk of matches.

    ``vehicle_id`` and ``rev`` name the cars; ``numbers`` has one array per NUMBER_COLUMNS, all of the same
    length, and ``rebate_columns``. ``inputs`` are the deal's at ``deal_version``. ``lease_names`` are the
    different names of the cars, and ``lease_of`` is each car's number among them; both are empty if no lease
    programme names a car.
    """

    search_id: str
    deal_version: int
    inputs: DealInputs
    versions: Versions
    vehicle_id: list[str]
    rev: list[int]
    numbers: dict[str, list[int]]
    lease_names: list[CarName] = []
    lease_of: list[int] = []


class ValueResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a worker for one chunk: ``columns`` as ``events.OFFER_COLUMNS``, time in milliseconds.

    ``ended`` is the reading of the worker's ``time.perf_counter`` when it was done.
    """

    columns: dict[str, list[Any]]
    value_ms: float
    ended: float = 0.0
