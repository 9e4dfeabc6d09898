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
from protocol.money.pricing import ScheduleRow, Vary
from protocol.records import Versions


class WarningCode(StrEnum):
    """What a person should look at before a quote is shown to anybody.

    ``discount_over_authority`` counts all that is given away, not the discount alone.
    """

    PAYOFF_PAST_GOOD_THROUGH = "payoff_past_good_through"
    DISCOUNT_OVER_AUTHORITY = "discount_over_authority"
    PRODUCTS_WITHOUT_COST = "products_without_cost"


class QuoteWarning(msgspec.Struct, frozen=True, kw_only=True):
    """A warning: ``code`` for programs, ``message`` for a person."""

    code: WarningCode
    message: str


class TaxLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one jurisdiction takes of the sale; the lines sum to the quote's ``tax_cents``."""

    jurisdiction: str
    tax_cents: int


class MonthlyCash(msgspec.Struct, frozen=True, kw_only=True):
    """What a contract is expected to bring its holder, not discounted: columns with one entry for each month.

    ``collected`` are payments and prepayments, ``recovered`` comes from earlier defaults, ``servicing`` is
    paid for the work. They go on until the last recovery, so that there may be more months than payments.
    """

    collected: list[int]
    recovered: list[int]
    servicing: list[int]


class QuoteValue(msgspec.Struct, frozen=True, kw_only=True):
    """What the deal is worth to the group. ``parts`` sum to ``npv_cents``, in the order in which they add up.

    ``stress_npv_cents`` is the same with more defaults and less recovered of them. A sold contract brings no
    ``monthly_cash_cents``, and no pencil keeps them: they follow from the rest. Where the store keeps NPVs
    from its salespeople they see a ``score``, 1 to 5, in the place of both amounts.
    """

    npv_cents: int | UnsetType = UNSET
    stress_npv_cents: int | UnsetType = UNSET
    score: int | UnsetType = UNSET
    parts: dict[str, int] | UnsetType = UNSET
    monthly_cash_cents: MonthlyCash | UnsetType = UNSET


class QuoteGrid(msgspec.Struct, frozen=True, kw_only=True):
    """The pencil grid: one row for each term, one column for each cash down, the best programme in each cell.

    Where a cell is not ``eligible``, ``binding`` names the limit and the other values are null; where that
    limit is the customer's highest payment alone, they are those of the structure above it.
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


class QuoteRoll(msgspec.Struct, frozen=True, kw_only=True):
    """How the asked payment is reached: ``changes`` of the structure, to be quoted or sent as ``terms``.

    ``payment_cents`` is the payment that they give; a term is rounded up, so that its last payment is
    smaller. Where ``reached`` is false nothing reaches the asked payment, ``message`` says why, and there are
    no changes.
    """

    vary: Vary
    asked_cents: int
    reached: bool
    payment_cents: int | None = None
    last_payment_cents: int | None = None
    changes: dict[str, Any] = {}
    message: str | None = None


class QuotedStructure(msgspec.Struct, frozen=True, kw_only=True):
    """The best structure of one car under given terms: what a pencil keeps, and a replay computes again.

    ``price_cents`` is the price before discount; ``rebate_cents`` are all rebates, ``payoff_cents`` what is
    owed on the trade at the contract's date. Where no programme takes the car, ``eligible`` is false and
    ``binding`` and ``fix`` say why; then a contract is priced only where term and rate are stated.
    """

    eligible: bool
    price_cents: int
    rebate_cents: int
    payoff_cents: int
    contract_date: dt.date
    first_payment_date: dt.date
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
    schedule: list[ScheduleRow] | UnsetType = UNSET
    taxes: list[TaxLine] | UnsetType = UNSET
    lender: str | UnsetType = UNSET
    programme_id: str | UnsetType = UNSET
    stipulations: list[str] | UnsetType = UNSET
    value: QuoteValue | UnsetType = UNSET
    binding: str | UnsetType | None = UNSET
    fix: Fix | UnsetType | None = UNSET


class QuoteReply(QuotedStructure, frozen=True, kw_only=True):
    """The ``data`` of the reply to ``quote``: the structure, its versions, and the grid around it."""

    vehicle_id: str
    rev: int
    versions: Versions
    pencil_id: str
    grid: QuoteGrid
    warnings: list[QuoteWarning] = []
    roll: QuoteRoll | UnsetType = UNSET


class FrontierPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One structure that no other one beats in both payment and NPV."""

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


class StressedPoint(FrontierPoint, frozen=True, kw_only=True):
    """A point of the frontier. ``passed_by`` counts the points of lower NPV that are worth more than it under
    stress: if there is one, a lower payment is worth more once losses rise.
    """

    passed_by: int | UnsetType = UNSET


class PaymentBand(msgspec.Struct, frozen=True, kw_only=True):
    """The best structure whose payment lies above ``over_cents`` and at most at ``to_cents``."""

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
