"""What customer and store want of a deal: its structure, a change of it, and what must agree in it."""

import datetime as dt
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.deal import trades as trade_records
from protocol.deal.product_lines import ProductIds, ProductLines, line_faults, sums_of_lines
from protocol.deal.trades import (
    FLAT_FIELDS,
    MAX_TRADES,
    PerDiemCents,
    Trade,
    TradeChanges,
    faults_of,
    on_the_deal,
    sums_of,
    with_changes,
)
from protocol.records import BasisPoints, Cents, DayCount, DealKind, Months, Record, Scope, Tier

MAX_DEFERRAL_DAYS = 366
"""The first payment falls due within a year of the contract."""

FIRST_DATE, LAST_DATE = trade_records.FIRST_DATE, trade_records.LAST_DATE
MAX_PER_DIEM_CENTS = trade_records.MAX_PER_DIEM_CENTS

FirstPaymentDays = Annotated[int, Meta(ge=1, le=360)]
"""Days to the first payment, 30 to a month."""

LeaseMiles = Annotated[int, Meta(ge=1_000, le=100_000)]
"""Miles a year that a lease allows."""

TermList = Annotated[list[Months], Meta(min_length=1, max_length=12)]
TradeList = Annotated[list[Trade], Meta(max_length=MAX_TRADES)]
TradeChangeList = Annotated[list[TradeChanges], Meta(max_length=2 * MAX_TRADES)]
"""As many as it takes to replace every trade by another."""


class TierSource(StrEnum):
    """Where the tier comes from."""

    STATED = "stated"
    SOFT_PULL = "soft_pull"
    BUREAU = "bureau"


class RateReason(StrEnum):
    """The reasons why a deal's rate is below the store's standard."""

    LENDER_CAP = "lender_cap"
    PAYMENT_BUDGET = "payment_budget"
    COMPETING_OFFER = "competing_offer"
    PROMOTION = "promotion"
    SUBVENTED_RATE = "subvented_rate"
    EMPLOYEE_PROGRAMME = "employee_programme"
    INVENTORY_REDUCTION = "inventory_reduction"


class Structure(Record, frozen=True):
    """The terms that customer and store want; the car is not part of them.

    Amounts that are ``None`` come from elsewhere: ``price_cents`` from the car's advertised price,
    ``rate_bp`` and ``term_months`` from the lender programme, ``tax_rate_bp`` from the tax rules of the
    registration address, ``products_cost_cents`` from the store's usual share, ``contract_date`` from today
    and ``first_payment_date`` from ``first_payment_days`` later, 30 to a month (45 is a month and 15 days);
    one month if that is not stated either. ``payment_max_cents`` ``None`` means no limit.
    ``doc_fee_cents`` is the part of the fees that the store keeps. ``rate_reason`` says why a stated rate is
    below the store's standard. While there are ``trades``, the flat trade fields are their sums.
    ``trade_acv_cents`` ``None`` means that the trade was not appraised. While there are ``products``, the
    three sums of products follow from them and the catalogue; ``declined_products`` are the ids of those
    that the customer declined. ``kind`` is how the customer pays; ``lease_miles_per_year`` ``None`` takes
    any mileage that a lease programme offers.
    """

    kind: DealKind = DealKind.FINANCE
    price_cents: Cents | None = None
    discount_cents: Cents = 0
    fees_cents: Cents = 0
    taxable_fees_cents: Cents = 0
    doc_fee_cents: Cents = 0
    products_cents: Cents = 0
    taxable_products_cents: Cents = 0
    products_cost_cents: Cents | None = None
    rebate_cents: Cents = 0
    rebate_reduces_tax: bool = False
    trade_allowance_cents: Cents = 0
    payoff_cents: Cents = 0
    payoff_good_through: dt.date | None = None
    payoff_per_diem_cents: Cents = 0
    trade_acv_cents: Cents | None = None
    trades: TradeList = msgspec.field(default_factory=list)
    trade_credit: bool = False
    trade_credit_cap_cents: Cents | None = None
    cash_down_cents: Cents = 0
    cash_down_max_cents: Cents | None = None
    prepaid_finance_cents: Cents = 0
    tax_rate_bp: BasisPoints | None = BasisPoints(0)
    rate_bp: BasisPoints | None = None
    rate_reason: RateReason | None = None
    term_months: Months | None = None
    terms_months: TermList = msgspec.field(default_factory=lambda: [36, 48, 60, 72])
    payment_min_cents: Cents = 0
    payment_max_cents: Cents | None = None
    contract_date: dt.date | None = None
    first_payment_date: dt.date | None = None
    first_payment_days: FirstPaymentDays | None = None
    day_count: DayCount = DayCount.THIRTY_360
    tier: Tier = Tier.PRIME
    tier_source: TierSource = TierSource.STATED
    scope: Scope = Scope.STORE
    lease_miles_per_year: LeaseMiles | None = None
    products: ProductLines = msgspec.field(default_factory=list)
    declined_products: ProductIds = msgspec.field(default_factory=list)

    @property
    def trade_value_cents(self) -> int:
        """What the trades count as: their cash value, or the allowance if they were not appraised."""
        return self.trade_allowance_cents if self.trade_acv_cents is None else self.trade_acv_cents


class StructureChanges(Record, frozen=True):
    """A partial ``Structure``: a field that is ``UNSET`` stays as it was."""

    kind: DealKind | UnsetType = UNSET
    price_cents: Cents | UnsetType | None = UNSET
    discount_cents: Cents | UnsetType = UNSET
    fees_cents: Cents | UnsetType = UNSET
    taxable_fees_cents: Cents | UnsetType = UNSET
    doc_fee_cents: Cents | UnsetType = UNSET
    products_cents: Cents | UnsetType = UNSET
    taxable_products_cents: Cents | UnsetType = UNSET
    products_cost_cents: Cents | UnsetType | None = UNSET
    rebate_cents: Cents | UnsetType = UNSET
    rebate_reduces_tax: bool | UnsetType = UNSET
    trade_allowance_cents: Cents | UnsetType = UNSET
    payoff_cents: Cents | UnsetType = UNSET
    payoff_good_through: dt.date | UnsetType | None = UNSET
    payoff_per_diem_cents: PerDiemCents | UnsetType = UNSET
    trade_acv_cents: Cents | UnsetType | None = UNSET
    trades: TradeChangeList | UnsetType = UNSET
    trade_credit: bool | UnsetType = UNSET
    trade_credit_cap_cents: Cents | UnsetType | None = UNSET
    cash_down_cents: Cents | UnsetType = UNSET
    cash_down_max_cents: Cents | UnsetType | None = UNSET
    prepaid_finance_cents: Cents | UnsetType = UNSET
    tax_rate_bp: BasisPoints | UnsetType | None = UNSET
    rate_bp: BasisPoints | UnsetType | None = UNSET
    rate_reason: RateReason | UnsetType | None = UNSET
    term_months: Months | UnsetType | None = UNSET
    terms_months: TermList | UnsetType = UNSET
    payment_min_cents: Cents | UnsetType = UNSET
    payment_max_cents: Cents | UnsetType | None = UNSET
    contract_date: dt.date | UnsetType | None = UNSET
    first_payment_date: dt.date | UnsetType | None = UNSET
    first_payment_days: FirstPaymentDays | UnsetType | None = UNSET
    day_count: DayCount | UnsetType = UNSET
    tier: Tier | UnsetType = UNSET
    tier_source: TierSource | UnsetType = UNSET
    scope: Scope | UnsetType = UNSET
    lease_miles_per_year: LeaseMiles | UnsetType | None = UNSET
    products: ProductLines | UnsetType = UNSET
    declined_products: ProductIds | UnsetType = UNSET

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield ``(field, value)`` of the fields that are set, in the order of the class."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not UNSET:
                yield name, value


class StructureError(ValueError):
    """A structure whose fields contradict each other. ``field`` names the one to correct."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(field, expected)
        self.field = field
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.field}: {self.expected}"


def revised(structure: Structure, changes: StructureChanges) -> Structure:
    """Return ``structure`` with ``changes`` applied.

    Raises:
        StructureError: the result contradicts itself, such as a maximum below its minimum, or a sum of
            products differs from that of the product lines.
    """
    stated = dict(changes.items())
    named = stated.pop("trades", None)
    trades = structure.trades if named is None else with_changes(structure.trades, named)
    flat = {name: stated.pop(name) for name in FLAT_FIELDS if trades and name in stated}
    if flat and len(trades) > 1:
        raise StructureError(next(iter(flat)), f"expected trades, because this deal has {len(trades)}")
    if flat:
        own = {FLAT_FIELDS[name]: value for name, value in flat.items()}
        trades = [msgspec.structs.replace(trades[0], **own)]
    result = msgspec.structs.replace(structure, **stated)
    if trades != structure.trades:
        # With the last record its sums go too.
        result = with_trades(result, trades)
    derived, fault = sums_of_lines(structure, result, stated)
    if fault is not None:
        raise StructureError(*fault)
    result = msgspec.structs.replace(result, **derived)
    check_consistent(result)
    return result


def with_trades(structure: Structure, trades: list[Trade]) -> Structure:
    """Return ``structure`` with these trades and their sums. Nothing is checked."""
    sums = sums_of(trades)
    return msgspec.structs.replace(structure, trades=trades, **sums)


def still_pertinent(changes: StructureChanges, structure: Structure) -> StructureChanges:
    """Return the changes that an offer was priced with, without those to trades that left the deal since."""
    if changes.trades is UNSET:
        return changes
    left = on_the_deal(changes.trades, structure.trades)
    return msgspec.structs.replace(changes, trades=left or UNSET)


def check_consistent(structure: Structure) -> None:
    """Raise StructureError if fields that are valid on their own contradict each other."""
    s = structure
    rules = (
        (s.taxable_fees_cents <= s.fees_cents, "taxable_fees_cents", "expected at most fees_cents"),
        (s.doc_fee_cents <= s.fees_cents, "doc_fee_cents", "expected at most fees_cents"),
        (s.taxable_products_cents <= s.products_cents,
         "taxable_products_cents", "expected at most products_cents"),
        (s.payment_max_cents is None or s.payment_min_cents <= s.payment_max_cents,
         "payment_max_cents", "expected at least payment_min_cents"),
        (s.cash_down_max_cents is None or s.cash_down_cents <= s.cash_down_max_cents,
         "cash_down_max_cents", "expected at least cash_down_cents"),
        (s.rate_bp is None or s.rate_reason is not None, "rate_reason",
         "expected a reason for a rate override"),
        (s.first_payment_date is None or s.first_payment_days is None, "first_payment_days",
         "expected no days beside first_payment_date"),
        (len(set(s.terms_months)) == len(s.terms_months), "terms_months", "expected each term once"),
    )  # fmt: skip
    for holds, field, expected in rules:
        if not holds:
            raise StructureError(field, expected)
    for field, expected in (*faults_of(s.trades), *line_faults(s.products, s.declined_products)):
        raise StructureError(field, expected)
    for field in ("payoff_good_through", "contract_date", "first_payment_date"):
        date = getattr(s, field)
        if date is not None and not FIRST_DATE <= date <= LAST_DATE:
            raise StructureError(field, f"expected a date between {FIRST_DATE} and {LAST_DATE}")
    check_bounds(s)


def check_bounds(structure: Structure) -> None:
    """Raise StructureError if a per diem or a deferral is beyond that of any contract.

    Structures that an older version stored may be: they are refused here before any computation.
    """
    s = structure
    if s.payoff_per_diem_cents > MAX_PER_DIEM_CENTS:
        raise StructureError("payoff_per_diem_cents", f"expected at most {MAX_PER_DIEM_CENTS}")
    if s.contract_date is None or s.first_payment_date is None:
        return
    if not 0 < (s.first_payment_date - s.contract_date).days <= MAX_DEFERRAL_DAYS:
        raise StructureError(
            "first_payment_date",
            f"expected a date from 1 to {MAX_DEFERRAL_DAYS} days after contract_date {s.contract_date}",
        )
