"""The best lease of a car once more, in its plainest form: every row, every amount of cash, every discount.

Amounts are cents; money is computed in fractions and rounded half up once for each named amount.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from protocol.money.inputs import CarName, DealInputs
from protocol.money.leasing import LeaseProgramme, LeaseSheet
from protocol.money.lending import LeaseTaxMethod, Rounding, TaxBase, TaxRule


@dataclass(frozen=True)
class PlainLease:
    """A lease of one row at one cash and discount."""

    row: LeaseProgramme
    cash: int
    discount: int
    payment: int
    due: int
    cap: int
    residual: int
    value: int


def half_up(amount: Fraction) -> int:
    """Round half up."""
    return int((amount + Fraction(1, 2)) // 1)


def best_lease(
    inputs: DealInputs, sheet: LeaseSheet, car: dict[str, int], name: CarName | None
) -> PlainLease | None:
    """Return the best lease of a car, None if it has none."""
    found = []
    for row in rows_for(inputs, sheet, car, name):
        fitting = [each for each in _in_cash(inputs, row, car) if _fits(inputs, car, each)]
        if not fitting:
            fitting = [each for each in _discounted(inputs, row, car) if _fits(inputs, car, each)]
        fitting = [each for each in fitting if each.value >= inputs.npv_floor_cents]
        if fitting:
            found.append(max(fitting, key=lambda each: (each.value, -each.cash, -each.discount)))
    order = list(sheet.programmes)
    return min(
        found,
        key=lambda each: (-each.value, each.payment, each.row.term_months, order.index(each.row)),
        default=None,
    )


def rows_for(
    inputs: DealInputs, sheet: LeaseSheet, car: dict[str, int], name: CarName | None
) -> list[LeaseProgramme]:
    """Return the row of each programme and term that applies, one for each mileage if any will do."""
    s = inputs.structure
    rows = [row for row in sheet.programmes if _takes(inputs, row, car, name)]
    groups: dict[tuple[str, int, int], list[LeaseProgramme]] = {}
    for row in rows:
        miles = row.miles_per_year if s.lease_miles_per_year is None else 0
        groups.setdefault((row.programme_id, row.term_months, miles), []).append(row)
    return [max(group, key=_preference) for group in groups.values()]


def lease_at(
    inputs: DealInputs, row: LeaseProgramme, car: dict[str, int], cash: int, discount: int
) -> PlainLease:
    """Price one lease."""
    s = inputs.structure
    price = car["price_cents"] if s.price_cents is None else min(car["price_cents"], s.price_cents)
    equity = s.trade_allowance_cents - s.payoff_cents
    rebate = s.rebate_cents + car["rebate_cents"]
    residual = half_up(Fraction(car["msrp_cents"]) * Fraction(str(row.residual_bp)) / 10_000)
    acquisition = row.acquisition_fee_cents
    gross = price - discount + s.products_cents + max(0, -equity)
    gross += s.fees_cents if row.fees_capitalised else 0
    gross += acquisition if row.acquisition_capitalised else 0
    fees = (0 if row.fees_capitalised else s.fees_cents) + (0 if row.acquisition_capitalised else acquisition)
    taxed_fees = 0 if row.fees_capitalised else s.taxable_fees_cents
    taxed_fees += 0 if row.acquisition_capitalised else acquisition
    cap = gross - cash - rebate - max(0, equity)
    buy = Fraction(str(row.money_factor))
    markup = min(Fraction(str(inputs.standard_markup_bp)) / 240_000, Fraction(str(row.factor_markup_max)))
    factor = max(buy, Fraction(int((buy + markup) * 100_000), 100_000))
    n = row.term_months
    untaxed = half_up(Fraction(cap - residual, n) + (cap + residual) * factor)
    signing, capitalised = 0, 0
    for rule in inputs.tax_rules:
        kept = 0 if rule.base is TaxBase.FULL_PRICE else _most(s.trade_allowance_cents, rule)
        kept_equity = 0 if rule.base is TaxBase.FULL_PRICE else _most(max(0, equity), rule)
        taxed_reduction = cash + (0 if rule.rebate_reduces_tax else rebate) + max(0, equity) - kept_equity
        taxed_reduction += taxed_fees
        if rule.lease_method is LeaseTaxMethod.PAYMENT:
            continue
        if rule.lease_method is LeaseTaxMethod.PRICE:
            base = price - discount + s.taxable_fees_cents + s.taxable_products_cents - kept
            base -= rebate if rule.rebate_reduces_tax else 0
        else:
            base = untaxed * n + (taxed_reduction if rule.lease_reduction_taxed else 0)
        base = max(0, base)
        base = base if rule.base_cap_cents is None else min(base, rule.base_cap_cents)
        if rule.lease_capitalised:
            capitalised += _tax(rule, base)
        else:
            signing += _tax(rule, base)
    cap += capitalised
    payment = half_up(Fraction(cap - residual, n) + (cap + residual) * factor)
    monthly = 0
    for rule in inputs.tax_rules:
        if rule.lease_method is not LeaseTaxMethod.PAYMENT:
            continue
        kept_equity = 0 if rule.base is TaxBase.FULL_PRICE else _most(max(0, equity), rule)
        beside = cash + (0 if rule.rebate_reduces_tax else rebate) + max(0, equity) - kept_equity
        beside += taxed_fees
        monthly += _tax(rule, payment)
        signing += _tax(rule, payment + (beside if rule.lease_reduction_taxed is not False else 0))
    reserve = half_up(
        Fraction(half_up((cap + residual) * (factor - buy) * n))
        * Fraction(str(row.reserve_share_bp))
        / 10_000
    )
    reserve += row.reserve_flat_cents
    back = half_up(Fraction(reserve) * Fraction(str(row.chargeback_bp)) / 10_000)
    carried = car["cost_cents"] + car["recon_cents"] + car["floorplan_day_cents"] * car["days_in_stock"]
    front = price - discount + s.doc_fee_cents + car["holdback_cents"] + car["dealer_cash_cents"] - carried
    front -= s.trade_allowance_cents - (
        s.trade_allowance_cents if s.trade_acv_cents is None else s.trade_acv_cents
    )
    products = s.products_cents - (s.products_cost_cents or 0)
    return PlainLease(
        row=row,
        cash=cash,
        discount=discount,
        payment=payment + monthly,
        due=payment + fees + signing + cash + row.security_deposit_cents,
        cap=cap,
        residual=residual,
        value=front + products + reserve - back,
    )


def _takes(inputs: DealInputs, row: LeaseProgramme, car: dict[str, int], name: CarName | None) -> bool:
    s = inputs.structure
    make, model, body = name or ("", "", "")
    price = car["price_cents"] if s.price_cents is None else min(car["price_cents"], s.price_cents)
    return (
        row.tier == s.tier
        and (inputs.score is None or row.score_min <= inputs.score <= row.score_max)
        and row.term_months in s.terms_months
        and row.miles_per_year >= (s.lease_miles_per_year or 0)
        and (row.new_cars if car["is_new"] else row.used_cars)
        and car["year"] >= row.year_min
        and car["mileage"] <= row.mileage_max
        and car["msrp_cents"] > 0
        and price >= s.discount_cents
        and row.make in {"", make}
        and row.model in {"", model}
        and row.segment in {"", body}
    )


def _preference(row: LeaseProgramme) -> tuple[int, int, int, int, int]:
    exact = (row.model != "", row.segment != "", row.make != "")
    return (*exact, row.year_min, -row.miles_per_year)


def _in_cash(inputs: DealInputs, row: LeaseProgramme, car: dict[str, int]) -> Iterator[PlainLease]:
    s = inputs.structure
    least, most = s.cash_down_cents, max(s.cash_down_cents, s.cash_down_max_cents or 0)
    steps = range(0, most + 1, inputs.cash_step_cents)
    for cash in sorted({least, most, *(each for each in steps if each > least)}):
        yield lease_at(inputs, row, car, cash, s.discount_cents)


def _discounted(inputs: DealInputs, row: LeaseProgramme, car: dict[str, int]) -> Iterator[PlainLease]:
    s = inputs.structure
    most = max(s.cash_down_cents, s.cash_down_max_cents or 0)
    price = car["price_cents"] if s.price_cents is None else min(car["price_cents"], s.price_cents)
    for discount in range(s.discount_cents, max(s.discount_cents, min(inputs.discount_max_cents, price)) + 1):
        yield lease_at(inputs, row, car, most, discount)


def _fits(inputs: DealInputs, car: dict[str, int], lease: PlainLease) -> bool:
    most, income = inputs.structure.payment_max_cents, inputs.monthly_income_cents
    return (
        (most is None or lease.payment <= most)
        and (income is None or lease.payment <= Fraction(str(lease.row.pti_max_bp)) * income / 10_000)
        and lease.cap <= Fraction(str(lease.row.cap_max_bp)) * car["msrp_cents"] / 10_000
        and lease.cap >= lease.residual
    )


def _tax(rule: TaxRule, base: int) -> int:
    exact = Fraction(base) * Fraction(str(rule.rate_bp)) / 10_000
    if rule.rounding is Rounding.DOWN:
        return int(exact // 1)
    return int(-(-exact // 1)) if rule.rounding is Rounding.UP else half_up(exact)


def _most(cents: int, rule: TaxRule) -> int:
    return cents if rule.credit_cap_cents is None else min(cents, rule.credit_cap_cents)
