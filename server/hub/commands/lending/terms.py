"""Checks a lender's decision as a command states it. Pure, except for the clock."""

import datetime as dt
import uuid

from protocol import commands
from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import LenderTerms
from protocol.deal.structure import FIRST_DATE, LAST_DATE
from protocol.deal.workflow import CREDIT_REASONS, LIVE_STATUSES, LenderStatus
from server.clock import utc_now
from server.database.decisions.agreement import lenders


def terms_of(command: commands.LenderDecision) -> LenderTerms:
    """Return a lender's decision with new ids.

    Raises CommandError(invalid) naming the field: an approval needs tier, rate, advance, term and an expiry
    that is in the future, a refusal its reasons, each on credit. Nothing else has reasons.
    """
    needed: tuple[str, ...] = ()
    if command.status in LIVE_STATUSES:
        needed = ("tier", "rate_bp", "advance_max_cents", "term_months", "expires_at")
    elif command.status is LenderStatus.DECLINED:
        needed = ("reasons",)
    for field in needed:
        if getattr(command, field) in (None, []):
            raise CommandError(
                ErrorCode.INVALID,
                f"{field}: expected for a lender's decision of {command.status}",
                field=field,
            )
    allowed = CREDIT_REASONS if command.status is LenderStatus.DECLINED else ()
    if not set(command.reasons) <= set(allowed):
        raise CommandError(
            ErrorCode.INVALID,
            "reasons: expected credit reasons, and only for a declined application",
            field="reasons",
        )
    _check_expiry(command.expires_at)
    return as_terms(command)


def as_terms(command: commands.LenderDecision) -> LenderTerms:
    """Return the lender's decision in a command, complete or not, with new ids."""
    return LenderTerms(
        decision_id=str(uuid.uuid4()),
        lender=command.lender,
        status=command.status,
        tier=command.tier,
        rate_bp=None if command.rate_bp is None else float(command.rate_bp),
        advance_max_cents=command.advance_max_cents,
        term_months=command.term_months,
        stipulations=lenders.stipulations_of(command.stipulations),
        expires_at=_in_utc(command.expires_at),
        reasons=command.reasons,
    )


def hypothetical_terms(command: commands.LenderEffect) -> LenderTerms:
    """Return a lender's decision that nobody has made, valid for now.

    Raises CommandError(invalid) naming a field that it lacks.
    """
    needed = ("tier", "rate_bp", "advance_max_cents", "term_months")
    if command.status in LIVE_STATUSES:
        for field in needed:
            if getattr(command, field) is None:
                raise CommandError(
                    ErrorCode.INVALID,
                    f"{field}: expected for a lender's decision of {command.status}",
                    field=field,
                )
    return LenderTerms(
        decision_id="",
        lender=command.lender,
        status=command.status or LenderStatus.WITHDRAWN,
        tier=command.tier,
        rate_bp=None if command.rate_bp is None else float(command.rate_bp),
        advance_max_cents=command.advance_max_cents,
        term_months=command.term_months,
        expires_at=utc_now() + dt.timedelta(days=1),
    )


def _check_expiry(expires: dt.datetime | None) -> None:
    """Raise CommandError(invalid) if a decision would end at a time that cannot be one, or is past."""
    if expires is None:
        return
    # The year is looked at first: near the ends of the calendar not every zone has the time.
    if expires.tzinfo is None or expires.year > LAST_DATE.year or expires <= utc_now():
        raise CommandError(
            ErrorCode.INVALID,
            f"expires_at: expected a future time with its UTC offset, up to {LAST_DATE.year}",
            field="expires_at",
        )


def _in_utc(expires: dt.datetime | None) -> dt.datetime | None:
    """Return a time in UTC; unchanged if UTC cannot represent it, because it is refused anyway."""
    if expires is None or expires.tzinfo is None or not FIRST_DATE.year <= expires.year <= LAST_DATE.year:
        return expires
    return expires.astimezone(dt.UTC)
