"""What contradicts itself within a row of a versioned table, or between its rows. Pure."""

from collections.abc import Iterator, Sequence

from protocol.money.leasing import LeaseProgramme
from protocol.money.lending import Programme, Rebate, ReserveMethod, RiskCurve, StateLimit, TaxBase, TaxRule
from protocol.money.products import MAX_PACKAGES, Product

Contradiction = tuple[str, str]
"""A column, and the expected value."""


def of_programme(row: Programme) -> Iterator[Contradiction]:
    """Yield the contradictions of a row of a rate sheet."""
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


def of_rebate(row: Rebate) -> Iterator[Contradiction]:
    """Yield the contradictions of a rebate."""
    if row.year_min > row.year_max:
        yield "year_max", f"at least year_min ({row.year_min})"
    if row.starts_on > row.ends_on:
        yield "ends_on", f"a day on or after starts_on ({row.starts_on})"


def of_product(row: Product) -> Iterator[Contradiction]:
    """Yield the contradictions of a product."""
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


def of_rule(row: TaxRule) -> Iterator[Contradiction]:
    """Yield the contradictions of a tax rule."""
    if row.base is TaxBase.FULL_PRICE and row.credit_cap_cents is not None:
        yield "credit_cap", "an empty cell, since full_price gives no trade-in credit"


def of_limit(row: StateLimit) -> Iterator[Contradiction]:
    """Yield the contradictions of a state's limits."""
    if row.rate_max_bp is None and row.doc_fee_max_cents is None and row.markup_max_bp is None:
        yield "rate_max_percent", "a limit here, in doc_fee_max or in markup_max_percent"


def of_curve(_row: RiskCurve) -> Iterator[Contradiction]:
    """Yield the contradictions of a risk curve: none."""
    return iter(())


def of_lease(row: LeaseProgramme) -> Iterator[Contradiction]:
    """Yield the contradictions of a row of a lease sheet."""
    if row.score_min > row.score_max:
        yield "score_max", f"at least score_min ({row.score_min})"
    if not (row.new_cars or row.used_cars):
        yield "used_cars", "yes here or in new_cars"
    if row.used_cars and not row.make:
        yield "make", "the make of the used cars that are leased"
    if row.model and not row.make:
        yield "make", "the make of this model"
