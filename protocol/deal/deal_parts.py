"""What a deal consists of besides its structure: offers, locks, holds, notes, decisions, tasks.

These are stored, sent in snapshots and carried by events in this one form. Fields that a view may hide are
optional.
"""

import datetime as dt
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from protocol.deal.workflow import LenderStatus, Reason, TaskKind
from protocol.records import Actor, DealKind, Tier, Versions


class OfferedCar(msgspec.Struct, frozen=True, kw_only=True):
    """The car of an offer, as people know it."""

    vin: str
    stock_no: str
    year: int
    make: str
    model: str
    trim: str
    mileage: int


class OfferedLease(msgspec.Struct, frozen=True, kw_only=True):
    """A lease to the cent, as the lessee's paper states it. Amounts in cents; names as ``LeaseAnswer``.

    ``payment_cents`` is the base payment, ``payment_with_tax_cents`` what is paid each month, and
    ``total_of_payments_cents`` the sum of that. What is due at signing includes the refundable
    ``security_deposit_cents``; ``total_out_of_pocket_cents`` does not, and includes the disposition fee.
    ``money_factor`` is that of the contract, for people of the store.
    """

    term_months: int
    miles_per_year: int
    msrp_cents: int
    residual_cents: int
    residual_bp: float
    gross_cap_cents: int
    cap_reduction_cents: int
    adjusted_cap_cents: int
    depreciation_cents: int
    rent_charge_cents: int
    payment_cents: int
    payment_untaxed_cents: int
    payment_tax_cents: int
    payment_with_tax_cents: int
    total_of_payments_cents: int
    cash_down_cents: int
    discount_cents: int
    upfront_fees_cents: int
    tax_at_signing_cents: int
    tax_capitalised_cents: int
    tax_cents: int
    security_deposit_cents: int
    due_at_signing_cents: int
    acquisition_fee_cents: int
    disposition_fee_cents: int
    excess_mile_cents: int
    total_out_of_pocket_cents: int
    effective_monthly_cents: int
    lender: str | UnsetType = UNSET
    programme_id: str | UnsetType = UNSET
    money_factor: float | UnsetType = UNSET


class OfferedCash(msgspec.Struct, frozen=True, kw_only=True):
    """The out-the-door price of a cash deal and the parts that make it up, in cents:

    price - discount + fees + tax + products - rebate - (allowance - payoff). Below 0 the store pays the
    customer.
    """

    out_the_door_cents: int
    price_cents: int
    discount_cents: int
    fees_cents: int
    tax_cents: int
    products_cents: int
    rebate_cents: int
    trade_allowance_cents: int
    payoff_cents: int


class DealOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer that someone selected or pinned: one car at revision ``rev``, one structure, one programme.

    Priced at ``deal_version`` from ``versions``; ``changes`` and ``asked_programme_id`` are the quote's own
    inputs on top of the deal's structure, ``pencil_id`` names the stored pencil. ``price_cents`` is the car's
    price, ``principal_cents`` the principal. Money in cents.

    ``kind`` is absent of an offer from before leases and cash. A lease's payment is with tax, its principal
    the adjusted cap cost, and it has no rate and no APR; a cash deal has none of all these. What an offer
    does not have is 0. ``lease`` and ``cash`` are the figures of their kind.
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
    kind: DealKind | UnsetType = UNSET
    lease: OfferedLease | UnsetType = UNSET
    cash: OfferedCash | UnsetType = UNSET


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
