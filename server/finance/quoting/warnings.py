"""What a person should look at before a quote is shown to anybody."""

from collections.abc import Iterator

from protocol.quotes import QuoteWarning, WarningCode
from server.finance.quoting.case import Case


def quote_warnings(case: Case) -> list[QuoteWarning]:
    """Return the warnings of a quote, each with a sentence for a person."""
    return [QuoteWarning(code=code, message=message) for code, message in _found(case)]


def _found(case: Case) -> Iterator[tuple[WarningCode, str]]:
    s = case.inputs.structure
    good_through, contract = s.payoff_good_through, s.contract_date
    if s.payoff_cents and good_through and contract and contract > good_through:
        days = (contract - good_through).days
        yield (
            WarningCode.PAYOFF_PAST_GOOD_THROUGH,
            f"The payoff was good through {good_through}: {days} days of per diem are added. Ask again.",
        )
    if s.discount_cents > case.inputs.discount_max_cents:
        yield (
            WarningCode.DISCOUNT_OVER_AUTHORITY,
            f"The discount is above the seller's authority of ${case.inputs.discount_max_cents / 100:,.2f}.",
        )
