"""Programmes, cars, deals and curves for the tests of the money."""

import datetime as dt
from typing import Any

import msgspec

from protocol.deal.structure import Structure
from protocol.jobs import NUMBER_COLUMNS, rebate_columns
from protocol.money.inputs import DealInputs
from protocol.money.lending import Disposition, LtvBasis, Programme, RateSheet, RiskCurve, RiskModel
from protocol.records import Tier
from server.finance.calendar import with_dates
from server.finance.cars import Cars

TODAY = dt.date(2026, 1, 15)

FINANCE_CURVE = RiskCurve(
    tier=Tier.PRIME,
    funding_rate=0.05,
    cnl=0.03,
    loss_timing=((12 / 72, 0.30), (24 / 72, 0.60), (36 / 72, 0.80), (48 / 72, 0.92), (1.0, 1.0)),
    recovery=0.45,
    recovery_lag_months=6,
    abs_speed=0.0,
    servicing_month_cents=0,
)
"""The curve that the published value checks use, without prepayment and servicing."""


def curve(**changes: Any) -> RiskCurve:
    """Return the published curve with changes."""
    return msgspec.structs.replace(FINANCE_CURVE, **changes)


def model(**changes: Any) -> RiskModel:
    """Return a model whose tiers all have one curve."""
    return RiskModel(version="risk-1", curves=tuple(curve(tier=tier, **changes) for tier in Tier))


def programme(**changes: Any) -> Programme:
    """Return a generous programme with changes."""
    standard: dict[str, Any] = {
        "programme_id": "harbor",
        "lender": "Harbor Credit",
        "tier": Tier.PRIME,
        "term_months": 60,
        "score_min": 250,
        "score_max": 900,
        "new_cars": True,
        "used_cars": True,
        "year_min": 2000,
        "mileage_max": 200_000,
        "new_ltv_basis": LtvBasis.INVOICE,
        "used_ltv_basis": LtvBasis.WHOLESALE,
        "ltv_front_max_bp": 12_000.0,
        "ltv_total_max_bp": 14_000.0,
        "amount_min_cents": 500_000,
        "amount_max_cents": 10_000_000,
        "pti_max_bp": 2_000.0,
        "dti_max_bp": 5_000.0,
        "buy_rate_bp": 699.0,
        "markup_max_bp": 200.0,
        "reserve_share_bp": 8_000.0,
        "lender_fee_cents": 0,
        "acquisition_cents": 0,
        "stipulations": (),
        "disposition": Disposition.HELD,
    }
    return Programme(**(standard | changes))


def sheet(*programmes: Programme) -> RateSheet:
    """Return a rate sheet of these programmes."""
    return RateSheet(version="rates-1", programmes=programmes)


def inputs(structure: Structure | None = None, **changes: Any) -> DealInputs:
    """Return a deal's inputs, dates filled in as of TODAY."""
    standard: dict[str, Any] = {
        "monthly_income_cents": None,
        "other_debt_cents": 0,
        "score": None,
        "standard_markup_bp": 100.0,
        "npv_floor_cents": -(10**12),
    }
    return DealInputs(structure=with_dates(structure or Structure(), TODAY), **(standard | changes))


def car(**changes: int) -> dict[str, int]:
    """Return the numbers of a used car with changes."""
    standard = dict.fromkeys(NUMBER_COLUMNS, 0) | {
        "price_cents": 2_500_000,
        "cost_cents": 2_200_000,
        "invoice_cents": 2_300_000,
        "msrp_cents": 2_600_000,
        "wholesale_cents": 2_200_000,
        "retail_cents": 2_550_000,
        "year": 2022,
        "mileage": 30_000,
    }
    return standard | changes


def cars(*numbers: dict[str, int]) -> Cars:
    """Return cars as columns."""
    names = (*NUMBER_COLUMNS, *(rebate_columns(numbers[0]) if numbers else ()))
    return Cars.of({name: [each[name] for each in numbers] for name in names})
