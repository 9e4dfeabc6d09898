"""Authorisation: the scope that each right requires, and the deal or wall of a command."""

from collections.abc import Collection

from protocol.channels import deal_of
from protocol.closing import CommandError, ErrorCode
from protocol.commands import CUSTOMER_COMMANDS, AnyCommand, ChangeCommand, ChannelCommand, tag_of
from protocol.records import Actor, View
from protocol.rights import RIGHTS, Right, TokenScope
from server.clock import utc_now
from server.database.deals.deals import Deal
from server.database.people.users import Account
from server.hub.channels.live_deal import HeldDeal
from server.hub.channels.live_deals import LiveDeals
from server.hub.connections.connection import Connection
from server.hub.sight.asking import widest_view


class Authority:
    """Finds the deal of a command for a person who may see it."""

    def __init__(self, deals: LiveDeals) -> None:
        self._deals = deals

    async def deal(self, account: Account, command: ChannelCommand) -> Deal:
        """Return the deal of a command for computations. Raises as ``held`` does."""
        return (await self.held(account, command)).at(utc_now())

    async def held(self, account: Account, command: ChannelCommand) -> HeldDeal:
        """Return the deal of a command, with all its parts.

        Raises CommandError: forbidden without the right, or for a wall instead of a deal; not_found for a
        deal that does not exist or is another store's; conflict for a change after the customer was erased.
        """
        if deal_of(command.channel) is None:
            raise CommandError(
                ErrorCode.FORBIDDEN, "This command needs a deal. A wall can only be watched.", field="channel"
            )
        # A person who may not see the deal learns nothing about it, not even that it exists.
        deal = await self._deals.held(command.channel, account.store_id)
        if command.right not in RIGHTS[account.role]:
            text = f'Your role does not have the right "{command.right}".'
            raise CommandError(ErrorCode.FORBIDDEN, text, field="type")
        if deal.deal.customer.is_erased and isinstance(command, ChangeCommand):
            raise CommandError(
                ErrorCode.CONFLICT,
                "This customer's data was erased. The deal can only be read.",
                field="channel",
            )
        return deal


def check_wall(account: Account, store_id: str) -> None:
    """Raise CommandError(forbidden) unless the account may watch the wall of the store."""
    if Right.WALL not in RIGHTS[account.role] or account.store_id != store_id:
        raise CommandError(
            ErrorCode.FORBIDDEN, "Only managers of the store may watch its wall.", field="channel"
        )


def check_list(account: Account, store_id: str) -> None:
    """Raise CommandError(forbidden) unless the account is of the store whose list of deals it asks for."""
    if account.store_id != store_id:
        raise CommandError(
            ErrorCode.FORBIDDEN, "Only people of the store may watch its deals.", field="channel"
        )


def check_customer(connection: Connection, command: AnyCommand) -> None:
    """Raise CommandError(forbidden) for what a customer's own connection may not do: anything but
    CUSTOMER_COMMANDS, and those on the deal of the link only.

    It is refused before anything is looked up, so that a customer learns nothing of other deals.
    """
    link = connection.link
    if link is None:
        return
    own = not isinstance(command, ChannelCommand) or command.channel == link.channel
    if tag_of(type(command)) not in CUSTOMER_COMMANDS or not own:
        raise CommandError(ErrorCode.FORBIDDEN, "This is not possible on this screen.", field="type")


def check_scope(connection: Connection, command: AnyCommand) -> None:
    """Raise CommandError(forbidden) unless the connection's credential may be used for the command."""
    if not isinstance(command, ChannelCommand):
        return
    scope = command.right.scope
    if scope not in connection.credential.scopes:
        raise CommandError(ErrorCode.FORBIDDEN, f"This token lacks the scope {scope}.", field="type")


def rights_of(account: Account, scopes: Collection[TokenScope]) -> list[str]:
    """Return the rights of an account that a credential with ``scopes`` lets it use."""
    return [right.value for right in RIGHTS[account.role] if right.scope in scopes]


def actor_of(account: Account) -> Actor:
    """Return the account as the actor of events."""
    return Actor(id=account.id, name=account.name, role=account.role)


def view_of(connection: Connection, channel: str) -> View:
    """Return the view that a connection chose for a channel, or else the widest that its user may have."""
    return connection.view_of(channel) or widest_view(connection.account.role)
