"""What a lender's decision must say: an approval its terms, a refusal its reasons, all of them on credit."""

import datetime as dt
import uuid
from typing import Any

import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.commands import LenderDecision
from protocol.deal.workflow import CREDIT_REASONS, LenderStatus, Reason
from protocol.records import BasisPoints, Tier
from server.clock import utc_now
from server.hub.commands.lending.terms import terms_of

APPROVAL: dict[str, Any] = {
    "tier": Tier.PRIME,
    "rate_bp": BasisPoints(500),
    "advance_max_cents": 30_000_00,
    "term_months": 72,
    "expires_at": utc_now() + dt.timedelta(days=1),
}
BANKRUPTCY, UNRESPONSIVE = Reason.BANKRUPTCY, Reason.UNRESPONSIVE


def decision(status: LenderStatus, **fields: Any) -> LenderDecision:
    return LenderDecision(
        ref=1, channel="deal:1", op=uuid.uuid4(), version=1, lender="Bank", status=status, **fields
    )


@pytest.mark.parametrize(
    ("status", "fields", "field"),
    [
        (LenderStatus.DECLINED, {}, "reasons"),
        (LenderStatus.DECLINED, {"reasons": [UNRESPONSIVE]}, "reasons"),
        (LenderStatus.DECLINED, {"reasons": [BANKRUPTCY, UNRESPONSIVE]}, "reasons"),
        (LenderStatus.WITHDRAWN, {"reasons": [BANKRUPTCY]}, "reasons"),
        (LenderStatus.APPROVED, {**APPROVAL, "reasons": [BANKRUPTCY]}, "reasons"),
        (LenderStatus.CONDITIONAL, {**APPROVAL, "reasons": [BANKRUPTCY]}, "reasons"),
        (LenderStatus.APPROVED, {**APPROVAL, "tier": None}, "tier"),
        (LenderStatus.APPROVED, {**APPROVAL, "expires_at": utc_now()}, "expires_at"),
    ],
)
def test_a_decision_that_does_not_fit_is_refused(
    status: LenderStatus, fields: dict[str, Any], field: str
) -> None:
    """A refusal is always one on credit, so no notice is ever forgotten; only a refusal has reasons."""
    with pytest.raises(CommandError) as refused:
        terms_of(decision(status, **fields))
    assert (refused.value.code, refused.value.detail["field"]) == (ErrorCode.INVALID, field)


@pytest.mark.parametrize("reason", CREDIT_REASONS)
def test_every_reason_on_credit_may_be_a_lenders(reason: Reason) -> None:
    """Those of the sample notice of adverse action."""
    assert terms_of(decision(LenderStatus.DECLINED, reasons=[reason])).reasons == [reason]


def test_an_approval_says_what_it_approves() -> None:
    """Its terms as they came, under an id of their own."""
    terms = terms_of(decision(LenderStatus.CONDITIONAL, **APPROVAL, stipulations=["Proof of income"]))
    assert (terms.tier, terms.rate_bp, terms.term_months, terms.reasons) == (Tier.PRIME, 500.0, 72, [])
    assert [each.text for each in terms.stipulations] == ["Proof of income"]
