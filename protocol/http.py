"""Bodies of HTTP requests and responses, apart from the pages."""

import datetime as dt
from enum import StrEnum
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


class SecurityKind(StrEnum):
    """The kinds of security events."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_IN_THROTTLED = "sign_in_throttled"
    SIGNED_OUT = "signed_out"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a kind of event  # nosec B105
    FORBIDDEN = "forbidden"
    ORIGIN_REFUSED = "origin_refused"
    CSRF_REFUSED = "csrf_refused"
    THROTTLED = "throttled"
    FLOODED = "flooded"
    EXPORTED = "exported"
    CUSTOMER_VIEWED = "customer_viewed"
    CUSTOMERS_LISTED = "customers_listed"
    USER_ADDED = "user_added"
    USER_CHANGED = "user_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a kind of event  # nosec B105
    SESSIONS_ENDED = "sessions_ended"
    TOKEN_MADE = "token_made"  # noqa: S105 - a kind of event  # nosec B105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a kind of event  # nosec B105
    OFFER_OPENED = "offer_opened"
    OFFER_REFUSED = "offer_refused"
    OFFER_THROTTLED = "offer_throttled"
    OFFER_SHARED = "offer_shared"
    OFFER_REVOKED = "offer_revoked"
    EVENTS_LOST = "events_lost"
    CUSTOMER_EXPORTED = "customer_exported"
    CUSTOMER_RESTRICTED = "customer_restricted"
    CUSTOMER_ERASED = "customer_erased"


class ListedSecurityEvent(Record, frozen=True):
    """A security event, which happened ``count`` times from ``at`` to ``until``.

    ``login`` is empty for an unknown one, of which only ``login_digest`` is kept.
    """

    id: int
    at: dt.datetime
    until: dt.datetime
    count: int
    kind: SecurityKind
    login: str
    login_digest: str
    address: str
    store_id: str | None
    user_id: str | None
    connection_id: str
    deal_id: str | None
    customer_ids: list[str]
    detail: dict[str, str | int]


class SecurityEventList(Record, frozen=True):
    """The answer to ``GET /api/security-events``; ``next`` is the ``after`` of the next page, or null."""

    events: list[ListedSecurityEvent]
    next: str | None


class Readiness(Record, frozen=True):
    """The answer to ``GET /readyz``: whether the process can serve, and each dependency by name."""

    ready: bool
    checks: dict[str, bool]


class Refusal(Record, frozen=True):
    """The body of every refusal of the API."""

    error: ErrorBody
