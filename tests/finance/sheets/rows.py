"""Hypothesis strategies for sheets of overlapping rows with every rule, for deals of a few dollars."""

import msgspec
from hypothesis import strategies as st

from protocol.money.inputs import DealInputs, RowRule
from protocol.money.lending import AdvanceRule, Disposition, LtvBasis, Programme, ReserveMethod
from protocol.records import Tier
from tests.finance.cases import programme
from tests.finance.strategies import deals, numbers

LENDERS = ("Harbor", "Harbor", "Harbor", "Meridian")
EXCLUSIONS = ((), (), (), ("cash",), ("cash", "loyalty"))


@st.composite
def rows(draw: st.DrawFn) -> tuple[Programme, ...]:
    """Draw two to five rows of two lenders whose bands overlap, touch or leave gaps."""
    return tuple(draw(row(number)) for number in range(draw(st.integers(2, 5))))


@st.composite
def row(draw: st.DrawFn, number: int) -> Programme:
    """Draw one row with bands and rules."""
    front, least = draw(st.integers(6_000, 15_000)), draw(st.just(0) | st.integers(0, 3_000))
    total = front + draw(st.integers(0, 3_000))
    excluded = draw(st.sampled_from(EXCLUSIONS))
    longest = draw(st.sampled_from([24, 36, 36]))
    return programme(
        programme_id=f"row-{number}",
        lender=draw(st.sampled_from(LENDERS)),
        tier=draw(st.sampled_from([Tier.PRIME] * 7 + [Tier.SUBPRIME])),
        term_months=longest,
        term_min_months=draw(st.sampled_from([None, 12, 24])),
        new_cars=draw(st.sampled_from([True, True, False])),
        year_min=draw(st.sampled_from([2000, 2000, 2020])),
        year_max=draw(st.sampled_from([2100, 2100, 2015])),
        mileage_min=draw(st.sampled_from([0, 0, 1_000])),
        mileage_max=draw(st.sampled_from([200_000, 200_000, 50_000])),
        new_ltv_basis=draw(st.sampled_from(LtvBasis)),
        used_ltv_basis=draw(st.sampled_from(LtvBasis)),
        ltv_min_bp=float(draw(st.just(0) | st.integers(0, total))),
        ltv_front_max_bp=float(front),
        ltv_total_max_bp=float(total),
        amount_min_cents=least,
        amount_max_cents=least + draw(st.just(9_000) | st.integers(1, 6_000)),
        advance_rule=draw(st.sampled_from(AdvanceRule)),
        backend_max_cents=draw(st.none() | st.integers(100, 300)),
        negative_equity_max_cents=draw(st.none() | st.integers(0, 1_500)),
        down_min_cents=draw(st.just(0) | st.integers(0, 400)),
        pti_max_bp=float(draw(st.integers(500, 3_000))),
        dti_max_bp=float(draw(st.integers(2_000, 6_000))),
        buy_rate_bp=float(draw(st.sampled_from([300, 500, 500, 800, 1_200]))),
        markup_max_bp=float(draw(st.sampled_from([0, 100, 200, 200]))),
        lender_fee_cents=draw(st.integers(0, 50)),
        disposition=draw(st.sampled_from(Disposition)),
        reserve_method=draw(st.sampled_from(ReserveMethod)),
        reserve_flat_cents=draw(st.integers(0, 300)),
        reserve_max_cents=draw(st.none() | st.integers(0, 60)),
        subvented=bool(excluded),
        excluded_rebates=excluded,
    )


@st.composite
def sheet_deals(draw: st.DrawFn) -> DealInputs:
    """Draw a deal under the rule of the cheapest row."""
    return msgspec.structs.replace(draw(deals()), row_rule=RowRule.CHEAPEST)


@st.composite
def stock_car(draw: st.DrawFn) -> dict[str, int]:
    """Draw a car with its rebate, and what is left of it without one and without two of its programmes."""
    one = draw(numbers())
    without_one = draw(st.integers(0, one["rebate_cents"]))
    return one | {
        "rebate_without_1_cents": without_one,
        "rebate_without_2_cents": draw(st.integers(0, without_one)),
    }
