"""Lease quotes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import convert
from protocol.money.leasing import LeaseRequest
from protocol.structure import StructureError
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
