"""Joining a channel: capture where it stands, then load, then deliver from there.

Nothing is buffered meanwhile. What is published while the snapshot loads stands in the log behind the
captured position, and is read from there before the watcher is served live.
"""

from dataclasses import dataclass
from typing import Final

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.commands import Join, Position
from protocol.events import JoinReply
from server.hub.connection import Connection
from server.hub.keeper import Keeper
from server.hub.limits import limits_of
from server.hub.registry import Feed, Registry
from server.hub.relay import Relay
from server.hub.rooms import Rooms
from server.hub.session import Watcher
from server.hub.sight import sight_of
from server.hub.snapshot import snapshot_of, snapshot_rows
from server.hub.stock_watch import StockWatch
from server.hub.views import capped_view
from server.push.cars import ShownCars
from server.push.log import ChannelLog, Head
from server.store.deal_parts import DealParts, load_parts
from server.store.deals import Deal, last_no, load_deal
from server.store.scope import Stores

ATTEMPTS: Final = 5
"""How often the epoch may end under a join before it is refused."""


@dataclass(frozen=True, slots=True)
class Joiner:
    """Serves ``join``."""

    stores: Stores
    log: ChannelLog
    registry: Registry
    relay: Relay
    keeper: Keeper
    cars: ShownCars
    stock: StockWatch
    rooms: Rooms

    async def join(self, connection: Connection, command: Join, deal: Deal) -> None:
        """Answer ``command`` for a deal that its sender may see, and serve the channel from there on.

        Raises CommandError, RedisError and asyncpg's errors; then nothing is joined.
        """
        channel = command.channel
        view = capped_view(command.view, connection.account.role)
        connection.turn(channel, view)
        connection.detach(channel)
        require_room(connection)
        sight = sight_of(view, connection.account)
        with self.registry.joining(channel) as feed:
            # Who gets less than they ask for may have seen more before: they go on from a snapshot.
            since = command.since if view is command.view else None
            head, loaded = await self._stand(feed, channel, since, deal)
            if loaded is None:
                start, rows, snapshot = head.seq if since is None else since.seq, None, None
            else:
                search = await self.log.search(channel)
                if search is not None and search.lapsed:
                    self.keeper.look_now()
                here = self.rooms.here(channel, view)
                start, snapshot = head.seq, snapshot_of(*loaded, search, sight, here)
                search_id = None if search is None else search.search_id
                changes = await self.cars.changes(channel) if search_id else {}
                rows = snapshot_rows(self.log, channel, command.ref, search_id, sight, changes=changes)
            answer = JoinReply(
                epoch=head.epoch, seq=start, recovered=snapshot is None, view=view, snapshot=snapshot
            )
            connection.reply(command.ref, codec.plain(answer))
            watcher = Watcher(channel, sight, head.epoch, start, connection)
            connection.attach(feed.session, watcher, rows)
            # While nobody watched, nobody told the channel what became of its cars.
            self.stock.look(channel)
            self.rooms.enter(watcher, connection.account)

    async def _stand(
        self, feed: Feed, channel: str, since: Position | None, deal: Deal
    ) -> tuple[Head, tuple[Deal, DealParts] | None]:
        """Return where the channel stands, and the deal as of then; None where the client knows what was.

        Raises CommandError: not_found, degraded where the epoch keeps ending.
        """
        for _ in range(ATTEMPTS):
            head = await capture(self.log, feed, channel)
            if since is not None and await still_known(self.log, channel, head, since):
                if await self._accounts_for_all(deal, channel, head):
                    return head, None
                continue
            loaded = await self._load(deal, channel, head)
            if loaded is not None:
                return head, loaded
        raise CommandError(ErrorCode.DEGRADED, "The event log keeps starting anew: try again.")

    async def _accounts_for_all(self, deal: Deal, channel: str, head: Head) -> bool:
        """Have every decision of the deal told; return whether the epoch still stands.

        Whoever decided may have died before it told the log, and nobody watched: nobody else tells it then.
        """
        # Read while the channel is joined: of what is decided from here on, Postgres tells this process.
        async with self.stores.of(deal.store_id).acquire() as connection:
            no = await last_no(connection, deal.id)
        if head.no == no:
            return True
        await self.relay.publish(deal.id)
        return (await self.log.head(channel)).epoch == head.epoch

    async def _load(self, deal: Deal, channel: str, head: Head) -> tuple[Deal, DealParts] | None:
        """Return the deal with at least every decision that events up to ``head`` tell of.

        An epoch without a base gets one: from then on, every decision above it is an event. None where the
        epoch is over.
        """
        no = head.no
        if no is None:
            no = await self.log.set_base(channel, head.epoch, deal.last_no)
        if no is None:
            return None
        # One state of the deal and all of its parts, at or after what was authorised.
        async with self.stores.of(deal.store_id).acquire(snapshot=True) as connection:
            newer, parts = await load_deal(connection, deal.id), await load_parts(connection, deal.id)
        if newer is None or parts is None or newer.store_id != deal.store_id:
            raise CommandError(ErrorCode.NOT_FOUND, "There is no such deal.", field="channel")
        if newer.last_no < no:
            # The database has gone back to an older state: the relay sees it too, and begins a new epoch.
            await self.relay.publish(deal.id)
            return None
        if newer.last_no > no:
            # Whoever decided may have died before it told the log, and others watch it too.
            await self.relay.publish(deal.id, newer.last_no)
        return newer, parts


def require_room(connection: Connection) -> None:
    """Raise CommandError(too_large) where the connection watches as many channels as it may."""
    most = limits_of(connection.credential).channels
    if len(connection.watchers) >= most:
        raise CommandError(ErrorCode.TOO_LARGE, f"At most {most} channels on a connection.", field="channel")


async def capture(log: ChannelLog, feed: Feed, channel: str) -> Head:
    """Return where the channel stands, once its feed stands there too. Raises CommandError(degraded)."""
    for _ in range(ATTEMPTS):
        head = await log.head(channel)
        if await feed.capture(head):
            return head
    raise CommandError(ErrorCode.DEGRADED, "The event log keeps starting anew: try again.")


async def still_known(log: ChannelLog, channel: str, head: Head, since: Position) -> bool:
    """Return whether the log has every event after ``since``."""
    if since.epoch != head.epoch or since.seq > head.seq:
        return False
    return await log.read(channel, head.epoch, since.seq, 1) is not None
