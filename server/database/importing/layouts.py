"""The columns of versioned tables in a CSV file, and the consistency rules of their rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import NODEFAULT

from protocol.money.leasing import LeaseProgramme
from protocol.money.lending import (
    NO_EDGE_BP,
    NO_EDGE_DAYS,
    NO_EDGE_MONTHS,
    AdvanceRule,
    Disposition,
    LeaseTaxMethod,
    LtvBasis,
    Programme,
    Rebate,
    ReserveMethod,
    RiskCurve,
    Rounding,
    StateLimit,
    TaxBase,
    TaxRule,
)
from protocol.money.products import MAX_PACKAGES, Earning, Product, ProductKind
from protocol.records import Tier
from server.database.editions.writing import LEASES, LIMITS, PRODUCTS, RATES, REBATES, RISK, TAXES, TableKind
from server.database.importing import amounts
from server.database.importing.amounts import Read

WIDEST_PERCENT = 10_000
YEAR, MONTHS, SCORE = amounts.whole(1900, 2100), amounts.whole(1, NO_EDGE_MONTHS), amounts.whole(250, 900)
EDGE = amounts.percent(WIDEST_PERCENT, above_zero=True)
DAYS = amounts.whole(0, NO_EDGE_DAYS)
STATE = amounts.matching("[A-Z]{2}", "a state as two capital letters, such as OH")

BANDS = (
    "programme_id", "lender", "tier", "term_min_months", "term_months", "score_min", "score_max", "new_cars",
    "used_cars", "year_min", "year_max", "mileage_min", "mileage_max", "ltv_min_bp", "ltv_total_max_bp",
    "amount_min_cents", "amount_max_cents", "subvented",
)  # fmt: skip
"""The bands of a programme's row. Bands may overlap; two rows with the same bands are a mistake."""

Contradiction = tuple[str, str]
"""A column, and the expected value."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file and the field it fills; ``absent`` is the value of an empty cell, if one is
    allowed.
    """

    name: str
    field: str
    read: Read
    absent: Any = NODEFAULT


@dataclass(frozen=True, slots=True)
class TableLayout:
    """How to read rows of a kind: ``key`` identifies a row, ``contradictions`` checks one row. ``key_name``
    is what a person calls a key of many columns.
    """

    kind: TableKind
    record: type[msgspec.Struct]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    contradictions: Callable[[Any], Iterator[Contradiction]]
    key_name: str = ""


def _columns(
    record: type[msgspec.Struct], reads: Mapping[str, Read], more: Mapping[str, Any]
) -> tuple[Column, ...]:
    """Return a column for each field: its name with ``_cents`` left out and ``_bp`` as ``_percent``."""
    defaults = {one.name: one.default for one in msgspec.structs.fields(record)} | dict(more)
    columns = []
    for field, read in reads.items():
        is_share = field.endswith("_bp") or read is amounts.fraction
        stem = field.removesuffix("_cents").removesuffix("_bp")
        columns.append(Column(f"{stem}_percent" if is_share else stem, field, read, defaults[field]))
    return tuple(columns)


def _of_programme(row: Programme) -> Iterator[Contradiction]:
    if row.score_min > row.score_max:
        yield "score_max", f"at least score_min ({row.score_min})"
    if not (row.new_cars or row.used_cars):
        yield "used_cars", "yes here or in new_cars"
    if row.ltv_total_max_bp < row.ltv_front_max_bp:
        yield "ltv_total_max_percent", f"at least ltv_front_max_percent ({row.ltv_front_max_bp / 100:g})"
    if row.shortest_months > row.term_months:
        yield "term_min_months", f"at most term_months ({row.term_months})"
    if row.year_min > row.year_max:
        yield "year_max", f"at least year_min ({row.year_min})"
    if row.mileage_min > row.mileage_max:
        yield "mileage_max", f"at least mileage_min ({row.mileage_min:,})"
    if row.ltv_min_bp > row.ltv_total_max_bp:
        yield "ltv_min_percent", f"at most ltv_total_max_percent ({row.ltv_total_max_bp / 100:g})"
    if row.first_payment_days_min > row.first_payment_days_max:
        yield "first_payment_days_max", f"at least first_payment_days_min ({row.first_payment_days_min})"
    if row.excluded_rebates and not row.subvented:
        yield "excluded_rebates", "an empty cell, since the row is not subvented"
    if row.amount_min_cents >= row.amount_max_cents:
        yield "amount_max", f"more than amount_min ({row.amount_min_cents / 100:,.2f})"
    if row.reserve_method is ReserveMethod.FLAT and row.reserve_share_bp:
        yield "reserve_share_percent", "0 if the reserve is flat"
    if row.reserve_method is not ReserveMethod.FLAT and row.reserve_flat_cents:
        yield "reserve_flat", "0 unless the reserve is flat"


def _of_rebate(row: Rebate) -> Iterator[Contradiction]:
    if row.year_min > row.year_max:
        yield "year_max", f"at least year_min ({row.year_min})"
    if row.starts_on > row.ends_on:
        yield "ends_on", f"a day on or after starts_on ({row.starts_on})"


def _of_product(row: Product) -> Iterator[Contradiction]:
    if len(set(row.packages)) < len(row.packages):
        yield "packages", "each package once"
    lenders = [lender for lender, _ in row.lenders]
    if len(set(lenders)) < len(lenders):
        yield "lenders", "each lender once"


def check_packages(rows: Sequence[Product]) -> None:
    """Raise ValueError if the products form more packages than a menu shows."""
    names = dict.fromkeys(name for row in rows for name in row.packages)
    if len(names) > MAX_PACKAGES:
        raise ValueError(f"at most {MAX_PACKAGES} packages, found {', '.join(names)}")


def _of_rule(row: TaxRule) -> Iterator[Contradiction]:
    if row.base is TaxBase.FULL_PRICE and row.credit_cap_cents is not None:
        yield "credit_cap", "an empty cell, since full_price gives no trade-in credit"


def _of_limit(row: StateLimit) -> Iterator[Contradiction]:
    if row.rate_max_bp is None and row.doc_fee_max_cents is None and row.markup_max_bp is None:
        yield "rate_max_percent", "a limit here, in doc_fee_max or in markup_max_percent"


def _of_curve(_row: RiskCurve) -> Iterator[Contradiction]:
    return iter(())


def _of_lease(row: LeaseProgramme) -> Iterator[Contradiction]:
    if row.score_min > row.score_max:
        yield "score_max", f"at least score_min ({row.score_min})"
    if not (row.new_cars or row.used_cars):
        yield "used_cars", "yes here or in new_cars"
    if row.used_cars and not row.make:
        yield "make", "the make of the used cars that are leased"
    if row.model and not row.make:
        yield "make", "the make of this model"


PROGRAMMES = TableLayout(
    RATES,
    Programme,
    _columns(
        Programme,
        {
            "programme_id": amounts.words,
            "lender": amounts.words,
            "tier": amounts.one_of(Tier),
            "term_months": MONTHS,
            "score_min": SCORE,
            "score_max": SCORE,
            "new_cars": amounts.yes_or_no,
            "used_cars": amounts.yes_or_no,
            "year_min": YEAR,
            "mileage_max": amounts.whole(0, 2_000_000),
            "new_ltv_basis": amounts.one_of(LtvBasis),
            "used_ltv_basis": amounts.one_of(LtvBasis),
            "ltv_front_max_bp": EDGE,
            "ltv_total_max_bp": EDGE,
            "amount_min_cents": amounts.dollars(),
            "amount_max_cents": amounts.dollars(),
            "pti_max_bp": amounts.percent(),
            "dti_max_bp": amounts.percent(),
            "buy_rate_bp": amounts.percent(),
            "markup_max_bp": amounts.percent(),
            "reserve_method": amounts.one_of(ReserveMethod),
            "reserve_share_bp": amounts.percent(),
            "reserve_flat_cents": amounts.dollars(),
            "chargeback_months": amounts.whole(0, NO_EDGE_MONTHS),
            "term_min_months": MONTHS,
            "year_max": YEAR,
            "mileage_min": amounts.whole(0, 2_000_000),
            "ltv_min_bp": amounts.percent(WIDEST_PERCENT),
            "advance_rule": amounts.one_of(AdvanceRule),
            "service_contract_max_cents": amounts.dollars(),
            "gap_max_cents": amounts.dollars(),
            "backend_max_cents": amounts.dollars(),
            "negative_equity_max_cents": amounts.dollars(),
            "down_min_cents": amounts.dollars(),
            "first_payment_days_min": DAYS,
            "first_payment_days_max": DAYS,
            "reserve_max_cents": amounts.dollars(),
            "subvented": amounts.yes_or_no,
            "excluded_rebates": amounts.several,
            "lender_fee_cents": amounts.dollars(),
            "acquisition_cents": amounts.dollars(),
            "stipulations": amounts.several,
            "disposition": amounts.one_of(Disposition),
        },
        {
            "score_min": 250,
            "score_max": 900,
            "year_min": 1900,
            "mileage_max": 2_000_000,
            "reserve_share_bp": 0.0,
            "lender_fee_cents": 0,
            "acquisition_cents": 0,
            "stipulations": (),
        },
    ),
    BANDS,
    _of_programme,
    "programme, tier and bands",
)

CURVES = TableLayout(
    RISK,
    RiskCurve,
    _columns(
        RiskCurve,
        {
            "tier": amounts.one_of(Tier),
            "term_max_months": MONTHS,
            "ltv_max_bp": EDGE,
            "pti_max_bp": EDGE,
            "funding_rate": amounts.fraction,
            "cnl": amounts.fraction,
            "loss_timing": amounts.loss_timing,
            "recovery": amounts.fraction,
            "recovery_lag_months": amounts.whole(0, NO_EDGE_MONTHS),
            "abs_speed": amounts.fraction,
            "servicing_month_cents": amounts.dollars(),
        },
        {"term_max_months": NO_EDGE_MONTHS, "ltv_max_bp": NO_EDGE_BP, "pti_max_bp": NO_EDGE_BP},
    ),
    ("tier", "term_max_months", "ltv_max_bp", "pti_max_bp"),
    _of_curve,
)

RULES = TableLayout(
    TAXES,
    TaxRule,
    _columns(
        TaxRule,
        {
            "jurisdiction": amounts.words,
            "state": STATE,
            "postal_prefix": amounts.matching("[0-9]{1,5}", "up to five leading digits of a ZIP code"),
            "rate_bp": amounts.percent(),
            "base": amounts.one_of(TaxBase),
            "base_cap_cents": amounts.dollars(),
            "credit_cap_cents": amounts.dollars(),
            "rebate_reduces_tax": amounts.yes_or_no,
            "rounding": amounts.one_of(Rounding),
            "lease_method": amounts.one_of(LeaseTaxMethod),
            "lease_capitalised": amounts.yes_or_no,
            "lease_reduction_taxed": amounts.yes_or_no,
        },
        {},
    ),
    ("state", "postal_prefix", "jurisdiction"),
    _of_rule,
)

REBATE_PROGRAMMES = TableLayout(
    REBATES,
    Rebate,
    _columns(
        Rebate,
        {
            "rebate_id": amounts.words,
            "programme": amounts.words,
            "make": amounts.words,
            "model": amounts.words,
            "year_min": YEAR,
            "year_max": YEAR,
            "new_only": amounts.yes_or_no,
            "starts_on": amounts.date,
            "ends_on": amounts.date,
            "amount_cents": amounts.dollars(least=1),
            "requires": amounts.several,
            "stackable": amounts.yes_or_no,
        },
        {},
    ),
    ("rebate_id",),
    _of_rebate,
)

STATE_LIMITS = TableLayout(
    LIMITS,
    StateLimit,
    _columns(
        StateLimit,
        {
            "state": STATE,
            "rate_max_bp": amounts.percent(),
            "doc_fee_max_cents": amounts.dollars(),
            "markup_max_bp": amounts.percent(),
            "source": amounts.words,
            "source_date": amounts.date,
        },
        {},
    ),
    ("state",),
    _of_limit,
)

CATALOGUE = TableLayout(
    PRODUCTS,
    Product,
    _columns(
        Product,
        {
            "product_id": amounts.identifier,
            "kind": amounts.one_of(ProductKind),
            "name": amounts.words,
            "provider": amounts.words,
            "retail_cents": amounts.dollars(least=1),
            "cost_cents": amounts.dollars(least=1),
            "taxable_in": amounts.several,
            "term_months": MONTHS,
            "earning": amounts.one_of(Earning),
            "lenders": amounts.caps,
            "packages": amounts.several,
        },
        {},
    ),
    ("product_id",),
    _of_product,
)

LEASE_PROGRAMMES = TableLayout(
    LEASES,
    LeaseProgramme,
    _columns(
        LeaseProgramme,
        {
            "programme_id": amounts.words,
            "lender": amounts.words,
            "tier": amounts.one_of(Tier),
            "term_months": MONTHS,
            "miles_per_year": amounts.whole(1_000, 100_000),
            "make": amounts.words,
            "model": amounts.words,
            "segment": amounts.words,
            "new_cars": amounts.yes_or_no,
            "used_cars": amounts.yes_or_no,
            "year_min": YEAR,
            "mileage_max": amounts.whole(0, 2_000_000),
            "score_min": SCORE,
            "score_max": SCORE,
            "residual_bp": amounts.percent(above_zero=True),
            "money_factor": amounts.factor,
            "factor_markup_max": amounts.factor,
            "cap_max_bp": amounts.percent(1_000),
            "pti_max_bp": amounts.percent(),
            "acquisition_fee_cents": amounts.dollars(),
            "acquisition_capitalised": amounts.yes_or_no,
            "fees_capitalised": amounts.yes_or_no,
            "disposition_fee_cents": amounts.dollars(),
            "security_deposit_cents": amounts.dollars(),
            "excess_mile_cents": amounts.dollars(),
            "reserve_share_bp": amounts.percent(),
            "reserve_flat_cents": amounts.dollars(),
            "chargeback_bp": amounts.percent(),
            "stipulations": amounts.several,
        },
        {},
    ),
    (
        *("programme_id", "tier", "term_months", "miles_per_year", "make", "model", "segment", "year_min"),
        *("score_min", "new_cars", "used_cars"),
    ),
    _of_lease,
    "programme, tier, term, miles and cars",
)
