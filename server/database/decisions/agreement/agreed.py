"""The price guard: nothing changes the agreed figures of a deal in silence."""

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import GUARDED, AgreedFigures, Contract, FiguresChange, Proposal, figures_of
from protocol.deal.deal_parts import DealOffer
from protocol.deal.workflow import Reason
from protocol.disclosures import TEXT_VERSION
from protocol.records import DealState, Versions
from server.database.decisions.deciding import LockedDeal
from server.database.decisions.edits.terms import Step, move

_PENCIL = """
SELECT p.versions, p.answer - '{schedule,stipulations}'::text[] AS quote, c.name AS customer
  FROM pencils p JOIN deals d USING (deal_id) JOIN customers c USING (customer_id)
 WHERE p.deal_id = $1 AND p.pencil_id::text = $2
"""


def is_guarded(deal: LockedDeal) -> bool:
    """Return whether a change of the deal's agreed figures returns it to working."""
    return deal.state in GUARDED


async def fall(deal: LockedDeal, reason: Reason, old: AgreedFigures, new: AgreedFigures | None) -> None:
    """Return a guarded deal to working: ``old`` became ``new``, because of ``reason``."""
    await move(deal, DealState.WORKING, reason, Step(figures=FiguresChange(old=old, new=new)))


def agreed_of(deal: LockedDeal, offer: DealOffer) -> AgreedFigures:
    """Return the agreed figures of a locked deal; ``offer`` is its selected offer.

    A process of an older release submits deals without them: they agreed on their offer.
    """
    return deal.agreed or figures_of(offer)


def require_seen(
    seen: AgreedFigures | None, current: AgreedFigures | None, *, field: str = "figures"
) -> None:
    """Raise CommandError(conflict) with both if a person decided on other figures than the current ones."""
    if seen is not None and seen != current:
        raise changed_figures(field, seen, current)


def changed_figures(field: str, seen: AgreedFigures, current: AgreedFigures | None) -> CommandError:
    """Return the refusal of a decision about figures that are not the current ones."""
    return CommandError(
        ErrorCode.CONFLICT,
        "The figures changed. Review the new ones and try again.",
        field=field,
        seen=codec.plain(seen),
        value=None if current is None else codec.plain(current),
    )


def proposed(deal: LockedDeal, offer: DealOffer, made: DealOffer, reason: Reason) -> Proposal:
    """Return the desk's proposal ``made`` in place of the selected ``offer``."""
    return Proposal(
        offer=made,
        figures=FiguresChange(old=agreed_of(deal, offer), new=figures_of(made)),
        reason=reason,
        by=deal.actor,
        at=deal.at,
    )


async def contract_of(deal: LockedDeal, offer: DealOffer) -> Contract | None:
    """Return the contract of the offer that is signed, from its stored pencil; None if it has none."""
    if not isinstance(offer.pencil_id, str):
        return None
    row = await deal.database.fetchrow(_PENCIL, deal.key, offer.pencil_id)
    if row is None:
        return None
    return Contract(
        pencil_id=offer.pencil_id,
        vehicle_id=offer.vehicle_id,
        rev=offer.rev,
        car=offer.car,
        figures=agreed_of(deal, offer),
        quote=row["quote"],
        versions=codec.convert(Versions, row["versions"]),
        signed_by=deal.actor,
        signed_at=deal.at,
        customer=row["customer"],
        text_version=TEXT_VERSION,
    )
