"""The commands about what a customer is shown, for people of the store and for customers by their link."""

from msgspec import UNSET
from msgspec.structs import replace

from protocol import codec, commands
from protocol.closing import CommandError, ErrorCode
from protocol.deal.presenting import CellFigures, Presentation, PresentationReply, ShareReply, ShownCell
from protocol.records import View
from server.database.core.scope import StoreScopes
from server.database.deals.deals import Deal
from server.database.decisions.edits import presenting
from server.database.people.offer_links import LinkSecrets, hash_of
from server.database.people.security_events import Note, SecurityKind
from server.hub.commands.desk_answers import DeskAnswers
from server.hub.commands.presenting.liking import acceptance_of, cell_of
from server.hub.commands.presenting.presentations import Presentations
from server.hub.commands.registration import handles
from server.hub.connections.authority import Authority, actor_of, view_of
from server.hub.connections.connection import Connection

OFFER_PATH = "/offer"
ATTEMPTS = 3
"""How often a deal may change while its presentation is computed for an acceptance."""

_CHANGED = "These figures have changed. Look at the new ones, then accept them if you like."


class PresentingHandlers:
    """What the commands about presenting do."""

    def __init__(
        self,
        *,
        stores: StoreScopes,
        authority: Authority,
        answers: DeskAnswers,
        presentations: Presentations,
        secrets: LinkSecrets,
        note: Note,
    ) -> None:
        self._stores = stores
        self._authority = authority
        self._answers = answers
        self._presentations = presentations
        self._secrets = secrets
        self._note = note

    @handles(commands.ShowPresentation)
    async def show(self, connection: Connection, command: commands.ShowPresentation) -> None:
        """Say what the customer is shown."""
        deal = await self._authority.deal(connection.account, command)
        reply = await self._presentations.show(deal.id, deal.store_id, connection.account.id)
        connection.reply(command.ref, codec.plain(reply))

    @handles(commands.PresentOffer)
    async def present(self, connection: Connection, command: commands.PresentOffer) -> None:
        """Choose what the customer is shown."""
        deal = await self._deal(connection, command)
        wanted = _presentation(command)
        asked = presenting.asked_for(wanted)
        checking = self._check(deal, connection.account.id, wanted)
        if not await self._answers.unless_answered(connection, command, deal, asked, checking):
            return
        decided = await presenting.change_presentation(
            self._stores.of(deal.store_id), deal.id, wanted, op=command.op, actor=actor_of(connection.account)
        )
        await self._answers.tell(connection, command, decided)

    @handles(commands.Share)
    async def share(self, connection: Connection, command: commands.Share) -> None:
        """Make a link. Its token is in the answer, and nowhere else."""
        deal = await self._deal(connection, command)
        token, *others = self._secrets.tokens(deal.id, command.op, connection.account.id)
        try:
            await self._share(connection, command, deal, token)
        except presenting.OtherToken:
            # The secret is being replaced, and the answer of a process that has the other one was lost.
            if not others:
                raise
            await self._share(connection, command, deal, others[0])

    async def _share(self, connection: Connection, command: commands.Share, deal: Deal, token: str) -> None:
        account = connection.account
        path = f"{OFFER_PATH}#{token}"
        # Before the link is made: if nobody can draw its code now, there is none.
        page = connection.origin
        drawn = await self._presentations.code_of(account, page + path) if page else UNSET
        decided = await presenting.share_link(
            self._stores.of(deal.store_id),
            deal.id,
            presenting.NewLink(command.hours, hash_of(token)),
            op=command.op,
            actor=actor_of(account),
        )
        if decided.changed:
            detail = {"link": decided.reply["link_id"], "hours": command.hours}
            self._note(connection.happened(SecurityKind.OFFER_SHARED, deal_id=deal.id, detail=detail))
        reply = replace(codec.convert(ShareReply, {**decided.reply, "path": path}), qr=drawn)
        await self._answers.tell_as(connection, command, decided, codec.plain(reply))

    @handles(commands.Unshare)
    async def unshare(self, connection: Connection, command: commands.Unshare) -> None:
        """Revoke a link. Postgres tells the process that serves its page."""
        deal = await self._deal(connection, command)
        decided = await presenting.revoke_link(
            self._stores.of(deal.store_id),
            deal.id,
            command.link_id,
            op=command.op,
            actor=actor_of(connection.account),
        )
        if decided.changed:
            detail = {"link": command.link_id}
            self._note(connection.happened(SecurityKind.OFFER_REVOKED, deal_id=deal.id, detail=detail))
        await self._answers.tell(connection, command, decided)

    @handles(commands.Like)
    async def like(self, connection: Connection, command: commands.Like) -> None:
        """Record what the customer likes; again if the deal changed in between."""
        actor = actor_of(connection.account)
        for _ in range(ATTEMPTS):
            deal = await self._authority.deal(connection.account, command)
            asked = ("like", codec.plain(command.figures), *_place_of(command))
            pricing = self._liked(connection, command, deal)
            found = await self._answers.unless_answered(connection, command, deal, asked, pricing)
            if found is None:
                return
            shown, _ = found
            acceptance = acceptance_of(
                shown,
                command,
                actor,
                link_id=None if connection.link is None else connection.link.link_id,
                address_digest=self._secrets.address(connection.address),
            )
            liked = presenting.Liked(shown.version, acceptance, asked)
            try:
                decided = await presenting.accept(
                    self._stores.of(deal.store_id), deal.id, liked, op=command.op, actor=actor
                )
            except presenting.StalePresentation:
                continue
            await self._answers.tell(connection, command, decided)
            return
        raise CommandError(ErrorCode.BUSY, "The deal is being changed right now. Try again.")

    async def _deal(self, connection: Connection, command: commands.ChangeCommand) -> Deal:
        """Return the deal of a command that is not for the customer's view. Raises as ``Authority.deal``, and
        CommandError(forbidden).
        """
        deal = await self._authority.deal(connection.account, command)
        if view_of(connection, command.channel) is View.CUSTOMER:
            raise CommandError(
                ErrorCode.FORBIDDEN, "Leave the customer's view before you do this.", field="view"
            )
        return deal

    async def _check(self, deal: Deal, asker_id: str, wanted: Presentation | None) -> bool:
        """Compute what would be shown, so that whoever chooses it learns what is not available."""
        reply = await self._presentations.show(
            deal.id, deal.store_id, asker_id, instead=wanted or Presentation()
        )
        if wanted is not None and set(wanted.vehicle_ids) & set(reply.missing):
            raise CommandError(
                ErrorCode.NOT_FOUND,
                "A car is not for sale in your group, or is not available in any of these ways.",
                field="vehicle_ids",
            )
        return True

    async def _liked(
        self, connection: Connection, command: commands.Like, deal: Deal
    ) -> tuple[PresentationReply, ShownCell]:
        """Return the presentation with the cell that the customer likes. Raises CommandError(conflict) with
        the current figures if they are not those that the customer saw.
        """
        shown = await self._presentations.show(deal.id, deal.store_id, connection.account.id)
        cell = cell_of(shown, command)
        if cell is None or cell.figures != command.figures:
            now: CellFigures | None = None if cell is None else cell.figures
            raise CommandError(
                ErrorCode.CONFLICT,
                _CHANGED,
                field="figures",
                figures=None if now is None else codec.plain(now),
            )
        return shown, cell


def _presentation(command: commands.PresentOffer) -> Presentation | None:
    """Return what a command asks to show; None if it leaves all to the deal. Raises CommandError(invalid)."""
    for field in ("vehicle_ids", "cash_down_cents", "terms_months", "kinds"):
        values = getattr(command, field)
        if len(set(values)) < len(values):
            raise CommandError(ErrorCode.INVALID, f"{field}: expected each value once", field=field)
    wanted = Presentation(
        vehicle_ids=command.vehicle_ids,
        cash_down_cents=sorted(command.cash_down_cents),
        terms_months=sorted(command.terms_months),
        kinds=command.kinds,
    )
    return None if wanted == Presentation() else wanted


def _place_of(command: commands.Like) -> tuple[object, ...]:
    return command.vehicle_id, command.kind, command.term_months, command.cash_down_cents
