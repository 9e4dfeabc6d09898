"""Handlers for a store's people outside a deal: look up, list deals and people, begin a deal, list security
events.
"""

import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from protocol import codec, commands
from protocol.channels import deal_channel, is_list, store_of
from protocol.closing import CommandError, ErrorCode
from protocol.commands import ChannelCommand
from protocol.commands.store import PeopleList
from protocol.records import Role
from protocol.rights import RIGHTS, TokenScope
from server.database.core.scope import RowScope, StoreScopes
from server.database.deals import deals, finding
from server.database.deals.new_deals import create_deal
from server.database.decisions.moves.customers import create_customer
from server.database.people.security_events import Note, SecurityKind, asked_of, list_events, shown
from server.database.people.users import Account, sellers_of
from server.hub.commands.registration import handles
from server.hub.connections.authority import actor_of, check_list
from server.hub.connections.connection import Connection
from server.hub.sight.asking import hidden_facts, not_here, widest_view


class StoreHandlers:
    """What the commands about a store's list of deals do."""

    def __init__(self, *, stores: StoreScopes, note: Note, digest: Callable[[str], str]) -> None:
        self._stores = stores
        self._digest = digest
        self._note = note

    @handles(commands.LookUp)
    async def look_up(self, connection: Connection, command: commands.LookUp) -> None:
        """Find customers and deals of the store."""
        scope = self._scope(connection, command)
        async with scope.acquire() as database:
            found, rows = await finding.find(database, connection.account.store_id, command.text)
        seen = [row.id for row in found] + [row.customer_id for row in rows]
        self._listed(connection, "found", seen)
        connection.reply(
            command.ref,
            {"customers": [asdict(row) for row in found], "deals": [listed(row) for row in rows]},
        )

    @handles(commands.ListDeals)
    async def list_deals(self, connection: Connection, command: commands.ListDeals) -> None:
        """Send a page of the store's deals."""
        scope = self._scope(connection, command)
        async with scope.acquire() as database:
            rows, following = await deals.list_deals(
                database, connection.account.store_id, command.after, command.limit
            )
        self._listed(connection, "deals", [row.customer_id for row in rows])
        connection.reply(command.ref, {"deals": [listed(row) for row in rows], "next": following})

    @handles(commands.ListPeople)
    async def list_people(self, connection: Connection, command: commands.ListPeople) -> None:
        """Send the people to whom a deal of the store can be assigned."""
        scope = self._scope(connection, command)
        async with scope.acquire() as database:
            found = await sellers_of(database, connection.account.store_id)
        people = [actor_of(each) for each in found]
        connection.reply(command.ref, codec.plain(PeopleList(people=people)))

    @handles(commands.BeginDeal)
    async def begin_deal(self, connection: Connection, command: commands.BeginDeal) -> None:
        """Begin a deal, for a new customer if the command states one. A repeated ``op`` begins nothing."""
        scope, account = self._scope(connection, command), connection.account
        if (command.customer_id is None) == (command.customer is None):
            raise CommandError(
                ErrorCode.INVALID, "customer: expected a customer's id or a new customer", field="customer"
            )
        if command.customer is not None:
            hidden = hidden_facts(command.customer, widest_view(account.role))
            if hidden:
                raise not_here(hidden[0])
        async with scope.acquire() as database:
            customer_id = command.customer_id
            if command.customer is not None:
                new = _id_of("customer", account, command.op)
                customer_id = await create_customer(database, account.store_id, command.customer, new)
            deal = await create_deal(
                database,
                account,
                str(customer_id),
                paced=TokenScope.LOAD not in connection.credential.scopes,
                deal_id=_id_of("deal", account, command.op),
            )
        begun = {"id": deal.id, "channel": deal_channel(deal.id), "version": deal.version}
        connection.reply(command.ref, begun)

    @handles(commands.SecurityEvents)
    async def security_events(self, connection: Connection, command: commands.SecurityEvents) -> None:
        """Send a page of the store's security events."""
        scope, account = self._scope(connection, command), connection.account
        asked = asked_of(command.kind or None, command.who or None, command.since or None, self._digest)
        async with scope.acquire() as database:
            events, following = await list_events(
                database,
                account.store_id,
                asked,
                command.after,
                command.limit,
                unplaced=account.role is Role.OPERATOR,
            )
        connection.reply(command.ref, {"events": [shown(event) for event in events], "next": following})

    def _scope(self, connection: Connection, command: ChannelCommand) -> RowScope:
        """Return the rows of the caller's store. Raises CommandError(forbidden)."""
        account = connection.account
        store_id = store_of(command.channel)
        if store_id is None or not is_list(command.channel):
            raise CommandError(
                ErrorCode.FORBIDDEN, "This command needs the store's list of deals.", field="channel"
            )
        check_list(account, store_id)
        if command.right not in RIGHTS[account.role]:
            text = f'Your role does not have the right "{command.right}".'
            raise CommandError(ErrorCode.FORBIDDEN, text, field="type")
        if connection.shows_customer:
            raise CommandError(
                ErrorCode.FORBIDDEN,
                "Leave the customer view first: the customer may be looking.",
                field="view",
            )
        return self._stores.of(store_id)

    def _listed(self, connection: Connection, what: str, customer_ids: list[str]) -> None:
        seen = tuple(dict.fromkeys(customer_ids))
        self._note(
            connection.happened(SecurityKind.CUSTOMERS_LISTED, customer_ids=seen, detail={"what": what})
        )


def listed(row: deals.DealRow) -> dict[str, Any]:
    """Return a deal as lists show it."""
    return {
        "id": row.id,
        "channel": deal_channel(row.id),
        "customer": row.customer,
        "state": row.state,
        "fulfilment": row.fulfilment,
        "version": row.version,
        "store_id": row.store_id,
        "updated_at": row.updated_at,
    }


def _id_of(what: str, account: Account, op: uuid.UUID) -> uuid.UUID:
    """Return the id that a command's ``op`` gives: the same for a repeated one, and nobody else's."""
    return uuid.uuid5(op, f"{what} of {account.id}")
