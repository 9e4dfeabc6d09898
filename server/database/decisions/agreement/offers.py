"""Offers that people selected or pinned, each with the versions that reproduce it."""

import uuid
from decimal import Decimal
from typing import Any

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import figures_of
from protocol.deal.deal_parts import DealOffer
from protocol.deal.scenarios import same_figures
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import SELECTABLE, Reason
from protocol.events import OfferPinned, OfferSelected, OfferUnpinned
from protocol.records import Actor, DealState
from server.database.core.one_row import one_row
from server.database.core.scope import RowScope
from server.database.decisions.agreement.agreed import agreed_of, fall
from server.database.decisions.deciding import Asked, Decided, LockedDeal, deciding
from server.database.decisions.edits.claims import touch_claim
from server.database.decisions.edits.terms import check_unlocked, fields_set, wrong_state

MAX_PINS = 20
PINS_BYTES = 30 * 1024
"""The most bytes that a deal's pinned offers may take in its snapshot."""

_INSERT = """
INSERT INTO offers (offer_id, deal_id, deal_version, vehicle_id, vehicle_rev, rates_version, programme_id,
                    tier, term_months, risk_version, tax_version, engine_version, structure, rate_bp,
                    cash_down_cents, discount_cents, principal_cents, payment_cents, npv_cents,
                    stress_npv_cents, body, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
"""


class StaleOffer(Exception):
    """The deal changed between pricing and storing: price again."""


async def select_offer(
    scope: RowScope, deal_id: str, *, op: uuid.UUID, offer: DealOffer, actor: Actor
) -> Decided:
    """Make ``offer`` the deal's offer. A different offer returns a countered or approved deal to working.

    Raises StaleOffer; CommandError: not_found, conflict for a state in which no offer can be selected,
    locked.
    """
    async with deciding(scope, deal_id, op, actor, asked_with("select", offer)) as deal:
        if deal.repeated is not None:
            return deal.again()
        if deal.state not in SELECTABLE:
            raise wrong_state(deal, "select another offer for")
        await _check(deal, offer)
        before = await selected_offer(deal)
        if deal.state is not DealState.WORKING and before is not None and not is_same(before, offer):
            await fall(deal, Reason.OFFER_CHANGED, agreed_of(deal, before), figures_of(offer))
        await adopt_offer(deal, offer)
        return deal.decided()


async def pin_offer(
    scope: RowScope, deal_id: str, *, op: uuid.UUID, offer: DealOffer, actor: Actor
) -> Decided:
    """Pin ``offer``, in place of an earlier one of its car.

    Raises StaleOffer; CommandError: not_found, conflict for a deal that is over, locked, too_large.
    """
    async with deciding(scope, deal_id, op, actor, asked_with("pin", offer)) as deal:
        if deal.repeated is not None:
            return deal.again()
        _require_open(deal)
        await _check(deal, offer)
        await _require_room(deal, offer)
        await store_offer(deal, offer)
        await deal.database.execute(
            "INSERT INTO deal_pins (deal_id, vehicle_id, offer_id) VALUES ($1, $2, $3)"
            " ON CONFLICT (deal_id, vehicle_id) DO UPDATE SET offer_id = $3, pinned_at = now()",
            deal.key,
            int(offer.vehicle_id),
            uuid.UUID(offer.offer_id),
        )
        deal.record(OfferPinned, vehicle_id=offer.vehicle_id, offer=codec.plain(offer))
        await touch_claim(deal.database, int(offer.vehicle_id))
        return deal.decided()


async def unpin_offer(
    scope: RowScope, deal_id: str, vehicle_id: int, *, op: uuid.UUID, actor: Actor
) -> Decided:
    """Keep the offer of a car in sight no longer; if there is none, nothing happens."""
    async with deciding(scope, deal_id, op, actor, ("unpin", vehicle_id)) as deal:
        if deal.repeated is not None:
            return deal.again()
        offer = await deal.database.fetchval(
            "DELETE FROM deal_pins p USING offers o"
            " WHERE p.deal_id = $1 AND p.vehicle_id = $2 AND o.offer_id = p.offer_id RETURNING o.body",
            deal.key,
            vehicle_id,
        )
        if offer is not None:
            deal.record(OfferUnpinned, vehicle_id=str(vehicle_id), offer=offer)
            await touch_claim(deal.database, vehicle_id)
        return deal.decided()


def asked_for(command: str, vehicle_id: str, changes: dict[str, Any], programme_id: str | None) -> Asked:
    """Return the content of a ``select`` or ``pin``."""
    return (command, vehicle_id, changes, programme_id)


def asked_with(command: str, offer: DealOffer) -> Asked:
    """Return the content of a ``select`` or ``pin``, from the resulting offer."""
    return asked_for(command, offer.vehicle_id, offer.changes, offer.asked_programme_id or None)


async def adopt_offer(deal: LockedDeal, offer: DealOffer, reason: Reason | None = None) -> bool:
    """Make ``offer`` the selected one of a locked deal unless it is the same; return whether it differs."""
    before = await selected_offer(deal)
    if before is not None and is_same(before, offer):
        return False
    await _adopt(deal, before, offer, reason)
    return True


async def _adopt(deal: LockedDeal, before: DealOffer | None, offer: DealOffer, reason: Reason | None) -> None:
    await store_offer(deal, offer)
    await deal.database.execute(
        "UPDATE deals SET selected_offer = $2, used_scenario = CASE WHEN $3 THEN used_scenario END"
        " WHERE deal_id = $1",
        deal.key,
        uuid.UUID(offer.offer_id),
        same_figures(before, offer),
    )
    deal.selected_offer, deal.offer = uuid.UUID(offer.offer_id), offer
    more = {} if reason is None else {"reason": reason}
    deal.record(OfferSelected, vehicle_id=offer.vehicle_id, offer=codec.plain(offer), **more)
    cars = [offer.vehicle_id, *([before.vehicle_id] if before else [])]
    await touch_claim(deal.database, *map(int, cars))


async def adopt_as_priced(deal: LockedDeal, offer: DealOffer, reason: Reason | None = None) -> None:
    """Make ``offer`` the selected one of a locked deal also if only its value to the group differs.

    Who submits or approves a deal decides about its value as it is then: an appraisal of the trade, or a
    product's cost, changes it and none of the customer's figures.
    """
    before = await selected_offer(deal)
    if before is None or _value_of(before) != _value_of(offer) or not is_same(before, offer):
        await _adopt(deal, before, offer, reason)


async def selected_offer(deal: LockedDeal) -> DealOffer | None:
    """Return the selected offer of a locked deal."""
    if deal.selected_offer is None:
        return None
    if deal.offer is None:
        body = await deal.database.fetchval(
            "SELECT body FROM offers WHERE offer_id = $1", deal.selected_offer
        )
        deal.offer = codec.convert(DealOffer, body)
    return deal.offer


def is_same(one: DealOffer, other: DealOffer) -> bool:
    """Return whether two offers are the same to customer and lender, whenever they were priced.

    An offer's value to the group changes with each day in stock; that does not make it a different offer.
    """
    return _terms_of(one) == _terms_of(other)


def _terms_of(offer: DealOffer) -> tuple[object, ...]:
    versions = offer.versions
    return (
        *(offer.vehicle_id, offer.rev, offer.price_cents, offer.payment_cents, offer.term_months),
        *(offer.rate_bp, offer.cash_down_cents, offer.discount_cents, offer.principal_cents),
        *(offer.programme_id, offer.lender, offer.tier, offer.changes, offer.cash, offer.lease),
        *((versions.rates, versions.tax) if versions else ()),
    )


def _value_of(offer: DealOffer) -> tuple[object, ...]:
    return (offer.npv_cents, offer.stress_npv_cents, offer.incomplete)


async def _check(deal: LockedDeal, offer: DealOffer) -> None:
    """Raise StaleOffer if the offer was priced with other terms, CommandError(locked) if it may not."""
    if offer.deal_version != deal.version and await _terms_moved(deal, offer.deal_version):
        raise StaleOffer
    check_unlocked(deal, fields_set(deal.structure, codec.convert(StructureChanges, offer.changes)))


async def _terms_moved(deal: LockedDeal, since: int) -> bool:
    moved = await deal.database.fetchval(
        "SELECT EXISTS (SELECT FROM deal_events WHERE deal_id = $1 AND (body->>'version')::bigint > $2"
        " AND kind IN ('deal_changed', 'lender_decided', 'customer_changed'))",
        deal.key,
        since,
    )
    return bool(moved)


def _require_open(deal: LockedDeal) -> None:
    if deal.state in {DealState.SIGNED, DealState.LOST}:
        raise wrong_state(deal, "pin or select offers for")


async def _require_room(deal: LockedDeal, offer: DealOffer) -> None:
    """Raise CommandError(too_large) unless ``offer`` can be pinned together with those of other cars."""
    pinned, size = await one_row(
        deal.database,
        "SELECT count(*), coalesce(sum(octet_length(o.body::text)), 0)"
        "  FROM deal_pins p JOIN offers o USING (offer_id) WHERE p.deal_id = $1 AND p.vehicle_id <> $2",
        deal.key,
        int(offer.vehicle_id),
    )
    if pinned >= MAX_PINS or size + len(codec.encode(offer)) > PINS_BYTES:
        raise CommandError(
            ErrorCode.TOO_LARGE,
            f"At most {MAX_PINS} cars can be pinned. Unpin one first.",
            field="vehicle_id",
        )


async def store_offer(deal: LockedDeal, offer: DealOffer) -> None:
    """Store an offer of a locked deal. Raises ValueError for one that a view has cut."""
    versions = offer.versions
    whole = isinstance(offer.npv_cents, int) and isinstance(offer.stress_npv_cents, int)
    if not versions or not (whole or offer.incomplete):
        raise ValueError("an offer must be stored in full, not as a view shows it")
    await deal.database.execute(
        _INSERT,
        uuid.UUID(offer.offer_id),
        deal.key,
        offer.deal_version,
        int(offer.vehicle_id),
        offer.rev,
        versions.rates,
        offer.programme_id or None,
        offer.tier,
        offer.term_months,
        versions.risk,
        versions.tax,
        versions.engine,
        codec.plain(deal.structure),
        Decimal(str(offer.rate_bp)),
        offer.cash_down_cents,
        offer.discount_cents,
        offer.principal_cents,
        offer.payment_cents,
        offer.npv_cents if whole else None,
        offer.stress_npv_cents if whole else None,
        codec.plain(offer),
        uuid.UUID(deal.actor.id),
    )
