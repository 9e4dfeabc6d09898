"""Roll to payment: what price, cash, allowance, rate or term gives the payment that the customer wants.

The closed form starts, the cent decides: every answer is re-checked by pricing it, since tax and payment are
rounded. Where no contract costs exactly the target payment, the nearest below it is taken.
"""

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import msgspec

from protocol.deal.structure import StructureError
from protocol.money.pricing import PriceRequest, RollAnswer, Vary
from protocol.records import MAX_BASIS_POINTS, MAX_CENTS, BasisPoints
from server.finance.calendar import MONTHS_IN_YEAR
from server.finance.exact.price import (
    TaxOf,
    accrual_of,
    annual_rate,
    checked,
    principal_cents,
    repaid,
    stated_tax_cents,
)
from server.finance.exact.schedule import Accrual, level_payment

MAX_TERM_MONTHS = 120
RATE_STEP = Decimal("0.01")
"""Contract rates have two decimals of a basis point."""

MAX_RATE_STEPS = int(MAX_BASIS_POINTS / RATE_STEP)
_NEWTON_STEPS = 30


def roll(request: PriceRequest, vary: Vary, payment_cents: int, tax_of: TaxOf | None = None) -> RollAnswer:
    """Return ``request`` with the input ``vary`` changed so that its payment is ``payment_cents``.

    Price and rate become as high, and cash and allowance as low, as the payment permits; the term becomes as
    short, with a smaller last payment. ``tax_of`` None taxes by the request's own rate.

    Raises:
        StructureError: no value of the input gives the payment, or the request contradicts itself.
    """
    request, tax_of = checked(request), tax_of or stated_tax_cents
    if vary is Vary.TERM:
        return _roll_term(request, payment_cents, tax_of)
    if vary is Vary.RATE:
        return _roll_rate(request, payment_cents, tax_of)
    return _roll_amount(request, vary, payment_cents, tax_of)


def largest_within(value: Callable[[int], int], limit: int, guess: int, low: int, high: int) -> int | None:
    """Return the largest x from ``low`` to ``high`` with ``value(x) <= limit``; None if there is none.

    ``value`` must not decrease. A right ``guess`` costs two calls; a wrong one is corrected in doubling
    steps.
    """
    at, step = min(max(guess, low), high), 1
    if value(at) <= limit:
        above = at + step
        while above <= high and value(above) <= limit:
            at, step = above, 2 * step
            above = at + step
        above = min(above, high + 1)
    else:
        above = at
        while above > low and value(at) > limit:
            above, at, step = at, max(at - step, low), 2 * step
        if value(at) > limit:
            return None
    while above - at > 1:
        middle = (at + above) // 2
        at, above = (middle, above) if value(middle) <= limit else (at, middle)
    return at


def _roll_amount(request: PriceRequest, vary: Vary, wished: int, tax_of: TaxOf) -> RollAnswer:
    """Vary price, cash or allowance: the largest principal for the payment, then the amount that gives it."""
    accrual = accrual_of(request, request.term_months)
    annuity = accrual.annuity(annual_rate(request))
    field, sign = f"{vary}_cents", 1 if vary is Vary.PRICE else -1
    low, high = (request.discount_cents, MAX_CENTS) if vary is Vary.PRICE else (-MAX_CENTS, 0)
    limit = _largest_principal(wished, annuity)

    def with_amount(signed: int) -> PriceRequest:
        return msgspec.structs.replace(request, **{field: sign * signed})

    def note(signed: int) -> int:
        changed = with_amount(signed)
        return principal_cents(changed, tax_of(changed))

    guess = sign * _amount_for(request, vary, limit)
    signed = largest_within(note, limit, guess, low, high)
    if signed is None:
        raise StructureError("payment_cents", f"expected more: no {field} gives a payment this low")
    rolled = with_amount(signed)
    tax = tax_of(rolled)
    principal = principal_cents(rolled, tax)
    payment = level_payment(max(principal, 0), annuity)
    if signed == high and payment < wished:
        raise StructureError("payment_cents", f"expected at most {payment}: no {field} gives more")
    return _answer(rolled, vary, tax, payment, accrual)


def _largest_principal(payment: int, annuity: Decimal) -> int:
    """Return the largest principal whose rounded level payment is at most ``payment``."""
    guess = int((payment + Decimal("0.5")) * annuity)
    found = largest_within(lambda note: level_payment(note, annuity), payment, guess, 0, 2 * guess + 1)
    return found or 0


def _amount_for(request: PriceRequest, vary: Vary, principal: int) -> int:
    """Return the amount that gives ``principal`` before tax is rounded, in closed form.

    With tax rate q the principal is the largest of a few straight lines, one for each way the tax can go:
    none at all, taxed with the credit growing, taxed with the credit at its cap. As a function of the price
    it rises along them, so the answer is the least of their solutions; of cash or allowance it falls, so
    the answer is the greatest.
    """
    r, q = request, Fraction(request.tax_rate_bp) / int(MAX_BASIS_POINTS)
    rest = principal_cents(msgspec.structs.replace(r, **{f"{vary}_cents": 0}), 0)
    if vary is Vary.CASH_DOWN:
        return rest + stated_tax_cents(r) - principal
    price = 0 if vary is Vary.PRICE else r.price_cents
    base = price - r.discount_cents + r.taxable_fees_cents + r.taxable_products_cents
    base -= r.rebate_cents if r.rebate_reduces_tax else 0
    cap = MAX_CENTS if r.trade_credit_cap_cents is None else r.trade_credit_cap_cents
    if vary is Vary.PRICE:
        base -= min(r.trade_allowance_cents, cap) if r.trade_credit else 0
        return int(min(Fraction(principal - rest), (principal - rest - q * base) / (1 + q)))
    untaxed, uncredited = Fraction(rest - principal), rest - principal + q * base
    if not r.trade_credit:
        return int(max(untaxed, uncredited))
    return int(max(untaxed, uncredited / (1 + q), uncredited - q * cap))


def _roll_rate(request: PriceRequest, wished: int, tax_of: TaxOf) -> RollAnswer:
    """Vary the rate: Newton, then the highest rate in steps of 0.01 bp whose payment does not exceed the
    target.
    """
    tax = tax_of(request)
    accrual, principal = accrual_of(request, request.term_months), principal_cents(request, tax)
    if principal <= 0:
        raise StructureError("principal_cents", f"expected something to finance, got {principal} cents")

    def payment_at(steps: int) -> int:
        return level_payment(principal, accrual.annuity(steps * RATE_STEP / MAX_BASIS_POINTS))

    guess = int(_newton_rate(accrual, (wished + 0.5) / principal) * MAX_RATE_STEPS)
    steps = largest_within(payment_at, wished, guess, 0, MAX_RATE_STEPS)
    if steps is None:
        raise StructureError("payment_cents", f"expected at least {payment_at(0)}, the payment at 0 %")
    payment = payment_at(steps)
    if steps == MAX_RATE_STEPS and payment < wished:
        raise StructureError("payment_cents", f"expected at most {payment}, the payment at the highest rate")
    rolled = msgspec.structs.replace(request, rate_bp=BasisPoints(steps * RATE_STEP))
    return _answer(rolled, Vary.RATE, tax, payment, accrual)


def _newton_rate(accrual: Accrual, payment_share: float) -> float:
    """Return the annual rate, from 0 to 1, at which a unit of principal costs ``payment_share`` a month.

    Newton on the annuity ``a(r) = 1 / payment_share``, which falls and is convex: from 0 it never overshoots.
    """
    rate = 0.0
    for _ in range(_NEWTON_STEPS):
        annuity, slope = 0.0, 0.0
        for days in reversed(accrual.days):
            share = days / accrual.year_days
            growth = 1.0 + rate * share
            annuity, slope = (1.0 + annuity) / growth, (slope - share * (1.0 + annuity) / growth) / growth
        after = min(max(rate - (annuity - 1.0 / payment_share) / slope, 0.0), 1.0) if slope else 0.0
        if abs(after - rate) < 1e-12:
            break
        rate = after
    return rate


def _roll_term(request: PriceRequest, wished: int, tax_of: TaxOf) -> RollAnswer:
    """Vary the term: rounded up, so that payments of the target amount leave a smaller last one.

    If the target is a term's level payment, the result is that contract, with its rounded last payment.
    """
    tax = tax_of(request)
    principal = principal_cents(request, tax)
    if principal <= 0:
        raise StructureError("principal_cents", f"expected something to finance, got {principal} cents")

    def payment_over(negative_term: int) -> int:
        return level_payment(principal, accrual_of(request, -negative_term).annuity(annual_rate(request)))

    guess = -_closed_form_term(principal, float(annual_rate(request)) / MONTHS_IN_YEAR, wished)
    found = largest_within(payment_over, wished, guess, -MAX_TERM_MONTHS, -1)
    if found is None:
        raise StructureError("payment_cents", f"expected more: {MAX_TERM_MONTHS} payments do not repay it")
    rolled = msgspec.structs.replace(request, term_months=-found)
    return _answer(rolled, Vary.TERM, tax, wished, accrual_of(rolled, -found))


def _closed_form_term(principal: int, monthly_rate: float, payment: int) -> int:
    """Return ``-ln(1 - principal*i / payment) / ln(1 + i)`` rounded up: the term with regular periods."""
    unpaid = 1.0 - principal * monthly_rate / payment
    if unpaid <= 0:
        return MAX_TERM_MONTHS
    return math.ceil(-math.log(unpaid) / math.log1p(monthly_rate) if monthly_rate else principal / payment)


def _answer(request: PriceRequest, vary: Vary, tax: int, payment: int, accrual: Accrual) -> RollAnswer:
    return RollAnswer(
        vary=vary,
        price_cents=request.price_cents,
        cash_down_cents=request.cash_down_cents,
        trade_allowance_cents=request.trade_allowance_cents,
        rate_bp=request.rate_bp,
        term_months=request.term_months,
        contract=repaid(request, tax, payment, accrual),
    )
