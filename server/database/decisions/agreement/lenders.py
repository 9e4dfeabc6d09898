"""Lenders' decisions on a deal, and their stipulations for funding."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import figures_of
from protocol.deal.deal_parts import DealOffer, LenderStipulation, LenderTerms
from protocol.deal.scenarios import Scenario
from protocol.deal.workflow import LIVE_STATUSES, Fulfilment, LenderStatus, Reason
from protocol.events import LenderDecided, StipulationCleared
from protocol.records import Actor, DealState
from server.database.core.scope import RowScope
from server.database.decisions.agreement.agreed import agreed_of, fall, is_guarded
from server.database.decisions.agreement.offers import adopt_offer, is_same, selected_offer
from server.database.decisions.deciding import Asked, Decided, LockedDeal, deciding
from server.database.decisions.edits.kept_scenarios import outdate
from server.database.decisions.edits.tasks import raise_adverse_action
from server.database.decisions.edits.terms import wrong_state

LENDERS_BYTES: Final = 32 * 1024
"""The most bytes that a deal's lender decisions may take in its snapshot."""

CLEARED_BYTES: Final = 200
"""The extra bytes of a stipulation once it is cleared."""

LENDERS: Final = """
(SELECT jsonb_agg(jsonb_build_object(
            'decision_id', l.decision_id, 'lender', l.lender, 'status', l.status, 'tier', l.tier,
            'rate_bp', l.rate_bp, 'advance_max_cents', l.advance_max_cents, 'term_months', l.term_months,
            'expires_at', l.expires_at, 'reasons', l.reasons, 'stipulations', coalesce(
                (SELECT jsonb_agg(jsonb_build_object('id', t.stipulation_id, 'text', t.text,
                                                     'cleared_by', t.cleared_by) ORDER BY t.place)
                   FROM lender_stipulations t WHERE t.decision_id = l.decision_id), '[]'))
        ORDER BY l.lender)
   FROM (SELECT DISTINCT ON (lender) * FROM lender_decisions
          WHERE lender_decisions.deal_id = d.deal_id ORDER BY lender, deal_version DESC) l
  WHERE l.status <> 'withdrawn')
"""
"""A query's expression: the last decision of each lender about the deal ``d``, as JSON; null for none."""


@dataclass(frozen=True, slots=True)
class NewDecision:
    """An incoming lender decision. Raises CommandError(invalid) if it is not whole."""

    terms: LenderTerms
    priced: DealOffer | None
    """The deal's selected offer under this decision; None if there is none, or nothing is feasible."""
    proposed: DealOffer | None = None
    """The desk's proposal under this decision, as ``priced``."""


def asked_for(terms: LenderTerms) -> Asked:
    """Return the content of a command that records a lender's decision, without its ids, which are new each
    time.
    """
    texts = [each.text for each in terms.stipulations]
    return ("lender_decision", replace(terms, decision_id="", stipulations=[]), texts)


def lender_terms(rows: list[dict[str, Any]] | None) -> tuple[LenderTerms, ...]:
    """Return what ``LENDERS`` selected."""
    return tuple(codec.convert(LenderTerms, row) for row in rows or ())


def live_terms(lenders: tuple[LenderTerms, ...], now: dt.datetime) -> tuple[LenderTerms, ...]:
    """Return the decisions that count at ``now``: a refusal always, an approval until it expires."""
    return tuple(
        each
        for each in lenders
        if each.status is LenderStatus.DECLINED
        or (each.status in LIVE_STATUSES and each.expires_at is not None and each.expires_at > now)
    )


def lenders_bytes(lenders: Sequence[LenderTerms]) -> int:
    """Return the bytes of decisions in a snapshot, with every stipulation cleared."""
    return sum(len(codec.encode(each)) + CLEARED_BYTES * len(each.stipulations) for each in lenders)


async def record_lender_decision(
    scope: RowScope,
    deal_id: str,
    *,
    op: uuid.UUID,
    version: int,
    decision: NewDecision,
    actor: Actor,
    today: dt.date,
) -> Decided:
    """Write a lender's decision; the selected offer is the one that was priced under it.

    If that changes the agreed figures, or an approved offer, the deal returns to working. A refusal requires
    an adverse action notice. Raises CommandError: not_found; conflict for an older version or a deal that is
    over; too_large for more than a deal keeps of its lenders.
    """
    terms = decision.terms
    async with deciding(scope, deal_id, op, actor, asked_for(terms)) as deal:
        if deal.repeated is not None:
            return deal.again()
        await deal.require_version(version)
        if deal.state is DealState.LOST or deal.fulfilment in {Fulfilment.FUNDED, Fulfilment.UNWOUND}:
            raise wrong_state(deal, "record a lender's decision on")
        at = deal.record(LenderDecided, decision=codec.plain(terms))
        await _insert(deal, terms, at)
        if lenders_bytes(await last_terms(deal)) > LENDERS_BYTES:
            raise _too_many()
        if deal.state is not DealState.SIGNED:
            await _reprice(deal, decision)

        async def why(scenario: Scenario, offer: DealOffer) -> Reason | None:
            # The deal's offer was priced under this decision: what is still the same is no older.
            stands = scenario.of_the_deal and decision.priced is not None
            return Reason.LENDER_CHANGED if offer.lender == terms.lender and not stands else None

        await outdate(deal, why)
        if terms.status is LenderStatus.DECLINED:
            await raise_adverse_action(deal, terms.reasons, today)
        return deal.decided(decision_id=terms.decision_id)


async def clear_stipulation(
    scope: RowScope, deal_id: str, stipulation_id: str, *, op: uuid.UUID, actor: Actor
) -> Decided:
    """Mark a stipulation as met; one that is already met stays unchanged. Raises CommandError(not_found)."""
    async with deciding(scope, deal_id, op, actor, ("clear_stipulation", stipulation_id)) as deal:
        if deal.repeated is not None:
            return deal.again()
        row = await deal.database.fetchrow(
            "SELECT stipulation_id, cleared_by FROM lender_stipulations JOIN lender_decisions"
            " USING (decision_id) WHERE deal_id = $1 AND stipulation_id::text = $2",
            deal.key,
            stipulation_id,
        )
        if row is None:
            raise CommandError(
                ErrorCode.NOT_FOUND, "This deal has no such stipulation.", field="stipulation_id"
            )
        if row["cleared_by"] is None:
            await deal.database.execute(
                "UPDATE lender_stipulations SET cleared_by = $2, cleared_at = now()"
                " WHERE stipulation_id = $1",
                row["stipulation_id"],
                codec.plain(actor),
            )
            deal.record(StipulationCleared, stipulation_id=stipulation_id)
        return deal.decided()


async def last_terms(deal: LockedDeal) -> tuple[LenderTerms, ...]:
    """Return the lenders' last decisions about a locked deal."""
    rows = await deal.database.fetchval(
        f"SELECT {LENDERS} FROM deals d WHERE deal_id = $1",  # noqa: S608 - a constant
        deal.key,
    )
    return lender_terms(rows)


async def _insert(deal: LockedDeal, terms: LenderTerms, version: int) -> None:
    await deal.database.execute(
        "INSERT INTO lender_decisions (decision_id, deal_id, deal_version, lender, status, tier, rate_bp,"
        " advance_max_cents, term_months, expires_at, reasons)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        uuid.UUID(terms.decision_id),
        deal.key,
        version,
        terms.lender,
        terms.status,
        terms.tier,
        terms.rate_bp,
        terms.advance_max_cents,
        terms.term_months,
        terms.expires_at,
        terms.reasons,
    )
    await deal.database.executemany(
        "INSERT INTO lender_stipulations (stipulation_id, decision_id, place, text) VALUES ($1, $2, $3, $4)",
        [
            (uuid.UUID(each.id), uuid.UUID(terms.decision_id), place, each.text)
            for place, each in enumerate(terms.stipulations)
        ],
    )


async def _reprice(deal: LockedDeal, decision: NewDecision) -> None:
    """Take the repriced offer. The deal returns to working if that changes what was agreed or proposed."""
    before, priced = await selected_offer(deal), decision.priced
    if before is None:
        return
    new = None if priced is None else figures_of(priced)
    if is_guarded(deal):
        agreed = agreed_of(deal, before)
        other = priced is None or not is_same(before, priced)
        if new != agreed or (other and deal.state is DealState.APPROVED):
            await fall(deal, Reason.LENDER_CHANGED, agreed, new)
        elif deal.proposal is not None:
            old = figures_of(deal.proposal.offer)
            proposed = None if decision.proposed is None else figures_of(decision.proposed)
            if proposed != old:
                await fall(deal, Reason.LENDER_CHANGED, old, proposed)
    if priced is not None:
        await adopt_offer(deal, priced, Reason.LENDER_CHANGED)


def _too_many() -> CommandError:
    return CommandError(
        ErrorCode.TOO_LARGE,
        "This deal has too many lenders and stipulations to show. Withdraw outdated decisions first.",
        field="lender",
    )


def stipulations_of(texts: list[str]) -> list[LenderStipulation]:
    """Return new stipulations with new ids."""
    return [LenderStipulation(id=str(uuid.uuid4()), text=text) for text in texts]
