"""Slow and plain: the same money, one contract, one month and one cent at a time, sharing no formula."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise

from protocol.deal.structure import Structure
from protocol.money.inputs import AuthorityCovers, DealInputs
from protocol.money.lending import Programme, RiskCurve, Rounding, TaxBase, TaxRule


def half_up(amount: Decimal | Fraction) -> int:
    """Round to a whole number, halves away from zero."""
    return half_up_of(*amount.as_integer_ratio())


def half_up_of(parts: int, of: int) -> int:
    """Round ``parts / of`` to a whole number, halves away from zero."""
    whole = (2 * abs(parts) + of) // (2 * of)
    return whole if parts >= 0 else -whole


def schedule_30_360(principal: int, rate: Decimal, payment: int, term: int, first_days: int) -> list[int]:
    """Return the payments of a 30/360 contract; the last one is balance and interest."""
    balance, payments = principal, []
    for number in range(1, term + 1):
        days = first_days if number == 1 else 30
        interest = _cents(balance * rate * days / 360)
        paid = balance + interest if number == term else payment
        payments.append(paid)
        balance += interest - paid
    assert balance == 0
    return payments


def schedule_actual_365(principal: int, rate: Decimal, payment: int, dates: list[dt.date]) -> list[int]:
    """Return the payments of an actual/365 contract; ``dates`` begin with the contract's."""
    balance, payments = principal, []
    for before, due in pairwise(dates):
        interest = _cents(balance * rate * (due - before).days / 365)
        paid = balance + interest if due == dates[-1] else payment
        payments.append(paid)
        balance += interest - paid
    assert balance == 0
    return payments


def tax(deal: DealInputs, price: int, discount: int, rebate: int) -> int:
    """Compute the sales tax of one car; ``rebate`` is all of it."""
    s = deal.structure
    if s.tax_rate_bp is not None:
        cap = s.trade_allowance_cents if s.trade_credit_cap_cents is None else s.trade_credit_cap_cents
        credit = min(s.trade_allowance_cents, cap) if s.trade_credit else 0
        base = _taxed(s, price, discount) - credit - (rebate if s.rebate_reduces_tax else 0)
        parts, of = s.tax_rate_bp.as_integer_ratio()
        return half_up_of(max(base, 0) * parts, 10_000 * of)
    return sum(_tax_of(rule, s, price, discount, rebate) for rule in deal.tax_rules)


def _taxed(s: Structure, price: int, discount: int) -> int:
    return price - discount + s.taxable_fees_cents + s.taxable_products_cents


def _tax_of(rule: TaxRule, s: Structure, price: int, discount: int, rebate: int) -> int:
    base = _taxed(s, price, discount) - (rebate if rule.rebate_reduces_tax else 0)
    if rule.base == TaxBase.NET_OF_TRADE:
        cap = s.trade_allowance_cents if rule.credit_cap_cents is None else rule.credit_cap_cents
        base -= min(s.trade_allowance_cents, cap)
    base = max(base, 0) if rule.base_cap_cents is None else min(max(base, 0), rule.base_cap_cents)
    exact = Fraction(base) * Fraction(str(rule.rate_bp)) / 10_000
    rounded = {Rounding.UP: math.ceil(exact), Rounding.DOWN: math.floor(exact)}
    return rounded.get(rule.rounding, half_up(exact))


def principal(deal: DealInputs, price: int, discount: int, rebate: int) -> int:
    """Compute the note of one car without cash; ``rebate`` is the car's own."""
    s = deal.structure
    rebates = rebate + s.rebate_cents
    late = 0
    if s.payoff_good_through is not None and s.contract_date is not None:
        late = max(0, s.contract_date.toordinal() - s.payoff_good_through.toordinal())
    equity = s.trade_allowance_cents - s.payoff_cents - late * s.payoff_per_diem_cents
    costs = price - discount + s.fees_cents + s.products_cents + tax(deal, price, discount, rebates)
    return costs - rebates - equity


@dataclass(frozen=True)
class Found:
    """One feasible structure; ``basis`` is what its programme lends against."""

    programme: Programme
    cash: int
    discount: int
    principal: int
    payment: int
    basis: int


def selling_price(deal: DealInputs, car: dict[str, int]) -> int:
    """Return the price before discount."""
    stated = deal.structure.price_cents
    return car["price_cents"] if stated is None else min(stated, car["price_cents"])


def discount_limit(deal: DealInputs, car: dict[str, int]) -> int:
    """Return the most discount on a car: the authority less what else is given away, or the stated one."""
    given = 0
    if deal.authority_covers is AuthorityCovers.CONCESSION:
        given = deal.structure.rebate_cents + car["price_cents"] - selling_price(deal, car)
    return max(deal.discount_max_cents - given, deal.structure.discount_cents)


def feasible_structures(
    deal: DealInputs, programmes: tuple[Programme, ...], car: dict[str, int], factors: dict[str, float]
) -> Iterator[Found]:
    """Yield every feasible structure, trying every cent of cash and of discount.

    ``factors`` are payments per unit of principal by ``programme_id:term``.
    """
    s, price = deal.structure, selling_price(deal, car)
    most = s.cash_down_cents if s.cash_down_max_cents is None else s.cash_down_max_cents
    discounts = range(s.discount_cents, min(discount_limit(deal, car), price) + 1)
    owed = {discount: principal(deal, price, discount, car["rebate_cents"]) for discount in discounts}
    for row in programmes:
        if not _takes(deal, row, car):
            continue
        basis = car[f"{(row.new_ltv_basis if car['is_new'] else row.used_ltv_basis).value}_cents"]
        factor = factors[f"{row.programme_id}:{row.term_months}"]
        within = {
            note: _within(deal, row, note, half_up(Decimal(note * factor)), basis)
            for note in {owed[d] - c for d in discounts for c in range(s.cash_down_cents, most + 1)}
        }
        for discount in discounts:
            for cash in range(s.cash_down_cents, most + 1):
                note = owed[discount] - cash
                if within[note]:
                    yield Found(row, cash, discount, note, half_up(Decimal(note * factor)), basis)


def band_of(deal: DealInputs, found: Found, curves: Sequence[RiskCurve]) -> int:
    """Return the number of a structure's risk band: LTV, then PTI, by the first edge that is not passed."""
    ltvs = sorted({curve.ltv_max_bp for curve in curves})
    ptis = sorted({curve.pti_max_bp for curve in curves})
    income = deal.monthly_income_cents
    ltv = next(n for n, edge in enumerate(ltvs) if _at_most(found.principal, found.basis, edge, ltvs))
    pti = next(n for n, edge in enumerate(ptis) if _at_most(found.payment, income or 0, edge, ptis))
    return ltv * len(ptis) + pti


def _at_most(amount: int, base: int, edge: float, edges: list[float]) -> bool:
    return edge == edges[-1] or (base > 0 and amount * 10_000 <= base * Fraction(edge))


def _takes(inputs: DealInputs, row: Programme, car: dict[str, int]) -> bool:
    s = inputs.structure
    terms = s.terms_months if s.term_months is None else [s.term_months]
    return (
        row.tier == s.tier
        and row.term_months in terms
        and (inputs.score is None or row.score_min <= inputs.score <= row.score_max)
        and (row.new_cars if car["is_new"] else row.used_cars)
        and car["year"] >= row.year_min
        and car["mileage"] <= row.mileage_max
    )


def _within(inputs: DealInputs, row: Programme, note: int, payment: int, basis: int) -> bool:
    s, income = inputs.structure, inputs.monthly_income_cents
    return (
        max(row.amount_min_cents, 1) <= note <= row.amount_max_cents
        and basis > 0
        and note * 10_000 <= basis * Fraction(row.ltv_total_max_bp)
        and (note - s.products_cents) * 10_000 <= basis * Fraction(row.ltv_front_max_bp)
        and (s.payment_max_cents is None or payment <= s.payment_max_cents)
        and (income is None or payment * 10_000 <= income * Fraction(row.pti_max_bp))
        and (
            income is None
            or (payment + inputs.other_debt_cents) * 10_000 <= income * Fraction(row.dti_max_bp)
        )
    )


def front_gross(deal: DealInputs, car: dict[str, int], discount: int) -> int:
    """Compute what the store earns on one car and the trade."""
    s = deal.structure
    income = selling_price(deal, car) - discount + s.doc_fee_cents
    income += car["holdback_cents"] + car["dealer_cash_cents"]
    days = car["days_in_stock"] + car["transfer_days"]
    outlay = car["cost_cents"] + car["recon_cents"] + car["floorplan_day_cents"] * days
    outlay += car["transfer_cost_cents"]
    return (
        income
        - outlay
        - (
            s.trade_allowance_cents
            - (s.trade_allowance_cents if s.trade_acv_cents is None else s.trade_acv_cents)
        )
    )


def _cents(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
