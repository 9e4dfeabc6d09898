"""A rate sheet after lenders' decisions on one customer."""

from collections.abc import Iterable

from msgspec.structs import replace

from protocol.deal.deal_parts import LenderTerms
from protocol.deal.workflow import LIVE_STATUSES, LenderStatus
from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme, RateSheet

ANY_SCORE = (250, 900)


def decided_sheet(sheet: RateSheet, inputs: DealInputs) -> RateSheet:
    """Return the sheet with each lender's decision in place of its programmes for this customer.

    A lender that refused has none. One that approved has the programmes of the tier that it gave, regardless
    of the deal's tier and score, at its rate, up to its maximum term. Its maximum advance replaces the
    programme's largest loan, even if it is larger; the other limits stay.
    """
    if not inputs.lender_terms:
        return sheet
    decided = {terms.lender: terms for terms in inputs.lender_terms}
    return RateSheet(version=sheet.version, programmes=tuple(_programmes(sheet.programmes, decided, inputs)))


def _programmes(
    rows: Iterable[Programme], decided: dict[str, LenderTerms], inputs: DealInputs
) -> Iterable[Programme]:
    for row in rows:
        terms = decided.get(row.lender)
        if terms is None or terms.status is LenderStatus.WITHDRAWN:
            yield row
        elif terms.status in LIVE_STATUSES and _covers(terms, row):
            advance_cents, longest = terms.advance_max_cents, min(row.term_months, terms.term_months or 0)
            rate_bp = terms.rate_bp or 0.0
            yield replace(
                row,
                # The deal's tier, because every reader of the sheet looks it up by that.
                tier=inputs.structure.tier,
                score_min=ANY_SCORE[0],
                score_max=ANY_SCORE[1],
                # A rate that the manufacturer pays for stays, if it is lower.
                buy_rate_bp=min(rate_bp, row.buy_rate_bp) if row.subvented else rate_bp,
                term_months=longest,
                amount_max_cents=row.amount_max_cents if advance_cents is None else advance_cents,
            )


def _covers(terms: LenderTerms, row: Programme) -> bool:
    return row.tier == terms.tier and row.shortest_months <= (terms.term_months or 0)
