"""Domain values on the wire: frozen, typed, checked on construction.

Units: ``*_cents`` are integer cents (USD); ``*_bp`` are basis points with at most two decimals
(8.875 % is 887.5); ``*_months`` are whole months; dates are calendar dates.
"""

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.texts import ONE_LINE, echoed

MAX_CENTS = 100_000_000_00
"""A hundred million dollars: above any car, far below the 2**53 that a browser counts exactly."""

MAX_BASIS_POINTS = Decimal(10_000)
"""100 %: no tax or contract rate is higher."""

Cents = Annotated[int, Meta(ge=0, le=MAX_CENTS)]
Months = Annotated[int, Meta(ge=1, le=120)]
Identifier = Annotated[str, Meta(min_length=1, max_length=64, pattern=ONE_LINE)]


class BasisPoints(Decimal):
    """Basis points, 0 to 10,000 with at most two decimals. Raises ValueError if the value is neither."""

    def __new__(cls, value: Decimal | float | str) -> "BasisPoints":
        try:
            number = super().__new__(cls, repr(value) if isinstance(value, float) else value)
        except InvalidOperation:
            raise ValueError(f"Expected a number of basis points, got {echoed(str(value))}") from None
        if not number.is_finite() or not 0 <= number <= MAX_BASIS_POINTS:
            raise ValueError(
                f"Expected basis points between 0 and {MAX_BASIS_POINTS}, got {echoed(str(value))}"
            )
        if number != round(number, 2):
            raise ValueError(f"Expected basis points with at most two decimals, got {echoed(str(value))}")
        return number


class Role(StrEnum):
    """The job of a user; a ``customer`` is whoever opened a link. Views limit what each role sees."""

    SALESPERSON = "salesperson"
    DESK_MANAGER = "desk_manager"
    OPERATOR = "operator"
    CUSTOMER = "customer"


class View(StrEnum):
    """A projection of the log: how much of each event a person sees."""

    MANAGER = "manager"
    SALES = "sales"
    CUSTOMER = "customer"


class DealState(StrEnum):
    """The state of a deal between salesperson and desk."""

    WORKING = "working"
    SUBMITTED = "submitted"
    COUNTERED = "countered"
    APPROVED = "approved"
    DECLINED = "declined"
    SIGNED = "signed"
    LOST = "lost"


class Tier(StrEnum):
    """Credit tier, best first. Lender programmes and risk curves are keyed by it."""

    SUPER_PRIME = "super_prime"
    PRIME = "prime"
    NEAR_PRIME = "near_prime"
    SUBPRIME = "subprime"
    DEEP_SUBPRIME = "deep_subprime"


class Scope(StrEnum):
    """Which stock a search reads: the deal's store, or every store of its group."""

    STORE = "store"
    GROUP = "group"


class DealKind(StrEnum):
    """How a customer pays for a car: with a loan, a lease, or in full."""

    FINANCE = "finance"
    LEASE = "lease"
    CASH = "cash"


class DayCount(StrEnum):
    """How interest accrues between two dates."""

    THIRTY_360 = "30/360"
    ACTUAL_365 = "actual/365"


class EndReason(StrEnum):
    """Why a search ended."""

    COMPLETE = "complete"
    LIMIT = "limit"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    FAILED = "failed"


class Sort(StrEnum):
    """The order in which a search reads the stock.

    Ties go by ``vehicle_id``, upwards for ``price``, ``mileage``, ``year`` and ``-days_in_stock`` (oldest in
    stock first), downwards for their opposites: one index, read forwards or backwards, serves both.
    """

    PRICE = "price"
    PRICE_DESC = "-price"
    MILEAGE = "mileage"
    MILEAGE_DESC = "-mileage"
    YEAR = "year"
    YEAR_DESC = "-year"
    DAYS_IN_STOCK = "days_in_stock"
    DAYS_IN_STOCK_DESC = "-days_in_stock"


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The base of every value in this file: immutable, and strict about unknown fields."""


class Filters(Record, frozen=True):
    """Which cars a search considers. An empty list means any."""

    makes: Annotated[list[Identifier], Meta(max_length=50)] = []
    models: Annotated[list[Identifier], Meta(max_length=50)] = []
    bodies: Annotated[list[Identifier], Meta(max_length=50)] = []
    fuels: Annotated[list[Identifier], Meta(max_length=50)] = []
    year_min: Annotated[int, Meta(ge=1900, le=2100)] | None = None
    year_max: Annotated[int, Meta(ge=1900, le=2100)] | None = None
    mileage_max: Annotated[int, Meta(ge=0, le=10_000_000)] | None = None
    price_min_cents: Cents | None = None
    price_max_cents: Cents | None = None
    # Left out of what customers see.
    days_in_stock_min: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType | None = None
    text: Annotated[str, Meta(max_length=100, pattern=ONE_LINE)] | None = None


class Versions(Record, frozen=True, forbid_unknown_fields=False):
    """The versions of an answer's inputs. Two answers are comparable if these are equal.

    ``limits`` is that of the state limits; empty if none are in force.
    ``leases`` is absent if no lease sheet is in force, and in answers that are older than leases in a deal.
    ``products`` is the catalogue's; None if the deal has no product lines.
    """

    inventory: str
    rates: str
    tax: str
    risk: str
    engine: str
    limits: str = ""
    leases: str | UnsetType = UNSET
    products: str | None = None


class Actor(Record, frozen=True, forbid_unknown_fields=False):
    """The person who did something."""

    id: str
    name: str
    role: Role


class User(Record, frozen=True, forbid_unknown_fields=False):
    """The person behind a connection. ``rights`` are the names of what the role may do.

    If ``scores``, the sales view has scores instead of NPVs.
    """

    id: str
    name: str
    role: Role
    store_id: str
    rights: list[str]
    scores: bool | UnsetType = UNSET
