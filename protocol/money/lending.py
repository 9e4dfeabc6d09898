"""Lender programmes and risk curves: the store loads them, and the money is computed from them.

Rates and shares of money: ``*_bp`` are basis points (float: bulk arithmetic only, contract rates are Decimal
elsewhere); ``RiskCurve`` holds fractions. Sheets and models are versioned and never changed in place.
"""

import datetime as dt
from enum import StrEnum

import msgspec

from protocol.records import Tier

NO_EDGE_BP = 1_000_000.0
"""The upper edge of a band that has none: 10,000 % of anything."""

NO_EDGE_MONTHS = 120
"""The maximum term of a contract."""


class Disposition(StrEnum):
    """Whether the group keeps the contract or sells it to the lender."""

    HELD = "held"
    SOLD = "sold"


class LtvBasis(StrEnum):
    """The book value that a programme compares the principal with."""

    INVOICE = "invoice"
    MSRP = "msrp"
    WHOLESALE = "wholesale"
    RETAIL = "retail"


class ReserveMethod(StrEnum):
    """How a lender pays the store for a contract that it buys."""

    FINANCE_CHARGE = (
        "finance_charge"  # a share of the finance charge at the sell rate less that at the buy rate
    )
    PRINCIPAL = "principal"  # a share of the principal
    FLAT = "flat"


class TaxBase(StrEnum):
    """Whether a trade-in reduces the tax base."""

    NET_OF_TRADE = "net_of_trade"
    FULL_PRICE = "full_price"


class Rounding(StrEnum):
    """How a tax is rounded to cents."""

    HALF_UP = "half_up"
    UP = "up"
    DOWN = "down"


class LeaseTaxMethod(StrEnum):
    """What a jurisdiction taxes of a lease."""

    PAYMENT = "payment"  # each payment; cap reduction and upfront fees at signing
    UPFRONT = "upfront"  # the sum of the payments, at once
    PRICE = "price"  # the selling price, as of a sale


class Programme(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a rate sheet: a lender's programme for one tier and term.

    The reserve is ``reserve_share_bp`` of the base that ``reserve_method`` names, or ``reserve_flat_cents``.
    The lender takes it back if the contract ends within ``chargeback_months``.
    """

    programme_id: str
    lender: str
    tier: Tier
    term_months: int
    score_min: int
    score_max: int
    new_cars: bool
    used_cars: bool
    year_min: int
    mileage_max: int
    new_ltv_basis: LtvBasis
    used_ltv_basis: LtvBasis
    ltv_front_max_bp: float
    ltv_total_max_bp: float
    amount_min_cents: int
    amount_max_cents: int
    pti_max_bp: float
    dti_max_bp: float
    buy_rate_bp: float
    markup_max_bp: float
    reserve_share_bp: float
    lender_fee_cents: int
    acquisition_cents: int
    stipulations: tuple[str, ...]
    disposition: Disposition
    reserve_method: ReserveMethod = ReserveMethod.FINANCE_CHARGE
    reserve_flat_cents: int = 0
    chargeback_months: int = 0


class RateSheet(msgspec.Struct, frozen=True, kw_only=True):
    """All programmes of one version, in the order (programme_id, tier, term_months)."""

    version: str
    programmes: tuple[Programme, ...]


class RiskCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Loss and prepayment of one tier, in one band of term, LTV and PTI.

    A band reaches from the next lower edge (exclusive) to its own (inclusive): ``term_max_months``,
    ``ltv_max_bp`` (principal over the programme's basis), ``pti_max_bp`` (payment over gross monthly income).
    The edges of a tier form a full grid, whose last edges are NO_EDGE_MONTHS and NO_EDGE_BP.

    ``funding_rate`` is a nominal annual fraction; ``cnl`` the cumulative net loss as a share of principal;
    ``loss_timing`` pairs (share of the term, cumulative share of the loss), laid over each term; ``recovery``
    the share of a default that is recovered ``recovery_lag_months`` later; ``abs_speed`` the fraction of the
    original contracts that prepay in a month; ``servicing_month_cents`` the cost per live contract and month.
    """

    tier: Tier
    funding_rate: float
    cnl: float
    loss_timing: tuple[tuple[float, float], ...]
    recovery: float
    recovery_lag_months: int
    abs_speed: float
    servicing_month_cents: int
    term_max_months: int = NO_EDGE_MONTHS
    ltv_max_bp: float = NO_EDGE_BP
    pti_max_bp: float = NO_EDGE_BP


class RiskModel(msgspec.Struct, frozen=True, kw_only=True):
    """All curves of one version: for each tier the full grid of its bands."""

    version: str
    curves: tuple[RiskCurve, ...]


class TaxRule(msgspec.Struct, frozen=True, kw_only=True):
    """One jurisdiction's sales tax on a car, by the address where it is registered.

    A rule holds for every postal code of ``state`` that begins with ``postal_prefix``; each rule that holds
    for an address taxes it separately. ``base_cap_cents`` caps the tax base, ``credit_cap_cents`` the part of
    the trade allowance that a base ``net_of_trade`` leaves out.

    ``lease_method`` is what it taxes of a lease; what it taxes at once is paid at signing, or added to the
    cap cost if ``lease_capitalised``. ``lease_reduction_taxed`` is whether cap reduction and upfront fees are
    taxed too, None the usual: with the method ``payment`` only.

    Only a deal with product lines sets ``taxable_products_cents``: the price of those that this jurisdiction
    taxes. None: the structure's taxable part holds for every jurisdiction.
    """

    jurisdiction: str
    state: str
    postal_prefix: str = ""
    rate_bp: float
    base: TaxBase = TaxBase.NET_OF_TRADE
    base_cap_cents: int | None = None
    credit_cap_cents: int | None = None
    rebate_reduces_tax: bool = False
    rounding: Rounding = Rounding.HALF_UP
    taxable_products_cents: int | None = None
    lease_method: LeaseTaxMethod = LeaseTaxMethod.PAYMENT
    lease_capitalised: bool = False
    lease_reduction_taxed: bool | None = None


class TaxTable(msgspec.Struct, frozen=True, kw_only=True):
    """All tax rules of one version."""

    version: str
    rules: tuple[TaxRule, ...]


class Rebate(msgspec.Struct, frozen=True, kw_only=True):
    """A manufacturer's rebate for buyers of certain cars, from ``starts_on`` to ``ends_on`` inclusive.

    ``model`` None is any model of ``make``. ``requires`` lists the conditions that the customer must meet
    (``military``, ``loyalty`` ...), all of them. Stackable rebates add up; one that is not excludes all
    others.
    """

    rebate_id: str
    programme: str
    make: str
    model: str | None = None
    year_min: int = 1900
    year_max: int = 2100
    new_only: bool = True
    starts_on: dt.date
    ends_on: dt.date
    amount_cents: int
    requires: tuple[str, ...] = ()
    stackable: bool = True
