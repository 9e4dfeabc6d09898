"""What a deal shows to its customer, the links to it, and what the customer accepts.

None of these decisions moves the deal's version: a link voids no approval.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.presenting import MAX_LINKS, Acceptance, OfferLink, Presentation
from protocol.events import CustomerAccepted, LinkOpened, LinkRevoked, LinkShared, PresentationChanged
from protocol.records import Actor, DealState
from server.clock import wire_time
from server.database.core.scope import RowScope
from server.database.decisions.deciding import Asked, Decided, deciding, parse_id
from server.database.decisions.edits.terms import wrong_state

OVER: Final = frozenset({DealState.SIGNED, DealState.LOST})
"""The states of a deal in which nothing more can be accepted."""

OPENED_AGAIN: Final = dt.timedelta(minutes=1)
"""A page that is opened again within this time is the same visit."""

MAX_ACCEPTANCES: Final = 50
"""The most acceptances of one link, and of a deal on the store's own screens."""

_OTHER_TOKEN: Final = "This link was made before the server's secret changed. Make a new link."  # noqa: S105 - a sentence


class StalePresentation(Exception):
    """The deal changed since its presentation was computed."""


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to be made: for how long, and the hash of its token."""

    hours: int
    token_hash: bytes


@dataclass(frozen=True, slots=True)
class Liked:
    """What was accepted of the presentation of a deal's version. ``acceptance`` has no id and no time yet;
    ``asked`` is the command.
    """

    version: int
    acceptance: Acceptance
    asked: Asked


def asked_for(presentation: Presentation | None) -> Asked:
    """Return the command that sets what the customer is shown, as ``deciding`` stores it."""
    return ("present", None if presentation is None else codec.plain(presentation))


async def change_presentation(
    scope: RowScope, deal_id: str, presentation: Presentation | None, *, op: uuid.UUID, actor: Actor
) -> Decided:
    """Set what the customer is shown, None for the deal's own offer. Raises CommandError(not_found)."""
    plain = None if presentation is None else codec.plain(presentation)
    async with deciding(scope, deal_id, op, actor, asked_for(presentation)) as deal:
        if deal.repeated is not None:
            return deal.again()
        changed = await deal.database.fetchval(
            "UPDATE deals SET presentation = $2 WHERE deal_id = $1 AND presentation IS DISTINCT FROM $2"
            " RETURNING true",
            deal.key,
            plain,
        )
        if changed:
            deal.remark(PresentationChanged, presentation=plain)
        return deal.answered({})


class OtherToken(CommandError):
    """A repeated op made a link whose token another secret derived."""


async def share_link(scope: RowScope, deal_id: str, link: NewLink, *, op: uuid.UUID, actor: Actor) -> Decided:
    """Make a link; the answer is ``{link_id, expires_at}``.

    Raises CommandError: not_found; conflict for a deal that is over or has MAX_LINKS live links; OtherToken.
    """
    async with deciding(scope, deal_id, op, actor, ("share", link.hours)) as deal:
        if deal.repeated is not None:
            stored = await deal.database.fetchval(
                "SELECT token_hash FROM deal_links WHERE link_id = $1", uuid.UUID(deal.repeated["link_id"])
            )
            if stored != link.token_hash:
                raise OtherToken(ErrorCode.CONFLICT, _OTHER_TOKEN, field="op")
            return deal.again()
        if deal.state in OVER:
            raise wrong_state(deal, "share")
        live = await deal.database.fetchval(
            "SELECT count(*) FROM deal_links"
            " WHERE deal_id = $1 AND revoked_at IS NULL AND expires_at > now()",
            deal.key,
        )
        if live >= MAX_LINKS:
            raise CommandError(
                ErrorCode.CONFLICT,
                f"This deal has {MAX_LINKS} links already. Revoke one first.",
                field="channel",
            )
        link_id, expires_at = uuid.uuid4(), deal.at + dt.timedelta(hours=link.hours)
        await deal.database.execute(
            "INSERT INTO deal_links (link_id, deal_id, token_hash, made_by, made_at, expires_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            *(link_id, deal.key, link.token_hash, codec.plain(actor), deal.at, expires_at),
        )
        made = OfferLink(id=str(link_id), by=actor, at=deal.at, expires_at=expires_at)
        deal.remark(LinkShared, link=codec.plain(made))
        return deal.answered({"link_id": made.id, "expires_at": codec.plain(made)["expires_at"]})


async def revoke_link(scope: RowScope, deal_id: str, link_id: str, *, op: uuid.UUID, actor: Actor) -> Decided:
    """Revoke a link; one that is over stays so. Raises CommandError(not_found)."""
    async with deciding(scope, deal_id, op, actor, ("unshare", link_id)) as deal:
        if deal.repeated is not None:
            return deal.again()
        key = parse_id(link_id)
        found = await deal.database.fetchval(
            "SELECT true FROM deal_links WHERE deal_id = $1 AND link_id = $2", deal.key, key
        )
        if not found:
            raise CommandError(ErrorCode.NOT_FOUND, "This deal has no such link.", field="link_id")
        revoked = await deal.database.fetchval(
            "UPDATE deal_links SET revoked_at = now()"
            " WHERE link_id = $1 AND revoked_at IS NULL RETURNING true",
            key,
        )
        if revoked:
            deal.remark(LinkRevoked, link_id=link_id)
        return deal.answered({})


async def open_link(scope: RowScope, deal_id: str, link_id: str, actor: Actor) -> Decided:
    """Note that the customer opened a link, unless this is the same visit. Raises CommandError(not_found)."""
    async with deciding(scope, deal_id, uuid.uuid4(), actor, ("open", link_id)) as deal:
        opens = await deal.database.fetchval(
            "UPDATE deal_links SET opens = opens + 1, last_opened_at = now()"
            " WHERE link_id = $1 AND revoked_at IS NULL"
            "   AND (last_opened_at IS NULL OR last_opened_at <= now() - $2::interval) RETURNING opens",
            uuid.UUID(link_id),
            OPENED_AGAIN,
        )
        if opens:
            deal.remark(LinkOpened, link_id=link_id, opens=opens, opened_at=wire_time(deal.at))
        return deal.answered({})


async def accept(scope: RowScope, deal_id: str, liked: Liked, *, op: uuid.UUID, actor: Actor) -> Decided:
    """Record what the customer accepts; the answer is ``{acceptance_id}``.

    The same structure, accepted again from the same place, is the same acceptance. Raises CommandError:
    not_found; conflict for a deal that is over; too_large beyond MAX_ACCEPTANCES. Raises StalePresentation.
    """
    async with deciding(scope, deal_id, op, actor, liked.asked) as deal:
        if deal.repeated is not None:
            return deal.again()
        if deal.state in OVER:
            raise wrong_state(deal, "accept")
        if deal.version != liked.version:
            raise StalePresentation
        link = liked.acceptance.link_id
        link_id = uuid.UUID(link) if isinstance(link, str) else None
        before = await deal.database.fetch(
            "SELECT acceptance_id::text, body FROM deal_acceptances"
            " WHERE deal_id = $1 AND link_id IS NOT DISTINCT FROM $2 ORDER BY at DESC, acceptance_id",
            deal.key,
            link_id,
        )
        body = _body(liked.acceptance)
        if before and _structure(before[0]["body"]) == _structure(body):
            return deal.answered({"acceptance_id": before[0]["acceptance_id"]})
        if len(before) >= MAX_ACCEPTANCES:
            raise CommandError(
                ErrorCode.TOO_LARGE,
                f"{MAX_ACCEPTANCES} choices were recorded here, the most that may be. Use a new link.",
                field="figures",
            )
        made = msgspec.structs.replace(liked.acceptance, id=str(uuid.uuid4()), at=deal.at)
        await deal.database.execute(
            "INSERT INTO deal_acceptances (acceptance_id, deal_id, at, link_id, body)"
            " VALUES ($1, $2, $3, $4, $5)",
            *(uuid.UUID(made.id), deal.key, deal.at, link_id, body),
        )
        deal.remark(CustomerAccepted, acceptance=codec.plain(made))
        return deal.answered({"acceptance_id": made.id})


def _body(acceptance: Acceptance) -> dict[str, Any]:
    return {name: value for name, value in codec.plain(acceptance).items() if name not in {"id", "at"}}


def _structure(body: dict[str, Any]) -> list[Any]:
    """Return what was accepted, without where and by whom."""
    names = ("vehicle_id", "kind", "term_months", "cash_down_cents", "figures", "text_version", "version")
    return [body.get(name) for name in (*names, "by")]
