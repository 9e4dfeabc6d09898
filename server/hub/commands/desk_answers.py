"""How a command that decides about a deal is answered: once it is told, or as it was answered before."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from protocol.closing import CommandError
from protocol.commands import ChangeCommand
from server.database.core.scope import StoreScopes
from server.database.deals.deals import Deal
from server.database.decisions.deciding import Asked, Decided, answered_before
from server.hub.connections.authority import Authority, actor_of
from server.hub.connections.connection import Connection
from server.hub.upkeep.relay import Relay

Decide = Callable[..., Awaitable[Decided]]
Priced = TypeVar("Priced")


class DeskAnswers:
    """Answers commands that decide about a deal."""

    def __init__(self, stores: StoreScopes, authority: Authority, relay: Relay) -> None:
        self._stores = stores
        self._authority = authority
        self._relay = relay

    async def tell(
        self,
        connection: Connection,
        command: ChangeCommand,
        decided: Decided,
        others: Sequence[Decided] = (),
    ) -> None:
        """Tell what was decided, in other deals too, and answer the command."""
        for each in (decided, *others):
            await self._relay.tell(each)
        connection.reply(command.ref, decided.reply)

    async def tell_as(
        self, connection: Connection, command: ChangeCommand, decided: Decided, reply: dict[str, Any]
    ) -> None:
        """Tell what was decided, and answer the command with more than what is stored of its answer."""
        await self._relay.tell(decided)
        connection.reply(command.ref, reply)

    async def decide(
        self, connection: Connection, command: ChangeCommand, decide: Decide, what: str | int
    ) -> None:
        """Decide something that needs no more than one argument, tell it, and answer the command."""
        deal = await self._authority.deal(connection.account, command)
        actor = actor_of(connection.account)
        decided = await decide(self._stores.of(deal.store_id), deal.id, what, op=command.op, actor=actor)
        await self.tell(connection, command, decided)

    async def unless_answered(
        self,
        connection: Connection,
        command: ChangeCommand,
        deal: Deal,
        asked: Asked,
        pricing: Awaitable[Priced],
    ) -> Priced | None:
        """Return the inputs that are needed before the deal is locked; None if the command was already
        executed and gets its first answer, even if it could not be priced today.

        Raises what pricing raises.
        """
        try:
            return await pricing
        except CommandError:
            if await self._answer_again(connection, command, deal, asked):
                return None
            raise

    async def _answer_again(
        self, connection: Connection, command: ChangeCommand, deal: Deal, asked: Asked
    ) -> bool:
        """Answer an op that was already executed; return whether it was.

        Work that it left undone, because its process died, is done now. Raises CommandError(conflict) for an
        op of someone else, or of another command.
        """
        actor = actor_of(connection.account)
        async with self._stores.of(deal.store_id).acquire() as connected:
            reply = await answered_before(connected, deal.id, command.op, actor, asked)
        if reply is None:
            return False
        await self._relay.publish(deal.id)
        connection.reply(command.ref, reply)
        return True
