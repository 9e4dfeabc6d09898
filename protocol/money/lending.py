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

NO_EDGE_DAYS = 366
"""The longest deferral of a first payment."""

MOST_EXCLUSIONS = 8
"""How many different lists of excluded rebates a rate sheet may have: a car's rebate is kept for each."""


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


class AdvanceRule(StrEnum):
    """What a programme's front-end limit counts of the principal."""

    ALL_BUT_PRODUCTS = "all_but_products"
    PRICE_TTL = "price_ttl"  # price plus tax, title and licence: neither products nor negative equity


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
    """One row of a rate sheet: a lender's programme for one tier and a band of terms.

    Every band has two edges, both inclusive. The terms reach from ``term_min_months`` (None: one term) to
    ``term_months``; ``ltv_min_bp`` is compared with the whole principal. If several rows of a lender fit a
    car and a structure, the one with the lowest buy rate applies.

    ``advance_rule`` says what ``ltv_front_max_bp`` counts. Caps that are None do not exist.
    ``negative_equity_max_cents`` is the negative equity that cash does not cover; ``down_min_cents`` counts
    cash and positive trade equity. ``first_payment_days_*`` count 30 days for a month.

    The reserve is ``reserve_share_bp`` of the base that ``reserve_method`` names, or ``reserve_flat_cents``,
    at most ``reserve_max_cents``. The lender takes it back if the contract ends within ``chargeback_months``.

    A ``subvented`` rate is paid for by the manufacturer: it excludes the rebates whose id or programme
    ``excluded_rebates`` names.
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
    term_min_months: int | None = None
    year_max: int = 2100
    mileage_min: int = 0
    ltv_min_bp: float = 0.0
    advance_rule: AdvanceRule = AdvanceRule.ALL_BUT_PRODUCTS
    service_contract_max_cents: int | None = None
    gap_max_cents: int | None = None
    backend_max_cents: int | None = None
    negative_equity_max_cents: int | None = None
    down_min_cents: int = 0
    first_payment_days_min: int = 0
    first_payment_days_max: int = NO_EDGE_DAYS
    reserve_max_cents: int | None = None
    subvented: bool = False
    excluded_rebates: tuple[str, ...] = ()

    @property
    def shortest_months(self) -> int:
        """The shortest term of the band."""
        return self.term_months if self.term_min_months is None else self.term_min_months

    def takes_term(self, months: int) -> bool:
        """Return whether the band of terms has this one."""
        return self.shortest_months <= months <= self.term_months


class RateSheet(msgspec.Struct, frozen=True, kw_only=True):
    """All programmes of one version, in the order (programme_id, tier, term_months), then of the file."""

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


class StateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one state on a contract, as ``source`` stated them on ``source_date``.

    ``rate_max_bp`` is the highest contract rate, ``doc_fee_max_cents`` the highest doc fee,
    ``markup_max_bp`` the highest markup over the buy rate. None: this table states no such limit.
    """

    state: str
    rate_max_bp: float | None = None
    doc_fee_max_cents: int | None = None
    markup_max_bp: float | None = None
    source: str
    source_date: dt.date


class LimitTable(msgspec.Struct, frozen=True, kw_only=True):
    """The state limits of one version."""

    version: str
    limits: tuple[StateLimit, ...]
