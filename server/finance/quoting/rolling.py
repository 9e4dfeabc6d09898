"""Roll to payment for a quote: the one input that brings the payment to what the customer wants."""

from dataclasses import replace
from typing import Any

import msgspec

from protocol.commands import Roll
from protocol.deal.structure import RateReason, StructureError
from protocol.money.pricing import PriceRequest, RollAnswer, Vary
from protocol.money.quotes import QuoteRoll
from server.finance.contract import discount_limit_cents
from server.finance.exact.price import price_contract
from server.finance.exact.roll import roll
from server.finance.quoting.case import Case
from server.finance.quoting.structure import Quoted, quote_financed
from server.finance.rules.programmes import terms_of


def quote_roll(case: Case, quoted: Quoted, asked: Roll, *, desk: bool) -> QuoteRoll:
    """Return the changes of the structure that give the target payment on the quoted contract.

    They keep the chosen term, cash and discount, and change only the input that ``asked`` names. A price
    above the advertised one, or a rate above the quoted one, is not an answer: prices and markups are never
    raised. Without ``desk``, another price is reached by a discount within the seller's authority. A term is
    one that the programme has, at its rate there.
    """
    if quoted.request is None:
        return _unreached(asked, "There is no priced contract to start from.")
    if asked.vary is Vary.TERM and quoted.choice is not None:
        return _by_term(case, quoted.choice.programme_id, quoted.request, asked)
    return _by_amount(case, quoted.request, asked, desk=desk)


def _by_amount(case: Case, request: PriceRequest, asked: Roll, *, desk: bool) -> QuoteRoll:
    """Return the price, cash, allowance or rate that gives the payment."""
    try:
        found = roll(request, asked.vary, asked.payment_cents, case.tax_cents)
    except StructureError as error:
        return _unreached(asked, str(error))
    if found.price_cents > int(case.car.price_cents[0]):
        return _unreached(asked, "The price would be above the advertised price.")
    if asked.vary is Vary.CASH_DOWN:
        found = _in_steps(case, request, found)
    changes = _changes(case, request, found)
    if asked.vary is Vary.PRICE and not desk:
        discount = request.discount_cents + request.price_cents - found.price_cents
        beyond = _beyond_discount(case, discount)
        if beyond is not None:
            return _unreached(asked, beyond)
        del changes["price_cents"]
        changes["discount_cents"] = discount
    if found.rate_bp > request.rate_bp:
        return _unreached(asked, "The rate would be above the store's rate.")
    return QuoteRoll(
        vary=asked.vary,
        asked_cents=asked.payment_cents,
        reached=True,
        payment_cents=found.contract.payment_cents,
        last_payment_cents=found.contract.last_payment_cents,
        changes=changes,
    )


def _by_term(case: Case, programme_id: str, request: PriceRequest, asked: Roll) -> QuoteRoll:
    """Return the programme's shortest term at which the payment is at most the target."""
    cash = {
        "cash_down_cents": request.cash_down_cents,
        "cash_down_max_cents": request.cash_down_cents,
    }
    own = [row for row in case.sheet.programmes if row.programme_id == programme_id]
    free = replace(case, programme_id=programme_id).under(payment_max_cents=None, **cash)
    message = "The program has no term for this car and structure."
    for months in sorted(terms_of(msgspec.structs.replace(case.sheet, programmes=tuple(own)))):
        booked = quote_financed(free.under(term_months=months).at_discount(request.discount_cents)).request
        if booked is None:
            continue
        contract = price_contract(booked, case.tax_cents)
        if contract.payment_cents <= asked.payment_cents:
            return QuoteRoll(
                vary=asked.vary,
                asked_cents=asked.payment_cents,
                reached=True,
                payment_cents=contract.payment_cents,
                last_payment_cents=contract.last_payment_cents,
                changes={"term_months": months, "discount_cents": request.discount_cents, **cash},
            )
        message = f"At {months} months, the longest term, it is ${contract.payment_cents / 100:,.2f}."
    return _unreached(asked, message)


def _in_steps(case: Case, request: PriceRequest, found: RollAnswer) -> RollAnswer:
    """Return the answer with its cash rounded up to the store's step, if that leaves a loan."""
    step = case.inputs.cash_step_cents
    cash = -(-found.cash_down_cents // step) * step
    if cash == found.cash_down_cents:
        return found
    try:
        contract = price_contract(msgspec.structs.replace(request, cash_down_cents=cash), case.tax_cents)
    except StructureError:
        return found
    return msgspec.structs.replace(found, cash_down_cents=cash, contract=contract)


def _beyond_discount(case: Case, discount_cents: int) -> str | None:
    """Return why the seller may not give this discount; None if they may."""
    if discount_cents < 0:
        return "The price would be above the desk's price."
    most = int(discount_limit_cents(case.inputs, case.car.price_cents)[0])
    if discount_cents <= most:
        return None
    return (
        f"This needs a discount of ${discount_cents / 100:,.2f}. The seller may give at most"
        f" ${most / 100:,.2f}."
    )


def _unreached(asked: Roll, message: str) -> QuoteRoll:
    return QuoteRoll(vary=asked.vary, asked_cents=asked.payment_cents, reached=False, message=message)


def _changes(case: Case, request: PriceRequest, found: RollAnswer) -> dict[str, Any]:
    held: dict[str, Any] = {
        "term_months": found.term_months,
        "discount_cents": request.discount_cents,
        "cash_down_cents": found.cash_down_cents,
        "cash_down_max_cents": found.cash_down_cents,
    }
    match found.vary:
        case Vary.PRICE:
            return {**held, "price_cents": found.price_cents}
        case Vary.TRADE_ALLOWANCE:
            return {**held, **_allowances(case, found.trade_allowance_cents)}
        case Vary.RATE:
            reason = case.inputs.structure.rate_reason or RateReason.PAYMENT_BUDGET
            return {**held, "rate_bp": float(found.rate_bp), "rate_reason": reason.value}
    return held


def _allowances(case: Case, total_cents: int) -> dict[str, Any]:
    """Return the changes that make the allowances sum to ``total_cents``: the flat field of a single trade.
    Of two trades the last one takes the difference, and the first one what exceeds its allowance.
    """
    trades = case.inputs.structure.trades
    if len(trades) < 2:
        return {"trade_allowance_cents": total_cents}
    first, last = trades
    rest = max(0, total_cents - first.allowance_cents)
    return {
        "trades": [
            {"id": first.id, "allowance_cents": total_cents - rest},
            {"id": last.id, "allowance_cents": rest},
        ]
    }
