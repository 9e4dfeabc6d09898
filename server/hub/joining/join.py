"""Joining a channel: capture its position, load the snapshot, deliver from that position.

Nothing is buffered in between. Events published while the snapshot loads are in the log after the captured
position. They are read from there before the watcher goes live.
"""

from dataclasses import dataclass
from typing import Any, Final

from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.commands import Join, Position
from protocol.events import JoinReply
from server.database.deals.deals import Deal
from server.hub.channels.feed import Feed
from server.hub.channels.live_deal import HeldDeal
from server.hub.channels.live_deals import LiveDeals
from server.hub.channels.registry import Registry
from server.hub.channels.rooms import Rooms
from server.hub.channels.session import Watcher
from server.hub.connections.authority import Authority
from server.hub.connections.connection import Connection
from server.hub.joining.snapshot import snapshot_of, snapshot_rows
from server.hub.sight.asking import capped_view
from server.hub.sight.sight import sight_of
from server.hub.sockets.limits import limits_of
from server.hub.upkeep.keeper import Keeper
from server.hub.upkeep.relay import Relay
from server.hub.upkeep.stock_watch import StockWatch
from server.log.cars import ShownCars
from server.log.channel_log import ChannelLog, Head
from server.log.links.topology import SlotAway
from server.log.search_log import SearchState
from server.observe.breaker import Breaker
from server.observe.failing import REDIS_FAILS

ATTEMPTS: Final = 5
"""How often the epoch may end during a join before the join is refused."""


@dataclass(frozen=True, slots=True)
class Joiner:
    """Serves ``join``."""

    authority: Authority
    deals: LiveDeals
    log: ChannelLog
    registry: Registry
    relay: Relay
    keeper: Keeper
    cars: ShownCars
    stock: StockWatch
    rooms: Rooms
    redis: Breaker

    async def join(self, connection: Connection, command: Join) -> Deal:
        """Answer ``command``, serve the channel from then on, and return its deal.

        Raises CommandError as ``Authority.deal``, and degraded; RedisError and asyncpg's errors. Then nothing
        is joined.
        """
        channel = command.channel
        # From here on, Postgres notifications of the deal's decisions are handled.
        with self.registry.joining(channel) as feed:
            # Before anything is created in Redis or in memory for a deal that the sender may not see.
            deal = await self.authority.deal(connection.account, command)
            view = capped_view(command.view, connection.account.role)
            connection.turn(channel, view)
            connection.detach(channel)
            require_room(connection)
            sight = sight_of(view, connection.account, rows=command.rows)
            # A person with a narrower view than requested may have seen more before, so they start from a
            # snapshot.
            since = command.since if view is command.view else None
            paused = not self.redis.is_closed
            try:
                head, held = await self._stand(feed, connection, channel, since, paused=paused)
                search, changes = (None, {}) if held is None or paused else await self._search(channel)
            except REDIS_FAILS as error:
                if paused or (self.redis.is_closed and not isinstance(error, SlotAway)):
                    raise
                # It went away during the join, or the slot of this deal alone.
                paused, search, changes = True, None, {}
                head, held = await self._stand(feed, connection, channel, since, paused=True)
            if held is None:
                start, rows, snapshot = head.seq if since is None else since.seq, None, None
            else:
                here = self.rooms.here(channel, view)
                start, snapshot = head.seq, snapshot_of(held, search, sight, here)
                search_id = search.search_id if search is not None and sight.rows else None
                rows = snapshot_rows(
                    self.log.searches, channel, command.ref, search_id, sight, changes=changes
                )
            answer = JoinReply(
                epoch=head.epoch,
                seq=start,
                recovered=snapshot is None,
                view=view,
                snapshot=snapshot,
                paused=paused or UNSET,
            )
            connection.reply(command.ref, codec.plain(answer))
            was_watched = bool(feed.session.watchers)
            watcher = Watcher(channel, sight, head.epoch, start, connection)
            connection.attach(feed.session, watcher, rows)
            if paused and snapshot is not None:
                feed.session.paused.add(watcher)
            if not was_watched:
                # Changes of its cars were not published to the channel.
                self.stock.look(channel)
            self.rooms.enter(watcher, connection.account)
        return deal

    async def _search(self, channel: str) -> tuple[SearchState | None, dict[str, dict[str, Any]]]:
        """Return the channel's search, and what changed about its cars since they were matched."""
        search = await self.log.searches.current(channel)
        if search is not None and search.lapsed:
            self.keeper.look_now()
        return search, {} if search is None else await self.cars.changes(channel)

    async def _stand(
        self, feed: Feed, connection: Connection, channel: str, since: Position | None, *, paused: bool
    ) -> tuple[Head, HeldDeal | None]:
        """Return the channel's position and the deal at it; None if the client can resume.

        While the log is away (``paused``), the position is that of this process. Raises CommandError:
        not_found, degraded if the epoch keeps ending.
        """
        if paused:
            found = await self.deals.held(channel, connection.account.store_id)
            head = feed.stand(found.deal.last_no)
            return head, None if since == Position(epoch=head.epoch, seq=head.seq) else found
        for _ in range(ATTEMPTS):
            head = await capture(self.log, feed, channel)
            held = await self._account_for(feed, connection.account.store_id, channel, head)
            if held is not None:
                known = since is not None and await still_known(self.log, channel, head, since)
                return head, None if known else held
        raise CommandError(ErrorCode.DEGRADED, "The event log keeps restarting. Try again.")

    async def _account_for(self, feed: Feed, store_id: str, channel: str, head: Head) -> HeldDeal | None:
        """Return the deal with at least every decision in the events up to ``head``.

        The process of the last decision may have died before publishing it, so it is published now. An epoch
        without a base gets one: from then on, every later decision is an event. None if the epoch is over.
        """
        held = await self.deals.held(channel, store_id)
        no = head.no
        if no is None:
            no = await self.log.set_base(channel, head.epoch, held.deal.last_no)
        if no is None:
            return None
        if held.deal.last_no < no:
            # Its bell has not arrived here yet.
            feed.session.live.require(no)
            held = await self.deals.held(channel, store_id)
        if held.deal.last_no < no:
            # The database was restored to an older state: the relay sees it too and begins a new epoch.
            feed.session.live.forget()
            await self.relay.publish(held.deal.id)
            return None
        if held.deal.last_no > no:
            await self.relay.publish(held.deal.id, held.deal.last_no)
            return held if (await self.log.head(channel)).epoch == head.epoch else None
        return held


def require_room(connection: Connection) -> None:
    """Raise CommandError(too_large) if the connection watches as many channels as it may."""
    most = limits_of(connection.credential).channels
    if len(connection.watchers) >= most:
        raise CommandError(
            ErrorCode.TOO_LARGE,
            f"A connection can join at most {most} channels. Leave one first.",
            field="channel",
        )


async def capture(log: ChannelLog, feed: Feed, channel: str) -> Head:
    """Return the channel's position, once its feed has reached it. Raises CommandError(degraded)."""
    for _ in range(ATTEMPTS):
        head = await log.head(channel)
        if await feed.capture(head):
            return head
    raise CommandError(ErrorCode.DEGRADED, "The event log keeps restarting. Try again.")


async def still_known(log: ChannelLog, channel: str, head: Head, since: Position) -> bool:
    """Return whether the log still has every event after ``since``."""
    if since.epoch != head.epoch or since.seq > head.seq:
        return False
    return await log.read(channel, head.epoch, since.seq, 1) is not None
