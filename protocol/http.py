"""Bodies of HTTP requests and responses, apart from the pages."""

import datetime as dt
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from protocol.closing import ErrorBody
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Fulfilment
from protocol.records import DealState, Record


class NewDeal(Record, frozen=True):
    """The body of ``POST /api/deals``."""

    customer_id: Annotated[str, Meta(min_length=1, max_length=64)]
    structure: StructureChanges | msgspec.UnsetType = msgspec.UNSET


class DealBegun(Record, frozen=True):
    """The answer to ``POST /api/deals``."""

    id: str
    channel: str
    version: int


class ListedDeal(Record, frozen=True):
    """A deal in the list of a store's deals. ``fulfilment`` says how far a signed one has come, else null."""

    id: str
    channel: str
    customer: str
    state: DealState
    version: int
    store_id: str
    updated_at: dt.datetime
    fulfilment: Fulfilment | None = None


class DealList(Record, frozen=True):
    """The answer to ``GET /api/deals``; ``next`` is the ``after`` of the next page, null on the last one."""

    deals: list[ListedDeal]
    next: str | None


class ListedCustomer(Record, frozen=True):
    """A customer in the list for a new deal."""

    id: str
    name: str
    city: str


class FoundCustomer(Record, frozen=True):
    """A customer that was found, with the phone number."""

    id: str
    name: str
    co_name: str | None
    city: str
    phone: str


class Found(Record, frozen=True):
    """The answer to ``GET /api/find``: the customers of a name or phone number, and deals of those customers,
    of a deal's number or of a stock number.
    """

    customers: list[FoundCustomer]
    deals: list[ListedDeal]


class CustomerMade(Record, frozen=True):
    """The answer to ``POST /api/customers``."""

    id: str


class CustomerList(Record, frozen=True):
    """The answer to ``GET /api/customers``."""

    customers: list[ListedCustomer]


class Audit(Record, frozen=True):
    """Everything that was decided, said and quoted about a deal, in order."""

    deal_id: str
    store_id: str
    customer: Any
    salesperson: Any
    created_at: dt.datetime
    first_structure: dict[str, Any]
    events: list[dict[str, Any]]
    pencils: list[dict[str, Any]]


class Readiness(Record, frozen=True):
    """The answer to ``GET /readyz``: whether the process can serve, and each dependency by name."""

    ready: bool
    checks: dict[str, bool]


class Refusal(Record, frozen=True):
    """The body of every refusal of the API."""

    error: ErrorBody
