"""Leases: the programmes of a lease sheet, and requests and answers of the command ``lease``.

Units: ``*_cents`` are integer cents, ``*_bp`` basis points, ``*_months`` whole months. A money factor is a
number per month with at most six decimals: 0.00125 is a rate of 3 % (factor = rate_bp / 240,000).
"""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from protocol.money.lending import LeaseTaxMethod
from protocol.records import BasisPoints, Cents, Months, Record, Tier

FACTOR_UNITS: Final = 1_000_000
"""Money factors are whole millionths."""

MAX_MONEY_FACTOR: Final = Decimal("0.05")
"""120 % a year: above any contract rate."""

Miles = Annotated[int, Meta(ge=0, le=1_000_000)]


class MoneyFactor(Decimal):
    """A money factor, 0 to 0.05 with at most six decimals. Raises ValueError if the value is not one."""

    def __new__(cls, value: Decimal | float | str) -> "MoneyFactor":
        try:
            number = super().__new__(cls, repr(value) if isinstance(value, float) else value)
        except InvalidOperation:
            raise ValueError(f"Expected a money factor, got {value!r}") from None
        if not number.is_finite() or not 0 <= number <= MAX_MONEY_FACTOR:
            raise ValueError(f"Expected a money factor between 0 and {MAX_MONEY_FACTOR}, got {value}")
        if number != round(number, 6):
            raise ValueError(f"Expected a money factor with at most six decimals, got {value}")
        return number


class LeaseProgramme(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a lease sheet: a lender's programme for one tier, term and yearly mileage, and the cars that
    it names.

    ``make``, ``model`` and ``segment`` (a body style) are empty for any. Of a programme's rows that fit a
    car, the most exact one applies: first one that names the model, then the segment, then the make. The
    residual is ``residual_bp`` of the MSRP. ``money_factor`` is the lender's; the store
    may add up to ``factor_markup_max``. The reserve is ``reserve_share_bp`` of the rent charge that the
    markup brings, and ``reserve_flat_cents``; ``chargeback_bp`` is the share of it that the store expects to
    give back. ``cap_max_bp`` is the largest adjusted cap cost, as a share of the MSRP. The deal's fees and
    the acquisition fee are paid at signing unless they are capitalised; products are capitalised.
    """

    programme_id: str
    lender: str
    tier: Tier
    term_months: int
    miles_per_year: int
    make: str = ""
    model: str = ""
    segment: str = ""
    new_cars: bool = True
    used_cars: bool = False
    year_min: int = 1900
    mileage_max: int = 2_000_000
    score_min: int = 250
    score_max: int = 900
    residual_bp: float
    money_factor: float
    factor_markup_max: float = 0.0
    cap_max_bp: float = 100_000.0
    pti_max_bp: float = 10_000.0
    acquisition_fee_cents: int = 0
    acquisition_capitalised: bool = True
    fees_capitalised: bool = False
    disposition_fee_cents: int = 0
    security_deposit_cents: int = 0
    excess_mile_cents: int = 0
    reserve_share_bp: float = 0.0
    reserve_flat_cents: int = 0
    chargeback_bp: float = 0.0
    stipulations: tuple[str, ...] = ()


class LeaseSheet(msgspec.Struct, frozen=True, kw_only=True):
    """All lease programmes of one version, in the order of their key."""

    version: str
    programmes: tuple[LeaseProgramme, ...]


class ResidualShare(Record, frozen=True):
    """The share of the MSRP that a car is worth after ``term_months`` at up to ``mileage_max`` a year."""

    term_months: Months
    mileage_max: Miles
    share_bp: BasisPoints


class LeaseRequest(Record, frozen=True):
    """One lease to be priced to the cent.

    Its cap cost is either stated as ``cap_cost_cents``, the adjusted one, or made up of the price and what
    follows it. ``rate_bp`` or ``money_factor`` gives the rent. The residual is stated, or the share of
    ``msrp_cents`` that ``residual_shares`` has for the term and the smallest mileage that covers
    ``mileage_per_year``. ``taxable_upfront_fees_cents`` None means all of them, ``reduction_taxed`` None the
    usual of ``tax_method``.
    """

    term_months: Months
    cap_cost_cents: Cents | None = None
    rate_bp: BasisPoints | None = None
    money_factor: MoneyFactor | None = None
    residual_cents: Cents | None = None
    msrp_cents: Cents | None = None
    mileage_per_year: Miles | None = None
    residual_shares: Annotated[tuple[ResidualShare, ...], Meta(max_length=200)] = ()
    price_cents: Cents | None = None
    discount_cents: Cents = 0
    capitalised_fees_cents: Cents = 0
    products_cents: Cents = 0
    taxable_products_cents: Cents = 0
    acquisition_fee_cents: Cents = 0
    acquisition_capitalised: bool = False
    rebate_cents: Cents = 0
    rebate_reduces_tax: bool = False
    trade_allowance_cents: Cents = 0
    payoff_cents: Cents = 0
    trade_credit: bool = False
    trade_credit_cap_cents: Cents | None = None
    cash_down_cents: Cents = 0
    upfront_fees_cents: Cents = 0
    taxable_upfront_fees_cents: Cents | None = None
    security_deposit_cents: Cents = 0
    disposition_fee_cents: Cents = 0
    tax_rate_bp: BasisPoints = BasisPoints(0)
    tax_method: LeaseTaxMethod = LeaseTaxMethod.PAYMENT
    tax_capitalised: bool = False
    reduction_taxed: bool | None = None


class LeaseAnswer(Record, frozen=True):
    """A priced lease.

    ``payment_cents`` is the base payment, before tax on it; with a capitalised tax, ``payment_untaxed_cents``
    leaves out what that tax adds. ``depreciation_cents`` and ``rent_charge_cents`` are those of the whole
    term and sum to ``total_of_payments_cents``, the base payments. ``due_at_signing_cents`` is the first
    payment, upfront fees, the acquisition fee unless it is capitalised, ``tax_at_signing_cents`` (with the
    first payment's), cash and the deposit. ``total_out_of_pocket_cents`` is that without the refundable
    deposit, with the other payments and the disposition fee; ``effective_monthly_cents`` is a month's share.
    """

    payment_cents: int
    residual_cents: int
    money_factor: float
    depreciation_cents: int
    rent_charge_cents: int
    total_of_payments_cents: int
    gross_cap_cents: int
    cap_reduction_cents: int
    adjusted_cap_cents: int
    payment_untaxed_cents: int
    payment_tax_cents: int
    payment_with_tax_cents: int
    tax_at_signing_cents: int
    tax_capitalised_cents: int
    tax_cents: int
    due_at_signing_cents: int
    total_with_tax_cents: int
    total_out_of_pocket_cents: int
    effective_monthly_cents: int
