"""Requests and answers of the exact engine: the commands ``price``, ``apr``, ``value`` and ``roll``, and the
quotes of the screen. Those of ``lease`` are in ``leasing``.

Units: ``*_cents`` are integer cents, ``*_bp`` basis points, ``*_months`` whole months, ``apr_percent`` is in
percent with four decimals. ``AprRequest`` counts money in any unit; ``ValueRequest`` and ``ValueAnswer`` in
dollars, with rates as fractions.
"""

import datetime as dt
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from protocol.money.products import ProductKind
from protocol.records import MAX_CENTS, BasisPoints, Cents, DayCount, DealKind, Months, Record
from protocol.texts import ONE_LINE

MAX_DOLLARS = MAX_CENTS // 100
MAX_APR_PAYMENTS = 10_000
MAX_UNIT_PERIODS = 100_000

Dollars = Annotated[float, Meta(ge=0, le=MAX_DOLLARS)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0, le=1e12)]


MAX_PRODUCTS = 50


class PricedProduct(Record, frozen=True):
    """An optional product of a contract, and whether sales tax is due on it."""

    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]
    price_cents: Cents
    taxable: bool = False
    kind: ProductKind = ProductKind.OTHER


class SaleRequest(Record, frozen=True):
    """One sale to be priced to the cent, however it is paid.

    ``taxable_*`` are parts of fees and products, ``cash_down_cents`` includes deposits,
    ``prepaid_finance_cents`` is part of the principal. ``contract_date`` omitted is today,
    ``first_payment_date`` omitted a month later. Products are listed one by one, or stated as sums.
    """

    price_cents: Cents
    kind: DealKind = DealKind.FINANCE
    discount_cents: Cents = 0
    fees_cents: Cents = 0
    taxable_fees_cents: Cents = 0
    products_cents: Cents = 0
    taxable_products_cents: Cents = 0
    rebate_cents: Cents = 0
    rebate_reduces_tax: bool = False
    trade_allowance_cents: Cents = 0
    payoff_cents: Cents = 0
    trade_credit: bool = False
    trade_credit_cap_cents: Cents | None = None
    cash_down_cents: Cents = 0
    prepaid_finance_cents: Cents = 0
    tax_rate_bp: BasisPoints = BasisPoints(0)
    contract_date: dt.date | None = None
    first_payment_date: dt.date | None = None
    day_count: DayCount = DayCount.THIRTY_360
    products: Annotated[list[PricedProduct], Meta(max_length=MAX_PRODUCTS)] = msgspec.field(
        default_factory=list
    )


class Itemization(Record, frozen=True, forbid_unknown_fields=False):
    """The itemization of the amount financed: signed amounts that sum to it.

    ``cash_price_cents`` is net of the discount. ``trade_equity_cents`` is what the trade brings above its
    payoff, ``prior_loan_cents`` what its payoff exceeds the allowance by; one of them is 0. Amounts that
    reduce what is financed are negative.
    """

    cash_price_cents: int
    tax_cents: int
    fees_cents: int
    products_cents: int
    prior_loan_cents: int
    rebate_cents: int
    trade_equity_cents: int
    cash_down_cents: int
    prepaid_finance_cents: int


class PriceRequest(SaleRequest, frozen=True, kw_only=True):
    """A sale that is financed."""

    rate_bp: BasisPoints
    term_months: Months


class CashRequest(SaleRequest, frozen=True, kw_only=True):
    """A sale that is paid in full. A rate, a term and a prepaid finance charge have no effect."""

    kind: DealKind = DealKind.CASH
    rate_bp: BasisPoints | None = None
    term_months: Months | None = None


class ScheduleRow(Record, frozen=True, forbid_unknown_fields=False):
    """One payment: its interest and principal, and the balance after it."""

    number: int
    date: dt.date
    payment_cents: int
    interest_cents: int
    principal_cents: int
    balance_cents: int


class PriceAnswer(Record, frozen=True):
    """A priced contract. ``principal_cents`` is the note, ``amount_financed_cents`` that of Regulation Z.

    ``down_payment_cents`` is cash, rebates and the equity of the trade, if it has any;
    ``total_sale_price_cents`` is that and the total of payments.
    """

    tax_cents: int
    principal_cents: int
    amount_financed_cents: int
    payment_cents: int
    last_payment_cents: int
    total_interest_cents: int
    finance_charge_cents: int
    total_of_payments_cents: int
    apr_percent: float
    schedule: list[ScheduleRow]
    down_payment_cents: int
    total_sale_price_cents: int
    itemization: Itemization


class PriceReport(PriceAnswer, frozen=True):
    """The answer of ``price``: the contract, and the optional products in it, one by one."""

    products: list[PricedProduct] = msgspec.field(default_factory=list)


class AprFlow(Record, frozen=True):
    """An amount that changes hands ``unit_periods`` whole unit periods and a ``fraction`` of one after the
    first advance.
    """

    amount: Amount
    unit_periods: Annotated[int, Meta(ge=0, le=MAX_UNIT_PERIODS)] = 0
    fraction: Fraction = 0.0


class AprRequest(Record, frozen=True):
    """A loan's flows. ``advances`` is one amount at the start, or a list of amounts with times."""

    advances: Amount | Annotated[list[AprFlow], Meta(min_length=1, max_length=MAX_APR_PAYMENTS)]
    payments: Annotated[list[AprFlow], Meta(min_length=1, max_length=MAX_APR_PAYMENTS)]
    unit_periods_per_year: Annotated[float, Meta(gt=0, le=366)]


class AprAnswer(Record, frozen=True):
    """An annual percentage rate by Regulation Z, Appendix J."""

    apr_percent: float


class ValueRequest(Record, frozen=True):
    """One contract with regular months to be valued, and its risk. ``amount_financed`` is the principal.

    ``cnl`` is the cumulative net loss as a share of principal; ``loss_timing`` pairs a month with the
    cumulative share of the loss by its end ((0, 0) is implied); ``abs_speed`` is the fraction of the original
    contracts that prepay in a month.
    """

    amount_financed: Annotated[float, Meta(gt=0, le=MAX_DOLLARS)]
    rate: Fraction
    term_months: Months
    funding_rate: Fraction = 0.0
    cnl: Fraction = 0.0
    loss_timing: Annotated[tuple[tuple[float, float], ...], Meta(max_length=121)] = ()
    recovery: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    recovery_lag_months: Annotated[int, Meta(ge=0, le=120)] = 0
    abs_speed: Fraction = 0.0
    servicing_per_month: Dollars = 0.0
    acquisition: Dollars = 0.0


class ValueParts(Record, frozen=True):
    """The contribution of each cause to the NPV, on top of those before it, in dollars."""

    interest: float
    funding: float
    loss: float
    prepayment: float
    servicing: float
    acquisition: float


class ValueAnswer(Record, frozen=True):
    """The present value of a contract to its holder, in dollars. ``parts`` sum to ``npv``."""

    npv: float
    parts: ValueParts
    realised_cnl: float


class Vary(StrEnum):
    """The inputs that may change so that a contract reaches a target payment."""

    PRICE = "price"
    CASH_DOWN = "cash_down"
    TRADE_ALLOWANCE = "trade_allowance"
    RATE = "rate"
    TERM = "term"


class RollRequest(PriceRequest, frozen=True, kw_only=True):
    """A contract, the input that may change, and the target payment."""

    vary: Vary
    payment_cents: Annotated[int, Meta(ge=1, le=MAX_CENTS)]


class RollAnswer(Record, frozen=True):
    """The rolled contract: each amount that could vary; ``vary`` names the one that did."""

    vary: Vary
    price_cents: int
    cash_down_cents: int
    trade_allowance_cents: int
    rate_bp: BasisPoints
    term_months: int
    contract: PriceAnswer


class CashAnswer(Record, frozen=True):
    """The out-the-door price of a cash deal, and the parts that make it up.

    ``out_the_door_cents`` = price - discount + fees + tax + products - rebate - (allowance - payoff);
    ``balance_due_cents`` is what is left of it after ``cash_down_cents``. Below 0 the store pays the
    customer.
    """

    kind: DealKind
    price_cents: int
    discount_cents: int
    fees_cents: int
    tax_cents: int
    products_cents: int
    rebate_cents: int
    trade_allowance_cents: int
    payoff_cents: int
    out_the_door_cents: int
    cash_down_cents: int
    balance_due_cents: int
