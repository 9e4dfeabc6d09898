"""Preconditions of a deal's steps. Each refusal names what is in the way."""

from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import Approval, DealOffer, LenderTerms
from protocol.deal.structure import Structure, StructureChanges, still_pertinent
from protocol.deal.workflow import LIVE_STATUSES, Reason
from protocol.money.concession import Concession, concession_of, lacks_product_cost
from server.database.decisions.agreement.lenders import last_terms, live_terms
from server.database.decisions.agreement.offers import selected_offer
from server.database.decisions.deciding import LockedDeal
from server.database.decisions.edits.terms import revise

_LEASES_IN_FORCE = (
    "SELECT leases_version FROM lease_sheets WHERE effective_from <= $1 ORDER BY effective_from DESC LIMIT 1"
)


async def last_approval(deal: LockedDeal) -> Approval:
    """Return the desk's last approval."""
    row = await deal.database.fetchrow(
        "SELECT deal_version, vehicle_id::text, vehicle_rev AS rev, offer_id::text, rates_version AS rates,"
        " approved_by AS by FROM desk_approvals WHERE deal_id = $1 ORDER BY deal_version DESC LIMIT 1",
        deal.key,
    )
    if row is None:
        raise LookupError(f"deal {deal.key} is approved, but no approval is stored")
    return codec.convert(Approval, dict(row))


async def outdated(deal: LockedDeal, approval: Approval, rates: str) -> Reason | None:
    """Return why an approval is no longer valid; None if it is. The car is locked, so it does not change
    meanwhile. No rate sheet concerns a cash deal, and a lease the lease sheet.
    """
    car = await deal.database.fetchrow(
        "SELECT rev, status, price_cents FROM vehicles WHERE vehicle_id = $1 FOR NO KEY UPDATE",
        int(approval.vehicle_id),
    )
    if car is None or car["status"] != "available":
        return Reason.CAR_SOLD
    # From here on it is locked.
    deal.advertised_cents[approval.vehicle_id] = car["price_cents"]
    if car["rev"] != approval.rev:
        return Reason.CAR_CHANGED
    offer = await selected_offer(deal)
    if offer is not None and offer.cash is not UNSET:
        return None
    if offer is not None and offer.lease is not UNSET and offer.versions:
        in_force = await deal.database.fetchval(_LEASES_IN_FORCE, deal.at.date())
        return None if offer.versions.leases == in_force else Reason.RATES_CHANGED
    return None if approval.rates == rates else Reason.RATES_CHANGED


async def require_not_own(deal: LockedDeal) -> None:
    """Raise CommandError(forbidden) if the decider's own deal, or own submission, is decided about.

    A deal that the decider gave away after it was submitted is still their own.
    """
    row = await deal.database.fetchrow(
        "SELECT s.body->'by'->>'id' AS submitter,"
        " ARRAY(SELECT a.body->'from'->>'id' FROM deal_events a"
        "        WHERE a.deal_id = s.deal_id AND a.no > s.no AND a.kind = 'deal_assigned') AS former"
        "  FROM deal_events s"
        " WHERE s.deal_id = $1 AND s.kind = 'state_changed' AND s.body->>'to' = 'submitted'"
        " ORDER BY s.no DESC LIMIT 1",
        deal.key,
    )
    submitted_by = () if row is None else (row["submitter"], *row["former"])
    if deal.actor.id in {deal.salesperson_id, *submitted_by}:
        raise forbidden("You cannot decide on your own deal. Ask another manager.")


async def conceded(deal: LockedDeal, offer: DealOffer) -> Concession:
    """Return the concession of an offer of a locked deal, from the current structure and car."""
    advertised = deal.advertised_cents.get(offer.vehicle_id)
    if advertised is None:
        advertised = await deal.database.fetchval(
            "SELECT price_cents FROM vehicles WHERE vehicle_id = $1", int(offer.vehicle_id)
        )
    return concession_of(
        _asked(deal, offer),
        advertised_cents=offer.price_cents if advertised is None else advertised,
        discount_cents=offer.discount_cents,
    )


async def require_authority(deal: LockedDeal, offer: DealOffer | None, authority_cents: int) -> None:
    """Raise CommandError(forbidden) if the offer gives away more than the decider may; the field is its
    largest part.
    """
    if offer is None:
        return
    given = await conceded(deal, offer)
    if given.total_cents > authority_cents:
        parts = {
            "discount_cents": given.discount_cents,
            "price_cents": given.price_cut_cents,
            "trade_allowance_cents": given.over_allowance_cents,
            "rebate_cents": given.rebate_cents,
        }
        raise CommandError(
            ErrorCode.FORBIDDEN,
            f"This offer gives away {given.describe()}, more than your authority of"
            f" ${authority_cents / 100:,.2f}.",
            field=max(parts, key=lambda name: parts[name]),
            value=given.total_cents,
        )


def require_product_cost(deal: LockedDeal, offer: DealOffer, share_bp: float) -> None:
    """Raise CommandError(conflict) if products are sold whose cost is 0: then the NPV would count their whole
    price as gross. ``share_bp`` is the store's usual product cost.
    """
    structure = _asked(deal, offer)
    if lacks_product_cost(structure, share_bp):
        raise conflict(
            "The products have no cost, so their whole price counts as gross. Counter with their cost.",
            "products_cost_cents",
            structure.products_cost_cents,
        )


async def require_covered(deal: LockedDeal, offer: DealOffer) -> None:
    """Raise CommandError(conflict) if the offer gives away more than its last approval covered."""
    covered = await deal.database.fetchval(
        "SELECT concession_cents FROM desk_approvals WHERE deal_id = $1 ORDER BY deal_version DESC LIMIT 1",
        deal.key,
    )
    if covered is None or (await conceded(deal, offer)).total_cents > covered:
        raise conflict(
            "This offer gives away more than the approval covers. Reopen the deal and submit it again.",
            "approval",
            None,
        )


def _asked(deal: LockedDeal, offer: DealOffer) -> Structure:
    """Return the structure that an offer was priced with: the deal's, with the quote's own changes."""
    changes = codec.convert(StructureChanges, offer.changes)
    return revise(deal.structure, still_pertinent(changes, deal.structure))


async def require_lender(deal: LockedDeal, offer: DealOffer) -> None:
    """Raise CommandError(conflict) unless the offer's lender approves it and the approval has not expired.

    A cash deal has no lender.
    """
    if offer.cash is not UNSET:
        return
    now = await deal.database.fetchval("SELECT now()")
    live = [each for each in live_terms(await last_terms(deal), now) if each.lender == offer.lender]
    if not live or live[0].status not in LIVE_STATUSES:
        raise conflict(
            f"{offer.lender} has no current approval for this deal. Record its decision first.",
            "lender",
            offer.lender,
        )
    _require_fit(offer, live[0])


async def require_cleared(deal: LockedDeal) -> None:
    """Raise CommandError(conflict) unless the offer's lender still approves it and has no open stipulation.

    What it decided since the signature counts. An expired approval is fine here: it was valid when the deal
    was signed. A cash deal has no lender.
    """
    offer = await selected_offer(deal)
    if offer is not None and offer.cash is not UNSET:
        return
    lender = None if offer is None or not isinstance(offer.lender, str) else offer.lender
    last = next((each for each in await last_terms(deal) if each.lender == lender), None)
    if last is None or last.status not in LIVE_STATUSES:
        raise conflict(f"{lender or 'The lender'} no longer approves this deal.", "lender", lender)
    if offer is not None:
        _require_fit(offer, last)
    open_ones = [each.text for each in last.stipulations if each.cleared_by is None]
    if open_ones:
        raise conflict(f"Clear these stipulations first: {', '.join(open_ones)}.", "stipulations", open_ones)


def require_payer(offer: DealOffer | None, reason: Reason) -> None:
    """Raise CommandError(invalid) if a lender is said to have paid a deal that has none."""
    if reason is Reason.LENDER_PAID and offer is not None and offer.cash is not UNSET:
        raise CommandError(
            ErrorCode.INVALID,
            f"reason: expected {Reason.CUSTOMER_PAID}, because a cash deal has no lender",
            field="reason",
            expected=[str(Reason.CUSTOMER_PAID)],
        )


def _require_fit(offer: DealOffer, terms: LenderTerms) -> None:
    """Raise CommandError(conflict) unless the offer is within what its lender approved."""
    is_lease = offer.lease is not UNSET
    fits = (
        offer.principal_cents <= (terms.advance_max_cents or 0)
        and offer.term_months <= (terms.term_months or 0)
        # The money factor of a lease is that of its programme.
        and (is_lease or offer.rate_bp >= (terms.rate_bp or 0))
    )
    if not fits:
        raise conflict(
            f"{offer.lender} approved different terms. Match them, or record a new decision.",
            "lender",
            offer.lender,
        )


def forbidden(message: str) -> CommandError:
    """Return the refusal for a person without the right."""
    return CommandError(ErrorCode.FORBIDDEN, message, field="type")


def conflict(message: str, field: str, value: object) -> CommandError:
    """Return the refusal of something that is impossible now; ``field`` names the cause."""
    return CommandError(ErrorCode.CONFLICT, message, field=field, value=value)
