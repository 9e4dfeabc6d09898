"""The commands about a car of a deal: select, pin, hold, and back. Each decides in Postgres, and tells it."""

from protocol import codec, commands
from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import DealOffer
from server.database.core.scope import RowScope, StoreScopes
from server.database.deals.deals import Deal
from server.database.decisions.agreement import offers, overrides
from server.database.decisions.edits import claims
from server.database.people.users import Account
from server.hub.commands.desk_answers import Decide, DeskAnswers
from server.hub.commands.quoting.quotes import Quotes
from server.hub.commands.quoting.refusals import vehicle_number
from server.hub.commands.registration import handles
from server.hub.connections.authority import Authority, actor_of, view_of
from server.hub.connections.connection import Connection
from server.hub.sight.asking import not_here, unaskable_fields
from server.hub.sight.questions import Questions, check_conceded, check_trades
from server.hub.sight.sight import Sight, sight_of
from server.hub.upkeep.relay import Relay

PRICING_ATTEMPTS = 3


class OfferHandlers:
    """What the commands about a deal's cars do."""

    def __init__(
        self,
        *,
        stores: StoreScopes,
        system: RowScope,
        authority: Authority,
        relay: Relay,
        answers: DeskAnswers,
        quotes: Quotes,
        questions: Questions,
    ) -> None:
        self._stores = stores
        self._system = system
        self._authority = authority
        self._relay = relay
        self._answers = answers
        self._quotes = quotes
        self._questions = questions

    @handles(commands.Select)
    async def select(self, connection: Connection, command: commands.Select) -> None:
        """Make an offer the deal's."""
        await self._give_offer(connection, command, offers.select_offer)

    @handles(commands.Pin)
    async def pin(self, connection: Connection, command: commands.Pin) -> None:
        """Pin an offer."""
        await self._give_offer(connection, command, offers.pin_offer)

    @handles(commands.Unpin)
    async def unpin(self, connection: Connection, command: commands.Unpin) -> None:
        """Unpin an offer."""
        await self._about_car(connection, command, offers.unpin_offer)

    @handles(commands.Hold)
    async def hold(self, connection: Connection, command: commands.Hold) -> None:
        """Hold a car."""
        await self._about_car(connection, command, claims.hold_vehicle)

    @handles(commands.Release)
    async def release(self, connection: Connection, command: commands.Release) -> None:
        """Release a car; a manager may also release one of their store that another deal holds."""
        try:
            await self._about_car(connection, command, claims.release_vehicle)
            return
        except claims.HeldElsewhere:
            deal = await self._authority.deal(connection.account, command)
        decided, others = await overrides.end_other_holds(
            self._system,
            deal.id,
            vehicle_number(command.vehicle_id),
            op=command.op,
            actor=actor_of(connection.account),
        )
        for changed in (decided, *others):
            await self._relay.tell(changed)
        connection.reply(command.ref, decided.reply)

    async def _give_offer(
        self, connection: Connection, command: commands.Select | commands.Pin, decide: Decide
    ) -> None:
        """Price a car and store it as an offer; again if the deal changed in between."""
        account = connection.account
        sight = sight_of(view_of(connection, command.channel), account)
        refused = unaskable_fields(command.changes, sight.view)
        if refused:
            raise not_here(refused[0])
        asked = offers.asked_for(
            commands.tag_of(type(command)),
            command.vehicle_id,
            codec.plain(command.changes),
            command.programme_id,
        )
        for _ in range(PRICING_ATTEMPTS):
            deal = await self._authority.deal(account, command)
            pricing = self._offer(command, deal, account, sight)
            offer = await self._answers.unless_answered(connection, command, deal, asked, pricing)
            if offer is None:
                return
            try:
                decided = await decide(
                    self._stores.of(deal.store_id),
                    deal.id,
                    op=command.op,
                    offer=offer,
                    actor=actor_of(account),
                )
            except offers.StaleOffer:
                continue
            await self._answers.tell(connection, command, decided)
            return
        raise CommandError(ErrorCode.BUSY, "The deal keeps changing while it is being priced. Try again.")

    async def _offer(
        self, command: commands.Select | commands.Pin, deal: Deal, account: Account, sight: Sight
    ) -> DealOffer:
        check_conceded(command.changes, sight, deal.discount_authority_cents, deal.structure)
        check_trades(command.changes, sight.view, deal.structure)
        probed = [command.changes, command.programme_id]
        await self._questions.check(deal, account, sight, command.vehicle_id, probed)
        return await self._quotes.offer(
            deal, command.vehicle_id, command.changes, command.programme_id, account, sight=sight
        )

    async def _about_car(
        self,
        connection: Connection,
        command: commands.Unpin | commands.Hold | commands.Release,
        decide: Decide,
    ) -> None:
        await self._answers.decide(connection, command, decide, vehicle_number(command.vehicle_id))
