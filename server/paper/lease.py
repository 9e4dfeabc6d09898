"""The paper of a lease, in the order of Regulation M (12 CFR 1013.4): what is due at signing, how the payment
comes about, and what the lease costs in all.
"""

from msgspec import UnsetType

from protocol.deal.deal_parts import OfferedCar, OfferedLease
from protocol.deal.structure import StructureError
from server.database.deals.pencils import StoredPencil
from server.paper.cars import LeaseCar, Line, ProductLine
from server.paper.lines import facts_of, price_lines


def lease_figures(pencil: StoredPencil, car: OfferedCar) -> LeaseCar:
    """Return a leased car's figures; its lines add up to the gross cap cost.

    Raises StructureError if the pencil has no lease.
    """
    leases = pencil.answer.lease
    lease = leases if isinstance(leases, UnsetType) else leases.best
    if isinstance(lease, UnsetType):
        raise StructureError("vehicle_id", f"expected a car with a lease: {car.stock_no} has none")
    return LeaseCar(
        **facts_of(pencil, car),
        lines=_lines(pencil, lease),
        reductions=_reductions(pencil, lease),
        gross_cap_cents=lease.gross_cap_cents,
        adjusted_cap_cents=lease.adjusted_cap_cents,
        residual_cents=lease.residual_cents,
        depreciation_cents=lease.depreciation_cents,
        rent_charge_cents=lease.rent_charge_cents,
        base_payment_cents=lease.payment_cents,
        payment_tax_cents=lease.payment_tax_cents,
        payment_cents=lease.payment_with_tax_cents,
        payments=lease.term_months,
        miles_per_year=lease.miles_per_year,
        excess_mile_cents=lease.excess_mile_cents,
        signing=(
            Line("First payment, before tax", lease.payment_cents),
            Line("Fees", lease.upfront_fees_cents),
            Line("Tax, with the first payment's", lease.tax_at_signing_cents),
            Line("Cash down", lease.cash_down_cents),
            Line("Refundable security deposit", lease.security_deposit_cents),
        ),
        due_at_signing_cents=lease.due_at_signing_cents,
        disposition_fee_cents=lease.disposition_fee_cents,
        total_of_payments_cents=lease.total_of_payments_cents,
        total_out_of_pocket_cents=lease.total_out_of_pocket_cents,
        effective_monthly_cents=lease.effective_monthly_cents,
        cash_down_cents=lease.cash_down_cents,
        products=_products(pencil),
    )


def _lines(pencil: StoredPencil, lease: OfferedLease) -> tuple[Line, ...]:
    """Return the way from the price to the gross cap cost. Amounts of 0 are in it.

    What is owed on the trade beyond its allowance is part of it. Whatever else is capitalised are fees.
    """
    products = pencil.inputs.structure.products_cents
    known = (
        Line("Price", pencil.answer.price_cents),
        Line("Discount", -lease.discount_cents),
        Line("Optional products", products),
        Line("Prior loan balance", max(0, -_equity_cents(pencil))),
        Line("Tax in the cap cost", lease.tax_capitalised_cents),
    )
    fees = lease.gross_cap_cents - sum(line.cents for line in known)
    return (*known, Line("Fees in the cap cost", fees))


def _reductions(pencil: StoredPencil, lease: OfferedLease) -> tuple[Line, ...]:
    """Return what reduces the cap cost: rebates, the trade's equity, cash."""
    _, _, *rebates = price_lines(pencil, lease.discount_cents, pencil.answer.rebate_cents)
    return (
        *rebates,
        Line("Trade-in equity", -max(0, _equity_cents(pencil))),
        Line("Cash down", -lease.cash_down_cents),
    )


def _equity_cents(pencil: StoredPencil) -> int:
    return pencil.inputs.structure.trade_allowance_cents - pencil.answer.payoff_cents


def _products(pencil: StoredPencil) -> tuple[ProductLine, ...]:
    """Return the products one by one as they were quoted; a sum of them is one line."""
    cents, listed = pencil.inputs.structure.products_cents, pencil.answer.products
    if not cents:
        return ()
    if isinstance(listed, UnsetType):
        return (ProductLine("Optional products", cents, None),)
    return tuple(
        ProductLine(each.name, each.price_cents, each.payment_without_cents or None) for each in listed
    )
