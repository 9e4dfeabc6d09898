"""Slow and plain: the same money, one contract, one month and one cent at a time, sharing no formula."""

import datetime as dt
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise

from protocol.inputs import DealInputs
from protocol.lending import Disposition, Programme, RiskCurve
from protocol.records import Structure


def half_up(amount: Decimal | Fraction) -> int:
    """Round to a whole number, halves away from zero."""
    exact = Fraction(amount)
    return int(Decimal(int(exact * 2 // 1) + (1 if exact >= 0 else 0)) // 2)


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


def contract_npv(principal: float, rate: float, term: int, curve: RiskCurve) -> float:
    """Value a contract month by month, all amounts in the unit of the principal."""
    i, y = rate / 12, curve.funding_rate / 12
    payment = principal / term if i == 0 else principal * i / (1 - (1 + i) ** -term)
    g = curve.cnl / (1 - curve.recovery)
    alive, balance, npv = 1.0, principal, -principal
    for k in range(1, term + 1):
        npv -= alive * curve.servicing_month_cents / (1 + y) ** k
        default = min(
            alive * balance, g * principal * (_timing(curve, k / term) - _timing(curve, (k - 1) / term))
        )
        left = alive - default / balance
        after = 0.0 if k == term else balance * (1 + i) - payment
        a = curve.abs_speed
        smm = 1.0 if a * k >= 1 else a / (1 - a * (k - 1))
        npv += left * (i * balance + balance - after + smm * after) / (1 + y) ** k
        npv += curve.recovery * default / (1 + y) ** (k + curve.recovery_lag_months)
        alive, balance = left * (1 - smm), after
        if alive <= 0 or balance <= 0:
            break
    return npv


def tax(structure: Structure, price: int) -> int:
    """Compute the sales tax of one car."""
    s = structure
    base = price - s.discount_cents + s.taxable_fees_cents + s.taxable_products_cents
    if s.rebate_reduces_tax:
        base -= s.rebate_cents
    if s.trade_credit:
        cap = s.trade_allowance_cents if s.trade_credit_cap_cents is None else s.trade_credit_cap_cents
        base -= min(s.trade_allowance_cents, cap)
    return half_up(Fraction(max(base, 0)) * Fraction(s.tax_rate_bp) / 10_000)


def principal(structure: Structure, price: int, cash: int) -> int:
    """Compute the note of one car."""
    s = structure
    equity = s.trade_allowance_cents - s.payoff_cents
    costs = price - s.discount_cents + s.fees_cents + s.products_cents + tax(s, price)
    return costs - s.rebate_cents - cash - equity


def feasible_structures(
    inputs: DealInputs, programmes: tuple[Programme, ...], car: dict[str, int], factors: dict[str, float]
) -> Iterator[tuple[Programme, int, int, int]]:
    """Yield ``(programme, cash, principal, payment)`` of every feasible structure, trying every cent of cash.

    ``factors`` are payments per unit of principal by ``programme_id:term``.
    """
    s = inputs.structure
    most = s.cash_down_cents if s.cash_down_max_cents is None else s.cash_down_max_cents
    price = car["price_cents"] if s.price_cents is None else min(s.price_cents, car["price_cents"])
    if s.discount_cents > price:
        return
    for row in programmes:
        if not _takes(inputs, row, car):
            continue
        basis = car[f"{(row.new_ltv_basis if car['is_new'] else row.used_ltv_basis).value}_cents"]
        for cash in range(s.cash_down_cents, most + 1):
            note = principal(s, price, cash)
            payment = half_up(Decimal(note * factors[f"{row.programme_id}:{row.term_months}"]))
            if _within(inputs, row, note, payment, basis):
                yield row, cash, note, payment


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


def front_gross(structure: Structure, car: dict[str, int]) -> int:
    """Compute what the store earns on one car and the trade."""
    s = structure
    price = car["price_cents"] if s.price_cents is None else min(s.price_cents, car["price_cents"])
    income = price - s.discount_cents + car["holdback_cents"] + car["dealer_cash_cents"]
    outlay = car["cost_cents"] + car["recon_cents"] + car["floorplan_day_cents"] * car["days_in_stock"]
    return income - outlay - (s.trade_allowance_cents - s.trade_acv_cents)


def is_held(programme: Programme) -> bool:
    """Return whether the group keeps the contract."""
    return programme.disposition is Disposition.HELD


def _cents(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def _timing(curve: RiskCurve, share: float) -> float:
    points = [(0.0, 0.0), *curve.loss_timing]
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 < share <= x1:
            return y0 + (y1 - y0) * (share - x0) / (x1 - x0)
    return 1.0 if share > 0 else 0.0
