"""One contract priced to the cent: tax, principal, payment, schedule, finance charge and APR.

Every amount is whole cents; each named one is rounded half up once.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec
import numpy as np

from protocol.deal.structure import FIRST_DATE, LAST_DATE, StructureError
from protocol.money.inputs import ENGINE
from protocol.money.pricing import (
    Itemization,
    PriceAnswer,
    PriceReport,
    PriceRequest,
    SaleRequest,
    ScheduleRow,
)
from protocol.records import MAX_BASIS_POINTS
from server.finance.calendar import MONTHS_IN_YEAR, add_months
from server.finance.exact.apr import apr_percent, periodic_rates
from server.finance.exact.schedule import Accrual, half_up, level_payment, repay
from server.finance.exact.unit_periods import (
    UnitPeriod,
    between,
    between_months,
    months_of,
    single_payment,
)
from server.finance.versions import WHOLE_MONTHS_ENGINE

Sale = TypeVar("Sale", bound=SaleRequest)

TaxOf = Callable[[PriceRequest], int]
"""Returns a contract's tax in cents. It must not decrease with the price, nor increase with the allowance."""


def price_contract(
    request: PriceRequest, tax_of: TaxOf | None = None, *, engine: int = ENGINE
) -> PriceAnswer:
    """Return the priced contract. ``contract_date`` must be filled in; ``tax_of`` None taxes by the request's
    own rate. ``engine`` is the version of the rules that hold.

    Raises:
        StructureError: amounts or dates contradict each other, or there is nothing to finance.
    """
    request = checked(request)
    tax = (tax_of or stated_tax_cents)(request)
    accrual = accrual_of(request, request.term_months, engine)
    payment = level_payment(principal_cents(request, tax), accrual.annuity(annual_rate(request)))
    return repaid(request, tax, payment, accrual, engine)


def report_contract(request: PriceRequest) -> PriceReport:
    """Return the priced contract with its products one by one. Raises as ``price_contract``."""
    contract = price_contract(request)
    return PriceReport(**msgspec.structs.asdict(contract), products=request.products)


def stated_tax_cents(request: SaleRequest) -> int:
    """Return the tax at the request's own rate.

    The base is price - discount + taxable fees + taxable products - (rebate if it reduces tax) - (allowance
    up to its cap, if credited), and never below 0.
    """
    r = request
    cap = r.trade_allowance_cents if r.trade_credit_cap_cents is None else r.trade_credit_cap_cents
    credit = min(r.trade_allowance_cents, cap) if r.trade_credit else 0
    rebate = r.rebate_cents if r.rebate_reduces_tax else 0
    base = r.price_cents - r.discount_cents + r.taxable_fees_cents + r.taxable_products_cents
    return half_up(max(0, base - rebate - credit) * r.tax_rate_bp / MAX_BASIS_POINTS)


def principal_cents(request: PriceRequest, tax: int) -> int:
    """Return the note: price - discount + fees + tax + products - rebate - cash - (allowance - payoff).

    If it is 0 or less, there is nothing to finance.
    """
    r = request
    costs = r.price_cents - r.discount_cents + r.fees_cents + tax + r.products_cents
    return costs - r.rebate_cents - r.cash_down_cents - (r.trade_allowance_cents - r.payoff_cents)


def annual_rate(request: PriceRequest) -> Decimal:
    """Return the nominal annual rate as a fraction: 799 basis points are 0.0799."""
    return Decimal(request.rate_bp) / MAX_BASIS_POINTS


def accrual_of(request: PriceRequest, term: int, engine: int = ENGINE) -> Accrual:
    """Return the first ``term`` periods of the contract, whose dates are filled in."""
    contract, first = _dates(request)
    return Accrual.of(contract, first, term, request.day_count, engine=engine)


def checked(request: PriceRequest) -> PriceRequest:
    """Return ``request`` with its first payment date and the sums of its products.

    Raises:
        StructureError: names the field that contradicts another.
    """
    r = with_product_sums(request)
    contract, first = _dates(r)
    rules = (
        (r.discount_cents <= r.price_cents, "discount_cents", "expected at most price_cents"),
        (r.taxable_fees_cents <= r.fees_cents, "taxable_fees_cents", "expected at most fees_cents"),
        (r.taxable_products_cents <= r.products_cents,
         "taxable_products_cents", "expected at most products_cents"),
        (first > contract, "first_payment_date", f"expected a date after contract_date {contract}"),
        (first <= LAST_DATE, "first_payment_date", f"expected a date up to {LAST_DATE}"),
    )  # fmt: skip
    for holds, field, expected in rules:
        if not holds:
            raise StructureError(field, expected)
    return msgspec.structs.replace(r, first_payment_date=first)


def with_product_sums(request: Sale) -> Sale:
    """Return a request whose sums of products are those of its lines, if it has lines."""
    if not request.products:
        return request
    for field in ("products_cents", "taxable_products_cents"):
        if getattr(request, field):
            raise StructureError(field, "expected no sum of products beside the products")
    return msgspec.structs.replace(
        request,
        products=[],
        products_cents=sum(each.price_cents for each in request.products),
        taxable_products_cents=sum(each.price_cents for each in request.products if each.taxable),
    )


def down_payment_cents(
    *, cash_down_cents: int, rebate_cents: int, allowance_cents: int, payoff_cents: int
) -> int:
    """Return what the customer gives before the first payment; negative trade equity is not part of it.

    With the total of payments it is the total sale price (Regulation Z, 1026.18(j)).
    """
    return cash_down_cents + rebate_cents + max(0, allowance_cents - payoff_cents)


def itemized(request: PriceRequest, tax: int) -> Itemization:
    """Return the itemization of the amount financed of a contract; ``request`` has its sums of products."""
    r = request
    equity = r.trade_allowance_cents - r.payoff_cents
    return Itemization(
        cash_price_cents=r.price_cents - r.discount_cents,
        tax_cents=tax,
        fees_cents=r.fees_cents,
        products_cents=r.products_cents,
        prior_loan_cents=max(0, -equity),
        rebate_cents=-r.rebate_cents,
        trade_equity_cents=-max(0, equity),
        cash_down_cents=-r.cash_down_cents,
        prepaid_finance_cents=-r.prepaid_finance_cents,
    )


def repaid(
    request: PriceRequest, tax: int, payment: int, accrual: Accrual, engine: int = ENGINE
) -> PriceAnswer:
    """Return the contract repaid by ``payment`` in the periods of ``accrual``.

    Raises:
        StructureError: there is nothing to finance, or the prepaid finance charge is all of it.
    """
    principal = principal_cents(request, tax)
    if principal <= 0:
        raise StructureError("principal_cents", f"expected something to finance, got {principal} cents")
    prepaid = request.prepaid_finance_cents
    if prepaid >= principal:
        raise StructureError("prepaid_finance_cents", f"expected less than the principal of {principal}")
    rows = repay(principal, payment, annual_rate(request), accrual)
    interest = sum(row.interest_cents for row in rows)
    items = itemized(request, tax)
    down_payment = down_payment_cents(
        cash_down_cents=request.cash_down_cents,
        rebate_cents=request.rebate_cents,
        allowance_cents=request.trade_allowance_cents,
        payoff_cents=request.payoff_cents,
    )
    return PriceAnswer(
        tax_cents=tax,
        principal_cents=principal,
        amount_financed_cents=principal - prepaid,
        payment_cents=rows[0].payment_cents,
        last_payment_cents=rows[-1].payment_cents,
        total_interest_cents=interest,
        finance_charge_cents=interest + prepaid,
        total_of_payments_cents=principal + interest,
        apr_percent=_apr(request, principal - prepaid, rows, engine),
        schedule=rows,
        down_payment_cents=down_payment,
        total_sale_price_cents=principal + interest + down_payment,
        itemization=items,
    )


def _apr(request: PriceRequest, amount_financed: int, rows: list[ScheduleRow], engine: int) -> float:
    """Return the APR in percent: unit periods are months, but a single payment's is its own term, and two
    payments without a common period have their average.
    """
    contract, first = _dates(request)
    multiple = months_of(contract, first, len(rows)) if engine >= WHOLE_MONTHS_ENGINE else 1
    if len(rows) == 1:
        whole, fraction, per_year = single_payment(contract, first)
        times = [(whole, fraction)]
    elif multiple == 1:
        (whole, fraction), per_year = between(contract, first, UnitPeriod.MONTH), UnitPeriod.MONTH.per_year
        times = [(whole + number, fraction) for number in range(len(rows))]
    else:
        times = [between_months(contract, row.date, multiple) for row in rows]
        per_year = MONTHS_IN_YEAR / multiple
    flows = np.array([[-amount_financed, *(row.payment_cents for row in rows)]], dtype=np.float64)
    periods = np.array([[0, *(whole for whole, _ in times)]])
    fractions = np.array([[0.0, *(fraction for _, fraction in times)]])
    return apr_percent(float(periodic_rates(flows, periods, fractions)[0]), per_year)


def _dates(request: PriceRequest) -> tuple[dt.date, dt.date]:
    if request.contract_date is None:
        raise StructureError("contract_date", "expected a date")
    # Checked before a month is added: there is no date after the last one.
    if not FIRST_DATE <= request.contract_date <= LAST_DATE:
        raise StructureError("contract_date", f"expected a date between {FIRST_DATE} and {LAST_DATE}")
    return request.contract_date, request.first_payment_date or add_months(request.contract_date, 1)
