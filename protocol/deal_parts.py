"""What a deal consists of besides its structure: offers, locks, holds, notes, decisions, tasks.

These are stored, sent in snapshots and carried by events in this one form. Fields that a view may hide are
optional.
"""

import datetime as dt
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from protocol.records import Actor, Tier, Versions
from protocol.workflow import LenderStatus, Reason, TaskKind


class OfferedCar(msgspec.Struct, frozen=True, kw_only=True):
    """The car of an offer, as people know it."""

    vin: str
    stock_no: str
    year: int
    make: str
    model: str
    trim: str
    mileage: int


class DealOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer that someone selected or pinned: one car at revision ``rev``, one structure, one programme.

    Priced at ``deal_version`` from ``versions``; ``changes`` and ``asked_programme_id`` are the quote's own
    inputs on top of the deal's structure, ``pencil_id`` names the stored pencil. ``price_cents`` is the car's
    price, ``principal_cents`` the principal. Money in cents.
    """

    offer_id: str
    vehicle_id: str
    rev: int
    car: OfferedCar
    deal_version: int
    changes: dict[str, Any] = {}
    price_cents: int
    payment_cents: int
    term_months: int
    rate_bp: float
    apr_percent: float
    cash_down_cents: int
    discount_cents: int
    principal_cents: int
    total_of_payments_cents: int | UnsetType = UNSET
    programme_id: str | UnsetType = UNSET
    lender: str | UnsetType = UNSET
    tier: Tier | UnsetType = UNSET
    stipulations: list[str] | UnsetType = UNSET
    npv_cents: int | UnsetType = UNSET
    stress_npv_cents: int | UnsetType = UNSET
    incomplete: str | UnsetType = UNSET
    score: int | UnsetType = UNSET
    versions: Versions | UnsetType = UNSET
    asked_programme_id: str | UnsetType | None = UNSET
    pencil_id: str | UnsetType = UNSET


class FieldLock(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the structure that the desk locked."""

    field: str
    by: Actor


class VehicleHold(msgspec.Struct, frozen=True, kw_only=True):
    """A car that the deal holds until a time."""

    vehicle_id: str
    until: dt.datetime
    by: Actor


class DealNote(msgspec.Struct, frozen=True, kw_only=True):
    """A note for the people who work on the deal."""

    id: str
    text: str
    by: Actor
    at: dt.datetime


class LenderStipulation(msgspec.Struct, frozen=True, kw_only=True):
    """A lender's condition for funding. ``cleared_by`` is null while it is open."""

    id: str
    text: str
    cleared_by: Actor | None = None


class LenderTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a lender decided about the customer; it overrides the lender's programmes until ``expires_at``.

    An approval has its tier, buy rate, maximum advance and maximum term.
    """

    decision_id: str
    lender: str
    status: LenderStatus
    tier: Tier | None = None
    rate_bp: float | None = None
    advance_max_cents: int | None = None
    term_months: int | None = None
    stipulations: list[LenderStipulation] = []
    expires_at: dt.datetime | None = None
    reasons: list[Reason] = []


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk approved: this version, car, offer and rate sheet, and nothing else."""

    deal_version: int
    vehicle_id: str
    rev: int
    offer_id: str
    rates: str
    by: Actor


class DealTask(msgspec.Struct, frozen=True, kw_only=True):
    """An open task. ``due_on`` is its last day; ``trade_id`` is the trade that is to be appraised."""

    id: str
    kind: TaskKind
    reasons: list[Reason]
    due_on: dt.date
    done_by: Actor | None = None
    trade_id: str | UnsetType = UNSET
