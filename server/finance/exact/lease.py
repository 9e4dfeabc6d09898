"""A lease, quoted only: neither ranked nor valued.

``payment = (cap cost - residual) / n + (cap cost + residual) * money factor``, before tax, with the money
factor ``rate_bp / 240,000``: half the sum is about the average balance, and 24 half-months of it a year's
interest. The whole term's amounts are those of Regulation M (12 CFR 1013.4(f)): depreciation and rent charge
make the total of payments.
"""

from decimal import Decimal, localcontext

from protocol.money.pricing import LeaseAnswer, LeaseRequest
from protocol.records import MAX_BASIS_POINTS
from protocol.structure import StructureError
from server.finance.exact.schedule import ARITHMETIC, half_up

BASIS_POINTS_PER_MONEY_FACTOR = 240_000


def quote_lease(request: LeaseRequest) -> LeaseAnswer:
    """Return the lease's payment in cents, rounded half up once, and its parts.

    Raises:
        StructureError: no residual is stated or found, or it is more than the cap cost.
    """
    residual = residual_cents(request)
    cap_cost, months = request.cap_cost_cents, request.term_months
    if residual > cap_cost:
        raise StructureError("residual_cents", f"expected at most cap_cost_cents, got {residual}")
    with localcontext(ARITHMETIC):
        # One division, so that a payment of exactly half a cent is seen as one.
        rent = (cap_cost + residual) * request.rate_bp * months
        depreciation = (cap_cost - residual) * BASIS_POINTS_PER_MONEY_FACTOR
        payment = half_up((depreciation + rent) / (months * BASIS_POINTS_PER_MONEY_FACTOR))
    return LeaseAnswer(
        payment_cents=payment,
        residual_cents=residual,
        money_factor=float(Decimal(request.rate_bp) / BASIS_POINTS_PER_MONEY_FACTOR),
        depreciation_cents=cap_cost - residual,
        rent_charge_cents=payment * months - (cap_cost - residual),
        total_of_payments_cents=payment * months,
    )


def residual_cents(request: LeaseRequest) -> int:
    """Return the stated residual, or the share of the MSRP for the term and the smallest mileage that covers
    the customer's, rounded half up.

    Raises:
        StructureError: the residual is stated twice or not at all, or no row covers term and mileage.
    """
    r = request
    if r.residual_cents is not None:
        if r.msrp_cents is not None:
            raise StructureError("residual_cents", "expected this or msrp_cents, not both")
        return r.residual_cents
    if r.msrp_cents is None:
        raise StructureError("residual_cents", "expected this, or msrp_cents with residual_shares")
    if r.mileage_per_year is None:
        raise StructureError("mileage_per_year", "expected this when the residual is a share of the MSRP")
    fitting = [
        row for row in r.residual_shares
        if row.term_months == r.term_months and row.mileage_max >= r.mileage_per_year
    ]  # fmt: skip
    if not fitting:
        place = f"{r.term_months} months and {r.mileage_per_year} miles a year"
        raise StructureError("residual_shares", f"expected a row for {place}")
    share = min(fitting, key=lambda row: row.mileage_max).share_bp
    return half_up(r.msrp_cents * share / MAX_BASIS_POINTS)
