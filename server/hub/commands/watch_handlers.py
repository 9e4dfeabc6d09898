"""Handlers for watching: join, leave, focus, and reports of what was painted."""

import structlog

from protocol import codec, commands
from protocol.channels import is_list, store_of
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import Structure
from server.clock import utc_now
from server.database.core.scope import StoreScopes
from server.database.people.security_events import Note, SecurityKind
from server.hub.channels.rooms import Rooms
from server.hub.commands.registration import handles
from server.hub.connections.authority import Authority, check_list, check_wall, view_of
from server.hub.connections.connection import Connection
from server.hub.joining.join import Joiner
from server.hub.joining.story import older_history
from server.hub.joining.wall_join import WallJoiner
from server.hub.sight.sight import sight_of
from server.hub.upkeep.traces import Traces


class WatchHandlers:
    """What the commands about watching do."""

    def __init__(
        self,
        *,
        stores: StoreScopes,
        authority: Authority,
        joiner: Joiner,
        wall_joiner: WallJoiner,
        rooms: Rooms,
        traces: Traces,
        note: Note,
    ) -> None:
        self._stores = stores
        self._authority = authority
        self._joiner = joiner
        self._wall_joiner = wall_joiner
        self._rooms = rooms
        self._traces = traces
        self._note = note
        self._logger = structlog.get_logger("hub")

    @handles(commands.Join)
    async def join(self, connection: Connection, command: commands.Join) -> None:
        """Watch a channel."""
        store_id = store_of(command.channel)
        if store_id is not None:
            what = "deals" if is_list(command.channel) else "wall"
            (check_list if is_list(command.channel) else check_wall)(connection.account, store_id)
            await self._wall_joiner.join(connection, command, store_id)
            self._note(connection.happened(SecurityKind.CUSTOMERS_LISTED, detail={"what": what}))
            return
        deal = await self._joiner.join(connection, command)
        if connection.link is not None:
            # Opening the link is recorded. Here nobody looks at a customer's data but the customer.
            return
        whom = {"deal_id": deal.id, "customer_ids": (deal.customer.id,)}
        self._note(connection.happened(SecurityKind.CUSTOMER_VIEWED, **whom))

    @handles(commands.Leave)
    async def leave(self, connection: Connection, command: commands.Leave) -> None:
        """Watch a channel no longer."""
        connection.leave(command.channel)
        connection.reply(command.ref, {})

    @handles(commands.History)
    async def history(self, connection: Connection, command: commands.History) -> None:
        """Send a page of the deal's events."""
        deal = await self._authority.deal(connection.account, command)
        sight = sight_of(view_of(connection, command.channel), connection.account)
        scope = self._stores.of(deal.store_id)
        page = await older_history(scope, deal.id, command.before, command.limit, sight)
        connection.reply(command.ref, codec.plain(page))

    @handles(commands.Focus)
    async def focus(self, connection: Connection, command: commands.Focus) -> None:
        """Tell the others at which field someone is."""
        watcher = connection.watchers.get(command.channel)
        if watcher is None:
            raise CommandError(ErrorCode.NOT_FOUND, "Join the channel first.", field="channel")
        if command.field is not None and command.field not in Structure.__struct_fields__:
            raise CommandError(
                ErrorCode.INVALID, "field: expected a field of the structure, or null", field="field"
            )
        self._rooms.focus(watcher, command.field)
        connection.reply(command.ref, {})

    @handles(commands.Painted)
    async def painted(self, connection: Connection, command: commands.Painted) -> None:
        """Record when a stage of a search stood on a screen: the last stage of its trace."""
        await self._authority.deal(connection.account, command)
        stage = command.stage, command.ms, command.after_ms
        self._logger.debug("painted", stage=command.stage, ms=command.ms)
        await self._traces.painted(command.channel, command.search_id, *stage)
        connection.reply(command.ref, {})

    @handles(commands.Ping)
    async def ping(self, connection: Connection, command: commands.Ping) -> None:
        """Answer with the server's time."""
        connection.reply(command.ref, {"server_time": utc_now()})
