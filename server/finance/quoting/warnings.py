"""Warnings that a person should read before showing a quote to a customer."""

from collections.abc import Iterator

from msgspec import UNSET

from protocol.deal.structure import Structure
from protocol.jobs import UNKNOWN_COST
from protocol.money.concession import concession_of, lacks_appraisal, lacks_product_cost
from protocol.money.quotes import QuoteWarning, WarningCode
from server.finance.quoting.case import Case
from server.finance.quoting.structure import Quoted


def quote_warnings(case: Case, quoted: Quoted, *, desk: bool) -> list[QuoteWarning]:
    """Return the warnings of a quote, each with a sentence for a person.

    ``desk``: for a person who sees ACV and cost. For others an over-allowance does not count, because its
    starting point would reveal the ACV.
    """
    return [QuoteWarning(code=code, message=message) for code, message in _found(case, quoted, desk)]


def _found(case: Case, quoted: Quoted, desk: bool) -> Iterator[tuple[WarningCode, str]]:
    s = case.inputs.structure
    yield from _expired_payoffs(s)
    given = concession_of(
        s,
        advertised_cents=case.numbers["price_cents"],
        discount_cents=_discount(quoted),
    )
    counted = given.total_cents if desk else given.shown_cents
    authority = case.inputs.discount_max_cents
    if counted > authority:
        said = given.describe() if desk else f"${counted / 100:,.2f}"
        yield (
            WarningCode.DISCOUNT_OVER_AUTHORITY,
            f"This gives away {said}, more than the seller's authority of ${authority / 100:,.2f}.",
        )
    if case.numbers["cost_cents"] == UNKNOWN_COST:
        yield (
            WarningCode.COST_UNKNOWN,
            "The cost of this car is unknown: gross and NPV are incomplete, and the store's minimum was not"
            " checked.",
        )
    if desk and lacks_product_cost(s, case.inputs.product_cost_share_bp):
        yield (
            WarningCode.PRODUCTS_WITHOUT_COST,
            "The products have no cost, so their whole price counts as gross. Enter their cost"
            " before approval.",
        )
    if desk and lacks_appraisal(s):
        yield (
            WarningCode.TRADE_NOT_APPRAISED,
            "The trade is not appraised: its allowance counts as its cash value, and what is given away on it"
            " is not known. Enter the ACV before approval.",
        )


def _discount(quoted: Quoted) -> int | None:
    if quoted.choice is not None:
        return quoted.choice.discount_cents
    discount = quoted.answer.discount_cents
    return None if quoted.answer.kind is UNSET or discount is UNSET else discount


def _expired_payoffs(s: Structure) -> Iterator[tuple[WarningCode, str]]:
    """Yield a warning for each payoff quote that is no longer good on the contract date."""
    contract = s.contract_date
    if contract is None:
        return
    for trade in s.trades:
        good_through = trade.payoff_good_through
        if trade.payoff_cents and good_through and contract > good_through:
            added = trade.payoff_on(contract) - trade.payoff_cents
            yield (
                WarningCode.PAYOFF_PAST_GOOD_THROUGH,
                f"The payoff of the {trade.describe()} was good through {good_through}. It includes"
                f" ${added / 100:,.2f} of per diem up to {contract}. Get a new payoff.",
            )
    good_through = s.payoff_good_through
    if not s.trades and s.payoff_cents and good_through and contract > good_through:
        days = (contract - good_through).days
        yield (
            WarningCode.PAYOFF_PAST_GOOD_THROUGH,
            f"The payoff was good through {good_through}. {days} days of per diem were added. Get"
            " a new payoff.",
        )
