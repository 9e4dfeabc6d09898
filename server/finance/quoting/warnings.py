"""What a person should look at before a quote is shown to anybody."""

from collections.abc import Iterator

from protocol.quotes import QuoteWarning, WarningCode
from server.finance.quoting.case import Case
from server.finance.quoting.structure import Quoted
from server.finance.rounding import hundredths_of_bp


def quote_warnings(case: Case, quoted: Quoted) -> list[QuoteWarning]:
    """Return the warnings of a quote, each with a sentence for a person."""
    return [QuoteWarning(code=code, message=message) for code, message in _found(case, quoted)]


def _found(case: Case, quoted: Quoted) -> Iterator[tuple[WarningCode, str]]:
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
    choice = quoted.choice
    if choice is not None and s.rate_bp is not None:
        row = case.row(choice.programme_id, choice.term_months)
        standard = row.buy_rate_bp + min(row.markup_max_bp, case.inputs.standard_markup_bp)
        if hundredths_of_bp(s.rate_bp) > hundredths_of_bp(standard):
            yield (
                WarningCode.RATE_OVER_STANDARD,
                "The rate is above the store's standard: exceptions go downward only.",
            )
