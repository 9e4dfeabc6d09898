"""Replies to ``quote`` and ``frontier``: one car's structure, priced to the cent.

Fields that a view hides are absent. Price fields are absent if there is no price. Null is a real answer.
Amounts are integer cents; ``*_bp`` basis points.
"""

import datetime as dt
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from protocol.events import Fix
from protocol.money.lending import AdvanceRule
from protocol.money.menu import QuotedProduct, QuoteMenu
from protocol.money.pricing import Itemization, ScheduleRow, Vary
from protocol.money.values import QuoteValue
from protocol.money.ways import LeaseGrid, QuotedCash, QuotedLeases
from protocol.records import DealKind, Versions


class WarningCode(StrEnum):
    """What a person should check before showing a quote to anyone.

    ``discount_over_authority`` counts the whole concession, not only the discount. With ``cost_unknown`` the
    quote has no value, and no minimum was checked.
    """

    PAYOFF_PAST_GOOD_THROUGH = "payoff_past_good_through"
    DISCOUNT_OVER_AUTHORITY = "discount_over_authority"
    PRODUCTS_WITHOUT_COST = "products_without_cost"
    TRADE_NOT_APPRAISED = "trade_not_appraised"
    COST_UNKNOWN = "cost_unknown"


class QuoteWarning(msgspec.Struct, frozen=True, kw_only=True):
    """A warning: ``code`` for programs, ``message`` for a person."""

    code: WarningCode
    message: str


class TaxLine(msgspec.Struct, frozen=True, kw_only=True):
    """The tax of one jurisdiction; the lines sum to the quote's ``tax_cents``."""

    jurisdiction: str
    tax_cents: int


class QuotedTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade as the contract counts it: ``payoff_cents`` is due on the contract date, the quote's per diem
    included. ``equity_cents`` is the allowance less the payoff; negative equity adds to the principal.
    """

    id: str
    allowance_cents: int
    payoff_cents: int
    equity_cents: int


class GridLender(msgspec.Struct, frozen=True, kw_only=True):
    """A programme that a grid can be of, with its rate at the offer's term; else at its first."""

    programme_id: str
    lender: str
    rate_bp: float


class QuoteGrid(msgspec.Struct, frozen=True, kw_only=True):
    """The pencil grid: one row for each term, one column for each cash down, all of one programme and one
    discount. If ``programme_id`` is null, each cell has the programme and the discount that are best there.
    ``lenders`` are the programmes to choose from; columns are ``step_cents`` apart.

    If a cell is not ``eligible``, ``binding`` names the limit and the other values are null. If the only
    limit is the customer's maximum payment, they are those of the structure above it.
    """

    terms_months: list[int]
    cash_down_cents: list[int]
    payment_cents: list[list[int | None]]
    rate_bp: list[list[float | None]]
    eligible: list[list[bool]]
    npv_cents: list[list[int | None]] | UnsetType = UNSET
    score: list[list[int | None]] | UnsetType = UNSET
    lender: list[list[str | None]] | UnsetType = UNSET
    binding: list[list[str | None]] | UnsetType = UNSET
    total_of_payments_cents: list[list[int | None]] | UnsetType = UNSET
    discount_cents: list[list[int | None]] | UnsetType = UNSET
    programme_id: str | UnsetType | None = UNSET
    lenders: list[GridLender] | UnsetType = UNSET
    step_cents: int | UnsetType = UNSET


class QuoteRoll(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the target payment: ``changes`` of the structure, to be quoted or sent as ``terms``.

    ``payment_cents`` is the resulting payment; a term is rounded up, so its last payment is smaller. If
    ``reached`` is false, nothing reaches the target payment, ``message`` says why, and there are no changes.
    """

    vary: Vary
    asked_cents: int
    reached: bool
    payment_cents: int | None = None
    last_payment_cents: int | None = None
    changes: dict[str, Any] = {}
    message: str | None = None


class QuotedStructure(msgspec.Struct, frozen=True, kw_only=True):
    """The best structure of one car under given terms: pencils store it, and a replay recomputes it.

    ``price_cents`` is the price before discount; ``rebate_cents`` are all rebates, ``payoff_cents`` the
    payoff of the trade on the contract date. If no programme takes the car, ``eligible`` is false and
    ``binding`` and ``fix`` say why. Then a contract is priced only if term and rate are stated. ``trades``
    and ``products`` are absent if the structure has no records of them.

    If a subvented rate excludes rebates on this car, ``rebate_cents`` is without them,
    ``rebate_given_up_cents`` is their amount, and ``excluded_rebates`` names what the program excludes.

    ``kind`` is how the structure is paid, absent of pencils from before leases and cash. Of a lease or a cash
    deal, ``lease`` or ``cash`` has the figures; the fields of a financed contract are absent.
    """

    eligible: bool
    price_cents: int
    rebate_cents: int
    payoff_cents: int
    contract_date: dt.date
    first_payment_date: dt.date
    trades: list[QuotedTrade] | UnsetType = UNSET
    discount_cents: int | UnsetType = UNSET
    cash_down_cents: int | UnsetType = UNSET
    term_months: int | UnsetType = UNSET
    rate_bp: float | UnsetType = UNSET
    tax_cents: int | UnsetType = UNSET
    principal_cents: int | UnsetType = UNSET
    amount_financed_cents: int | UnsetType = UNSET
    payment_cents: int | UnsetType = UNSET
    last_payment_cents: int | UnsetType = UNSET
    total_interest_cents: int | UnsetType = UNSET
    finance_charge_cents: int | UnsetType = UNSET
    total_of_payments_cents: int | UnsetType = UNSET
    apr_percent: float | UnsetType = UNSET
    down_payment_cents: int | UnsetType = UNSET
    total_sale_price_cents: int | UnsetType = UNSET
    itemization: Itemization | UnsetType = UNSET
    schedule: list[ScheduleRow] | UnsetType = UNSET
    taxes: list[TaxLine] | UnsetType = UNSET
    products: list[QuotedProduct] | UnsetType = UNSET
    lender: str | UnsetType = UNSET
    programme_id: str | UnsetType = UNSET
    stipulations: list[str] | UnsetType = UNSET
    value: QuoteValue | UnsetType = UNSET
    binding: str | UnsetType | None = UNSET
    fix: Fix | UnsetType | None = UNSET
    rebate_given_up_cents: int | UnsetType = UNSET
    excluded_rebates: list[str] | UnsetType = UNSET
    kind: DealKind | UnsetType = UNSET
    lease: QuotedLeases | UnsetType = UNSET
    cash: QuotedCash | UnsetType = UNSET


class LenderRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of the rate sheet's row behind a quote, as ``lending.Programme`` defines them.

    Caps that are null do not exist. ``buy_rate_bp``, ``markup_max_bp`` and ``reserve_max_cents`` are the
    desk's.
    """

    programme_id: str
    term_min_months: int
    term_max_months: int
    year_min: int
    year_max: int
    mileage_min: int
    mileage_max: int
    advance_rule: AdvanceRule
    ltv_min_bp: float
    ltv_front_max_bp: float
    ltv_total_max_bp: float
    amount_min_cents: int
    amount_max_cents: int
    service_contract_max_cents: int | None
    gap_max_cents: int | None
    backend_max_cents: int | None
    negative_equity_max_cents: int | None
    down_min_cents: int
    first_payment_days_min: int
    first_payment_days_max: int
    subvented: bool
    buy_rate_bp: float | UnsetType = UNSET
    markup_max_bp: float | UnsetType = UNSET
    reserve_max_cents: int | UnsetType | None = UNSET


class QuoteReply(QuotedStructure, frozen=True, kw_only=True):
    """The ``data`` of the reply to ``quote``: the structure, its versions, the grid and menu around it.

    ``rate_or_rebate`` are two offers if a subvented rate excludes a rebate on this car: the best one with the
    subvented rate, then the best one with the rebate. ``lender_rules`` are those of the chosen row.
    Whatever the kind, ``lease`` and ``cash`` are there to be compared. ``lease`` is absent if no lease sheet
    is in force, ``cash`` if the amounts of a cash deal contradict each other. A signed contract has only its
    own kind. For a refused car, ``over_cents`` is by how much it misses ``binding`` at the lender that comes
    nearest, ``over_lender``: an amount of the payment for the customer's highest one, else of the loan.
    """

    vehicle_id: str
    rev: int
    versions: Versions
    pencil_id: str
    grid: QuoteGrid
    warnings: list[QuoteWarning] = []
    roll: QuoteRoll | UnsetType = UNSET
    rate_or_rebate: list["FrontierPoint"] | UnsetType = UNSET
    lender_rules: LenderRules | UnsetType = UNSET
    menu: QuoteMenu | UnsetType = UNSET
    lease_grid: LeaseGrid | UnsetType = UNSET
    over_cents: int | UnsetType = UNSET
    over_lender: str | UnsetType = UNSET


class FrontierPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One structure that no other structure beats in both payment and NPV.

    ``rebate_cents`` is the manufacturer's rebate on the car; ``rebate_given_up_cents`` what a subvented rate
    excludes of it, and ``excluded_rebates`` the names of what it excludes.
    """

    term_months: int
    rate_bp: float
    cash_down_cents: int
    discount_cents: int
    payment_cents: int
    programme_id: str | UnsetType = UNSET
    lender: str | UnsetType = UNSET
    npv_cents: int | UnsetType = UNSET
    stress_npv_cents: int | UnsetType = UNSET
    score: int | UnsetType = UNSET
    rebate_cents: int | UnsetType = UNSET
    rebate_given_up_cents: int | UnsetType = UNSET
    excluded_rebates: list[str] | UnsetType = UNSET


class StressedPoint(FrontierPoint, frozen=True, kw_only=True):
    """A point of the frontier. ``passed_by`` counts the points with a lower NPV that are worth more under
    stress: if there is one, a lower payment is worth more when losses rise.
    """

    passed_by: int | UnsetType = UNSET


class PaymentBand(msgspec.Struct, frozen=True, kw_only=True):
    """The best structure with a payment above ``over_cents`` and up to ``to_cents``."""

    over_cents: int
    to_cents: int
    best: FrontierPoint


class FrontierReply(msgspec.Struct, frozen=True, kw_only=True):
    """The ``data`` of the reply to ``frontier``: points by rising payment, the best of each payment band.

    ``reversals`` counts the pairs of points that change their order under stress.
    """

    vehicle_id: str
    rev: int
    points: list[StressedPoint]
    bands: list[PaymentBand]
    reversals: int | UnsetType = UNSET
    versions: Versions
