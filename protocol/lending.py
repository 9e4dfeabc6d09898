"""Lender programmes and risk curves: what the store loads, and what the money is computed from.

Rates and shares of money: ``*_bp`` are basis points (float: bulk arithmetic only, contract rates are Decimal
elsewhere); ``RiskCurve`` holds fractions. Sheets and models are versioned and never changed in place.
"""

from enum import StrEnum

import msgspec

from protocol.records import Tier


class Disposition(StrEnum):
    """Whether the group keeps the contract or sells it to the lender."""

    HELD = "held"
    SOLD = "sold"


class LtvBasis(StrEnum):
    """What a programme measures the principal against."""

    INVOICE = "invoice"
    MSRP = "msrp"
    WHOLESALE = "wholesale"
    RETAIL = "retail"


class Programme(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a rate sheet: a lender's programme for one tier and term."""

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


class RateSheet(msgspec.Struct, frozen=True, kw_only=True):
    """All programmes of one version, in the order (programme_id, tier, term_months)."""

    version: str
    programmes: tuple[Programme, ...]


class RiskCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Loss and prepayment of one tier.

    ``funding_rate`` is a nominal annual fraction; ``cnl`` the cumulative net loss as a share of principal;
    ``loss_timing`` pairs (share of the term, cumulative share of the loss), laid over each term; ``recovery``
    the share of a default that comes back ``recovery_lag_months`` later; ``abs_speed`` the fraction of the
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


class RiskModel(msgspec.Struct, frozen=True, kw_only=True):
    """All curves of one version, one for each tier."""

    version: str
    curves: tuple[RiskCurve, ...]
