"""Lease quotes."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import FieldError, convert
from protocol.deal.structure import StructureError
from protocol.money.leasing import LeaseRequest
from server.finance.exact.lease import quote_lease

SHARES = [
    {"term_months": 36, "mileage_max": 15_000, "share_bp": 5_600},
    {"term_months": 36, "mileage_max": 10_000, "share_bp": 5_850.5},
    {"term_months": 48, "mileage_max": 15_000, "share_bp": 4_700},
]
BY_SHARE = {"residual_cents": None, "msrp_cents": 4_000_000, "residual_shares": SHARES}


def lease(**fields: Any) -> LeaseRequest:
    """Return the published lease with changes."""
    standard = {"cap_cost_cents": 3_500_000, "residual_cents": 2_000_000, "rate_bp": 300, "term_months": 36}
    return convert(LeaseRequest, standard | fields)


def test_the_published_lease() -> None:
    """35,000 to 20,000 over 36 months at a money factor of 0.00125: 485.42."""
    answer = quote_lease(lease())
    assert (answer.payment_cents, answer.money_factor) == (485_42, 0.00125)


@pytest.mark.parametrize(
    ("mileage", "residual"), [(9_000, 2_340_200), (10_000, 2_340_200), (10_001, 2_240_000)]
)
def test_the_residual_is_the_share_for_term_and_mileage(mileage: int, residual: int) -> None:
    """The smallest mileage that covers the customer's counts, whatever the order of the rows."""
    assert quote_lease(lease(**BY_SHARE, mileage_per_year=mileage)).residual_cents == residual


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"residual_cents": 3_500_001}, "residual_cents"),
        ({"residual_cents": None}, "residual_cents"),
        ({"msrp_cents": 4_000_000}, "residual_cents"),
        (BY_SHARE, "mileage_per_year"),
        (BY_SHARE | {"mileage_per_year": 15_001}, "residual_shares"),
        (BY_SHARE | {"mileage_per_year": 1, "term_months": 24}, "residual_shares"),
    ],
)
def test_a_lease_without_a_residual_is_refused(fields: dict[str, Any], field: str) -> None:
    """The error names the field to mend."""
    with pytest.raises(StructureError) as refused:
        quote_lease(lease(**fields))
    assert refused.value.field == field


@given(residual=st.integers(0, 3_500_000), rate_bp=st.integers(0, 2_000), term=st.integers(1, 60))
def test_depreciation_and_rent_make_the_total(residual: int, rate_bp: int, term: int) -> None:
    """As Regulation M states them; the rent charge is the money factor's, up to the payment's rounding."""
    answer = quote_lease(lease(residual_cents=residual, rate_bp=rate_bp, term_months=term))
    assert answer.depreciation_cents + answer.rent_charge_cents == answer.total_of_payments_cents
    assert answer.total_of_payments_cents == answer.payment_cents * term
    rent = (3_500_000 + residual) * rate_bp / 240_000 * term
    assert answer.rent_charge_cents == pytest.approx(rent, abs=term / 2 + 0.01)


DESKING = {
    "cap_cost_cents": None,
    "rate_bp": None,
    "msrp_cents": 2_300_000,
    "price_cents": 2_100_000,
    "rebate_cents": 50_000,
    "residual_cents": 1_311_000,
    "money_factor": 0.00125,
    "term_months": 36,
    "tax_rate_bp": 1_025,
}


def test_the_desks_lease() -> None:
    """MSRP 23,000, price 21,000, rebate 500: 247.29 before tax, 272.64 with it; 2,363.51 due at signing with
    upfront fees of 1,200 and an acquisition fee of 650.
    """
    plain = quote_lease(lease(**DESKING))
    assert (plain.payment_cents, plain.payment_with_tax_cents) == (247_29, 272_64)
    signed = quote_lease(lease(**DESKING, upfront_fees_cents=120_000, acquisition_fee_cents=65_000))
    assert signed.payment_cents == plain.payment_cents
    assert signed.due_at_signing_cents == 2_363_51
    # 1,200 + 650 + 247.29 and 10.25 % of them and of the rebate.
    assert signed.tax_at_signing_cents == 266_22


def test_a_deposit_comes_back_and_a_disposition_fee_does_not() -> None:
    """The deposit is due at signing and no cost; the fee at the end is a cost and not due at signing."""
    plain = quote_lease(lease(**DESKING))
    more = quote_lease(lease(**DESKING, security_deposit_cents=30_000, disposition_fee_cents=36_000))
    assert more.due_at_signing_cents == plain.due_at_signing_cents + 30_000
    assert more.total_out_of_pocket_cents == plain.total_out_of_pocket_cents + 36_000
    assert more.effective_monthly_cents == plain.effective_monthly_cents + 1_000


def test_negative_equity_is_capitalised_and_equity_reduces_the_cap() -> None:
    """A trade that is worth more than its payoff counts as cash does; what is owed beyond it is financed."""
    owed = quote_lease(lease(**DESKING, trade_allowance_cents=500_000, payoff_cents=620_000))
    assert owed.gross_cap_cents == 2_100_000 + 120_000
    worth = quote_lease(lease(**DESKING, trade_allowance_cents=620_000, payoff_cents=500_000))
    assert worth.cap_reduction_cents == 50_000 + 120_000


def half_up(value: Fraction) -> int:
    """Return the nearest whole number, halves away from 0."""
    return int(value + Fraction(1, 2)) if value >= 0 else -int(-value + Fraction(1, 2))


def plain_lease(f: dict[str, int], factor: Fraction, method: str, capitalised: bool) -> dict[str, int]:
    """Return a lease by the design's formulas, in fractions, written apart from the engine."""
    rate, n, residual = Fraction(f["tax_rate_bp"], 10_000), f["term_months"], f["residual_cents"]
    equity = f["trade_allowance_cents"] - f["payoff_cents"]
    gross = f["price_cents"] - f["discount_cents"] + f["capitalised_fees_cents"] + f["products_cents"]
    gross += max(0, -equity)
    reduction = f["cash_down_cents"] + f["rebate_cents"] + max(0, equity)

    def base(cap: int) -> int:
        return half_up(Fraction(cap - residual, n) + (cap + residual) * factor)

    cap = gross - reduction
    payment, at_signing, monthly, financed = base(cap), 0, 0, 0
    if method == "upfront":
        tax = half_up(payment * n * rate)
    elif method == "price":
        tax = half_up(max(0, f["price_cents"] - f["discount_cents"] + f["upfront_fees_cents"]) * rate)
    else:
        tax = 0
        monthly = half_up(payment * rate)
        at_signing = half_up((payment + reduction + f["upfront_fees_cents"]) * rate)
    if method != "payment" and capitalised:
        financed, payment = tax, base(cap + tax)
    elif method != "payment":
        at_signing = tax
    due = payment + f["upfront_fees_cents"] + at_signing + f["cash_down_cents"]
    return {
        "payment_cents": payment,
        "payment_with_tax_cents": payment + monthly,
        "adjusted_cap_cents": cap + financed,
        "tax_at_signing_cents": at_signing,
        "tax_capitalised_cents": financed,
        "due_at_signing_cents": due,
        "total_out_of_pocket_cents": due + (n - 1) * (payment + monthly),
    }


AMOUNTS = st.fixed_dictionaries(
    {
        "price_cents": st.integers(2_000_000, 9_000_000),
        "discount_cents": st.integers(0, 200_000),
        "capitalised_fees_cents": st.integers(0, 150_000),
        "products_cents": st.integers(0, 300_000),
        "rebate_cents": st.integers(0, 300_000),
        "trade_allowance_cents": st.integers(0, 400_000),
        "payoff_cents": st.integers(0, 700_000),
        "cash_down_cents": st.integers(0, 400_000),
        "upfront_fees_cents": st.integers(0, 150_000),
        "residual_cents": st.integers(0, 500_000),
        "term_months": st.integers(1, 60),
        "tax_rate_bp": st.integers(0, 1_200),
    }
)


@given(
    amounts=AMOUNTS,
    units=st.integers(0, 6_000),
    method=st.sampled_from(["payment", "upfront", "price"]),
    capitalised=st.booleans(),
)
def test_every_lease_is_that_of_the_formulas(
    amounts: dict[str, int], units: int, method: str, capitalised: bool
) -> None:
    """Whatever is taxed and when, each amount is the design's to the cent."""
    answer = quote_lease(
        lease(
            cap_cost_cents=None,
            rate_bp=None,
            money_factor=units / 1_000_000,
            tax_method=method,
            tax_capitalised=capitalised,
            **amounts,
        )
    )
    expected = plain_lease(amounts, Fraction(units, 1_000_000), method, capitalised)
    assert {name: getattr(answer, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"price_cents": 3_000_000}, "cap_cost_cents"),
        ({"cap_cost_cents": None}, "cap_cost_cents"),
        ({"cash_down_cents": 1}, "cash_down_cents"),
        ({"acquisition_capitalised": True}, "acquisition_capitalised"),
        ({"money_factor": 0.001}, "rate_bp"),
        ({"rate_bp": None}, "rate_bp"),
        ({"taxable_upfront_fees_cents": 1}, "taxable_upfront_fees_cents"),
        (DESKING | {"discount_cents": 2_100_001}, "discount_cents"),
        (DESKING | {"taxable_products_cents": 1}, "taxable_products_cents"),
        (DESKING | {"residual_cents": 2_050_001}, "residual_cents"),
    ],
)
def test_fields_that_contradict_each_other_are_named(fields: dict[str, Any], field: str) -> None:
    """The error names the field to mend."""
    with pytest.raises(StructureError) as refused:
        quote_lease(lease(**fields))
    assert refused.value.field == field


@pytest.mark.parametrize("factor", [-0.001, 0.0500001, 0.0000001, "0.001", True])
def test_a_money_factor_has_six_decimals(factor: Any) -> None:
    """What is none is refused by name."""
    with pytest.raises(FieldError) as refused:
        lease(rate_bp=None, money_factor=factor)
    assert refused.value.field == "money_factor"
