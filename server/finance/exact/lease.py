"""A lease to the cent, as the command ``lease`` prices it: cap cost, payment, taxes, and what is due when.

``payment = (adjusted cap - residual) / n + (adjusted cap + residual) * money factor``, with the money factor
``rate_bp / 240,000``: half the sum is about the average balance, and 24 half-months of it a year's interest.
"""

from decimal import Decimal

from protocol.deal.structure import StructureError
from protocol.money.leasing import FACTOR_UNITS, LeaseAnswer, LeaseRequest, MoneyFactor
from protocol.money.lending import TaxBase, TaxRule
from protocol.records import MAX_BASIS_POINTS
from server.finance.exact.schedule import half_up
from server.finance.leasing.money import LeaseSale, lease_money
from server.finance.rounding import hundredths_of_bp

BASIS_POINTS_PER_MONEY_FACTOR = 240_000


def quote_lease(request: LeaseRequest) -> LeaseAnswer:
    """Return the priced lease.

    Raises:
        StructureError: no residual is stated or found, it is more than the adjusted cap cost, or fields
            contradict each other.
    """
    _check(request)
    residual = residual_cents(request)
    factor, units, money_factor = _factor(request)
    sale = _sale(request, residual, factor, units)
    money = lease_money([_rule(request)], sale, request.discount_cents, request.cash_down_cents)
    cap, months = int(money.adjusted_cap), request.term_months
    if residual > cap:
        most = "cap_cost_cents" if request.price_cents is None else f"the adjusted cap cost of {cap}"
        raise StructureError("residual_cents", f"expected at most {most}, got {residual}")
    payment, with_tax = int(money.payment), int(money.payment_with_tax)
    total = int(money.total_out_of_pocket)
    return LeaseAnswer(
        payment_cents=payment,
        residual_cents=residual,
        money_factor=money_factor,
        depreciation_cents=cap - residual,
        rent_charge_cents=payment * months - (cap - residual),
        total_of_payments_cents=payment * months,
        gross_cap_cents=int(money.gross_cap),
        cap_reduction_cents=int(money.cap_reduction),
        adjusted_cap_cents=cap,
        payment_untaxed_cents=int(money.payment_untaxed),
        payment_tax_cents=int(money.payment_tax),
        payment_with_tax_cents=with_tax,
        tax_at_signing_cents=int(money.tax_at_signing),
        tax_capitalised_cents=int(money.tax_capitalised),
        tax_cents=int(money.tax),
        due_at_signing_cents=int(money.due_at_signing),
        total_with_tax_cents=with_tax * months,
        total_out_of_pocket_cents=total,
        effective_monthly_cents=(2 * total + months) // (2 * months),
    )


def residual_cents(request: LeaseRequest) -> int:
    """Return the stated residual, or the share of the MSRP for the term and the smallest mileage that covers
    the customer's, rounded half up.

    Raises:
        StructureError: the residual is stated twice or not at all, or no row covers term and mileage.
    """
    r = request
    if r.residual_cents is not None:
        if r.msrp_cents is not None and (r.price_cents is None or r.residual_shares):
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


_MADE_UP_OF = (
    *("discount_cents", "capitalised_fees_cents", "products_cents", "rebate_cents", "trade_allowance_cents"),
    *("payoff_cents", "cash_down_cents"),
)
"""What a stated cap cost already contains."""


def _check(r: LeaseRequest) -> None:
    if (r.cap_cost_cents is None) == (r.price_cents is None):
        raise StructureError("cap_cost_cents", "expected this or price_cents, and not both")
    if r.cap_cost_cents is not None:
        for field in _MADE_UP_OF:
            if getattr(r, field):
                raise StructureError(field, "expected with price_cents only: cap_cost_cents contains it")
        if r.acquisition_capitalised:
            raise StructureError(
                "acquisition_capitalised", "expected with price_cents only: cap_cost_cents contains it"
            )
    taxed = r.taxable_upfront_fees_cents
    rules = (
        ((r.rate_bp is None) != (r.money_factor is None), "rate_bp",
         "expected this or money_factor, and not both"),
        (r.discount_cents <= (r.price_cents or 0), "discount_cents", "expected at most price_cents"),
        (r.taxable_products_cents <= r.products_cents,
         "taxable_products_cents", "expected at most products_cents"),
        (taxed is None or taxed <= r.upfront_fees_cents,
         "taxable_upfront_fees_cents", "expected at most upfront_fees_cents"),
    )  # fmt: skip
    for holds, field, expected in rules:
        if not holds:
            raise StructureError(field, expected)


def _factor(r: LeaseRequest) -> tuple[int, int, float]:
    """Return the money factor as a whole number of units, the units of 1, and as a number."""
    if r.rate_bp is not None:
        units = BASIS_POINTS_PER_MONEY_FACTOR * 100
        return hundredths_of_bp(r.rate_bp), units, float(Decimal(r.rate_bp) / BASIS_POINTS_PER_MONEY_FACTOR)
    stated = r.money_factor or MoneyFactor(0)
    return int(stated * FACTOR_UNITS), FACTOR_UNITS, float(stated)


def _sale(r: LeaseRequest, residual: int, factor: int, units: int) -> LeaseSale:
    upfront, taxed = r.upfront_fees_cents, r.taxable_upfront_fees_cents
    taxed = upfront if taxed is None else taxed
    equity = r.trade_allowance_cents - r.payoff_cents
    acquisition = r.acquisition_fee_cents
    at_signing, capitalised = (0, acquisition) if r.acquisition_capitalised else (acquisition, 0)
    return LeaseSale(
        price=(r.cap_cost_cents if r.price_cents is None else r.price_cents) or 0,
        rebate=r.rebate_cents,
        residual=residual,
        months=r.term_months,
        factor=factor,
        capitalised=r.capitalised_fees_cents + r.products_cents + capitalised + max(0, -equity),
        upfront=upfront + at_signing,
        taxed_upfront=taxed + at_signing,
        deposit=r.security_deposit_cents,
        disposition=r.disposition_fee_cents,
        equity=max(0, equity),
        allowance=r.trade_allowance_cents,
        taxed_beside=taxed,
        taxed_products=r.taxable_products_cents,
        units=units,
    )


def _rule(r: LeaseRequest) -> TaxRule:
    return TaxRule(
        jurisdiction="",
        state="",
        rate_bp=float(r.tax_rate_bp),
        base=TaxBase.NET_OF_TRADE if r.trade_credit else TaxBase.FULL_PRICE,
        credit_cap_cents=r.trade_credit_cap_cents,
        rebate_reduces_tax=r.rebate_reduces_tax,
        lease_method=r.tax_method,
        lease_capitalised=r.tax_capitalised,
        lease_reduction_taxed=r.reduction_taxed,
    )
