"""Sample lenders and risk: five invented lenders in the range of published averages by credit tier.

Rates follow the levels of 2023 in the United States, limits follow typical lender guides. They are marked as
a sample in the database, and no lender stands behind them.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from protocol.money.lending import (
    NO_EDGE_BP,
    NO_EDGE_MONTHS,
    AdvanceRule,
    Disposition,
    LtvBasis,
    Programme,
    ReserveMethod,
    RiskCurve,
)
from protocol.records import Tier

TERMS = (36, 48, 60, 72, 84)
TERM_STEP_BP = {36: -25.0, 48: -10.0, 60: 0.0, 72: 35.0, 84: 85.0}
BUY_RATE_BP = {
    # tier: (new, used), for 60 months
    Tier.SUPER_PRIME: (515.0, 640.0),
    Tier.PRIME: (635.0, 825.0),
    Tier.NEAR_PRIME: (925.0, 1_220.0),
    Tier.SUBPRIME: (1_310.0, 1_695.0),
    Tier.DEEP_SUBPRIME: (1_640.0, 1_995.0),
}
SCORES = {
    Tier.SUPER_PRIME: (740, 900),
    Tier.PRIME: (670, 739),
    Tier.NEAR_PRIME: (620, 669),
    Tier.SUBPRIME: (560, 619),
    Tier.DEEP_SUBPRIME: (250, 559),
}
LONGEST_TERM = {Tier.SUBPRIME: 72, Tier.DEEP_SUBPRIME: 60}
PTI_MAX_BP = {Tier.SUBPRIME: 1_800.0, Tier.DEEP_SUBPRIME: 1_500.0}
USUAL_PTI_MAX_BP = 2_000.0
# A weaker tier may borrow less against the same car.
LTV_STEP_BP = {
    Tier.SUPER_PRIME: 0.0,
    Tier.PRIME: 0.0,
    Tier.NEAR_PRIME: -500.0,
    Tier.SUBPRIME: -1_000.0,
    Tier.DEEP_SUBPRIME: -2_000.0,
}
AMOUNT_MAX_CENTS = {Tier.SUBPRIME: 45_000_00, Tier.DEEP_SUBPRIME: 28_000_00}
STIPULATIONS: dict[Tier, tuple[str, ...]] = {
    Tier.SUBPRIME: ("proof of income", "proof of residence"),
    Tier.DEEP_SUBPRIME: ("proof of income", "proof of residence", "six references"),
}


@dataclass(frozen=True, slots=True)
class Beside:
    """Rows of a lender that overlap its usual ones: for which tiers and cars, and what they have instead.

    ``terms`` is a band of terms, as one row; None: a row for each term.
    """

    tiers: tuple[Tier, ...]
    new: bool
    rate_step_bp: float = 0.0
    newest_years: int | None = None
    terms: tuple[int, int] | None = None
    key: str = ""
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lender:
    """What sets one lender apart from the usual figures above."""

    key: str
    name: str
    tiers: tuple[Tier, ...]
    disposition: Disposition
    rate_step_bp: float
    markup_max_bp: float
    reserve_share_bp: float
    front_ltv_bp: float
    total_ltv_bp: float
    dti_max_bp: float
    oldest_years: int
    mileage_max: int
    amount_max_cents: int
    lender_fee_cents: int = 0
    acquisition_cents: int = 0
    reserve_method: ReserveMethod = ReserveMethod.FINANCE_CHARGE
    reserve_flat_cents: int = 0
    chargeback_months: int = 0
    new_ltv_basis: LtvBasis = LtvBasis.INVOICE
    used_ltv_basis: LtvBasis = LtvBasis.WHOLESALE
    kinds: tuple[bool, ...] = (True, False)  # new cars, used cars
    # Rules that the lender has for every row, and rows of its own beside the usual ones.
    rules: dict[str, Any] = field(default_factory=dict)
    beside: tuple[Beside, ...] = ()


ALL_TIERS = tuple(Tier)
LENDERS = (
    Lender(
        "group-acceptance", "Group Acceptance (sample)", ALL_TIERS, Disposition.HELD,
        rate_step_bp=25.0, markup_max_bp=200.0, reserve_share_bp=0.0, front_ltv_bp=12_000.0,
        total_ltv_bp=13_500.0, dti_max_bp=4_500.0, oldest_years=12, mileage_max=130_000,
        amount_max_cents=85_000_00, acquisition_cents=250_00,
        rules={"first_payment_days_min": 15, "first_payment_days_max": 60},
        beside=(
            # A better rate for a small advance.
            Beside(
                ALL_TIERS[:3], new=False, rate_step_bp=-60.0, terms=(60, 72),
                changes={"ltv_total_max_bp": 10_000.0, "ltv_front_max_bp": 9_500.0},
            ),
        ),
    ),
    Lender(
        "harbor-credit-union", "Harbor Credit Union (sample)", ALL_TIERS[:3], Disposition.SOLD,
        rate_step_bp=-45.0, markup_max_bp=100.0, reserve_share_bp=150.0, front_ltv_bp=11_500.0,
        total_ltv_bp=13_000.0, dti_max_bp=4_300.0, oldest_years=8, mileage_max=100_000,
        amount_max_cents=100_000_00, reserve_method=ReserveMethod.PRINCIPAL, chargeback_months=6,
        used_ltv_basis=LtvBasis.RETAIL,
        rules={
            "first_payment_days_min": 15, "first_payment_days_max": 45, "gap_max_cents": 900_00,
            "service_contract_max_cents": 3_500_00, "backend_max_cents": 6_000_00,
            "negative_equity_max_cents": 5_000_00,
        },
        # Young cars with few miles cost less.
        beside=(
            Beside(
                ALL_TIERS[:2], new=False, rate_step_bp=-50.0, newest_years=4, terms=(36, 60),
                changes={"mileage_max": 45_000},
            ),
        ),
    ),
    Lender(
        "meridian-bank", "Meridian Bank (sample)", ALL_TIERS[:4], Disposition.SOLD,
        rate_step_bp=0.0, markup_max_bp=225.0, reserve_share_bp=7_500.0, front_ltv_bp=12_500.0,
        total_ltv_bp=14_500.0, dti_max_bp=4_800.0, oldest_years=10, mileage_max=120_000,
        amount_max_cents=90_000_00, chargeback_months=4, new_ltv_basis=LtvBasis.MSRP,
        rules={
            "advance_rule": AdvanceRule.PRICE_TTL, "reserve_max_cents": 2_500_00, "gap_max_cents": 1_000_00,
            "service_contract_max_cents": 4_000_00, "first_payment_days_max": 45,
        },
        # Long loans on young cars cost less.
        beside=(
            Beside(
                ALL_TIERS[:3], new=False, rate_step_bp=-35.0, terms=(72, 72), newest_years=3,
            ),
        ),
    ),
    Lender(
        "keystone-finance", "Keystone Finance (sample)", ALL_TIERS[2:], Disposition.SOLD,
        rate_step_bp=110.0, markup_max_bp=200.0, reserve_share_bp=0.0, front_ltv_bp=13_000.0,
        total_ltv_bp=15_000.0, dti_max_bp=5_000.0, oldest_years=16, mileage_max=180_000,
        amount_max_cents=50_000_00, lender_fee_cents=395_00, reserve_method=ReserveMethod.FLAT,
        reserve_flat_cents=300_00, chargeback_months=4,
        rules={
            "down_min_cents": 1_000_00, "backend_max_cents": 4_000_00, "negative_equity_max_cents": 3_000_00,
            "first_payment_days_max": 45,
        },
    ),
    Lender(
        "lakeshore-motor-credit", "Lakeshore Motor Credit (sample)", ALL_TIERS[:2], Disposition.SOLD,
        rate_step_bp=10.0, markup_max_bp=150.0, reserve_share_bp=6_000.0, front_ltv_bp=12_000.0,
        total_ltv_bp=14_000.0, dti_max_bp=4_500.0, oldest_years=1, mileage_max=5_000,
        amount_max_cents=90_000_00, kinds=(True,),
        rules={"first_payment_days_max": 45},
        beside=(
            # The manufacturer's rate, in place of its customer cash.
            Beside(
                ALL_TIERS[:2], new=True, rate_step_bp=-345.0, terms=(36, 60), key="subvented",
                changes={
                    "subvented": True, "excluded_rebates": ("Customer cash (sample)",), "markup_max_bp": 0.0,
                    "reserve_method": ReserveMethod.FLAT, "reserve_share_bp": 0.0,
                    "reserve_flat_cents": 350_00,
                },
            ),
        ),
    ),
)  # fmt: skip

AMOUNT_MIN_CENTS = 5_000_00

# Most losses come in the first half of a contract's life.
LOSS_TIMING = ((0.0, 0.0), (0.17, 0.22), (0.33, 0.52), (0.5, 0.75), (0.67, 0.9), (1.0, 1.0))
# Each band's upper edge, and by what its loss differs from the tier's: long terms, high advances and payments
# that weigh on the income lose more.
TERM_BANDS = ((60, 0.9), (72, 1.1), (NO_EDGE_MONTHS, 1.35))
LTV_BANDS = ((10_000.0, 0.8), (12_000.0, 1.0), (NO_EDGE_BP, 1.35))
PTI_BANDS = ((800.0, 0.85), (1_300.0, 1.0), (NO_EDGE_BP, 1.2))
HIGH_ADVANCE_RECOVERY_STEP = -0.04
CURVES = tuple(
    RiskCurve(
        tier=tier,
        term_max_months=term_max,
        ltv_max_bp=ltv_max,
        pti_max_bp=pti_max,
        funding_rate=0.049,
        cnl=round(cnl * by_term * by_ltv * by_pti, 6),
        loss_timing=LOSS_TIMING,
        recovery=round(recovery + (HIGH_ADVANCE_RECOVERY_STEP if ltv_max == NO_EDGE_BP else 0.0), 6),
        recovery_lag_months=5,
        abs_speed=abs_speed,
        servicing_month_cents=servicing,
    )
    for tier, cnl, recovery, abs_speed, servicing in (
        (Tier.SUPER_PRIME, 0.005, 0.58, 0.016, 3_50),
        (Tier.PRIME, 0.013, 0.55, 0.015, 4_00),
        (Tier.NEAR_PRIME, 0.038, 0.50, 0.014, 5_50),
        (Tier.SUBPRIME, 0.088, 0.45, 0.013, 8_50),
        (Tier.DEEP_SUBPRIME, 0.145, 0.42, 0.012, 11_00),
    )
    for (term_max, by_term), (ltv_max, by_ltv), (pti_max, by_pti) in itertools.product(
        TERM_BANDS, LTV_BANDS, PTI_BANDS
    )
)


def sample_programmes(model_year: int) -> Iterator[Programme]:
    """Yield every lender's programmes for new and used cars; ages of cars count back from ``model_year``.

    Rows of one lender overlap: the cheapest one that fits a car and a structure applies.
    """
    for lender in LENDERS:
        for tier in lender.tiers:
            for term in TERMS:
                if term <= LONGEST_TERM.get(tier, max(TERMS)):
                    usual = {new: _programme(lender, tier, term, model_year, new=new) for new in lender.kinds}
                    yield from usual.values()
                    for beside in lender.beside:
                        yield from _beside(beside, usual[beside.new], model_year)


def _beside(beside: Beside, usual: Programme, model_year: int) -> Iterator[Programme]:
    """Yield the row beside a usual one; that of a band of terms stands beside the last of them."""
    if usual.tier not in beside.tiers or (beside.terms and usual.term_months != beside.terms[1]):
        return
    changes: dict[str, Any] = {"buy_rate_bp": usual.buy_rate_bp + beside.rate_step_bp, **beside.changes}
    if beside.terms:
        changes["term_min_months"] = beside.terms[0]
    if beside.newest_years is not None:
        changes["year_min"] = model_year - beside.newest_years
    if beside.key:
        changes["programme_id"] = f"{usual.programme_id}-{beside.key}"
    row = msgspec.structs.replace(usual, **changes)
    yield msgspec.structs.replace(row, ltv_front_max_bp=min(row.ltv_front_max_bp, row.ltv_total_max_bp))


def _programme(lender: Lender, tier: Tier, term: int, model_year: int, *, new: bool) -> Programme:
    score_min, score_max = SCORES[tier]
    step = LTV_STEP_BP[tier]
    return Programme(
        programme_id=f"{lender.key}-{'new' if new else 'used'}",
        lender=lender.name,
        tier=tier,
        term_months=term,
        score_min=score_min,
        score_max=score_max,
        new_cars=new,
        used_cars=not new,
        # Long terms are for young cars.
        year_min=model_year - (lender.oldest_years if term <= 60 else lender.oldest_years // 2),
        mileage_max=lender.mileage_max if term <= 60 else lender.mileage_max * 3 // 4,
        new_ltv_basis=lender.new_ltv_basis,
        used_ltv_basis=lender.used_ltv_basis,
        ltv_front_max_bp=lender.front_ltv_bp + step,
        ltv_total_max_bp=lender.total_ltv_bp + step,
        amount_min_cents=AMOUNT_MIN_CENTS,
        amount_max_cents=min(lender.amount_max_cents, AMOUNT_MAX_CENTS.get(tier, lender.amount_max_cents)),
        pti_max_bp=PTI_MAX_BP.get(tier, USUAL_PTI_MAX_BP),
        dti_max_bp=lender.dti_max_bp,
        buy_rate_bp=BUY_RATE_BP[tier][0 if new else 1] + lender.rate_step_bp + TERM_STEP_BP[term],
        markup_max_bp=lender.markup_max_bp,
        reserve_share_bp=lender.reserve_share_bp,
        lender_fee_cents=lender.lender_fee_cents,
        acquisition_cents=lender.acquisition_cents,
        stipulations=STIPULATIONS.get(tier, ()),
        disposition=lender.disposition,
        reserve_method=lender.reserve_method,
        reserve_flat_cents=lender.reserve_flat_cents,
        chargeback_months=lender.chargeback_months,
        **lender.rules,
    )
