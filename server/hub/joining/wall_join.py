"""Joining the wall of a store: its position, its deals, then each change."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.commands import Join, Position
from protocol.events import DeskSnapshot, JoinReply, Snapshot, SnapshotEnd
from protocol.records import View
from server.database.core.scope import StoreScopes
from server.database.deals.wall import store_name, wall_of
from server.hub.channels.feed import Feed
from server.hub.channels.registry import Registry
from server.hub.channels.rooms import Rooms
from server.hub.channels.session import Watcher
from server.hub.channels.wall import Wall
from server.hub.connections.connection import Connection
from server.hub.joining.join import capture, require_room, still_known
from server.hub.joining.snapshot import row_parts
from server.hub.sight.asking import capped_view
from server.hub.sight.sight import Sight, sight_of
from server.hub.sight.views import project_summary
from server.log.channel_log import ChannelLog, Head
from server.observe.breaker import Breaker
from server.observe.failing import REDIS_FAILS


@dataclass(frozen=True, slots=True)
class WallJoiner:
    """Serves ``join`` of ``desk:`` and ``deals:`` channels."""

    stores: StoreScopes
    log: ChannelLog
    registry: Registry
    wall: Wall
    rooms: Rooms
    redis: Breaker

    async def join(self, connection: Connection, command: Join, store_id: str) -> None:
        """Answer ``command`` for a wall that its sender may see, and serve it from then on.

        Raises CommandError, RedisError and asyncpg's errors; then nothing is joined.
        """
        channel = command.channel
        if not command.rows:
            raise CommandError(
                ErrorCode.INVALID, "rows: expected true, as a list of deals is its rows", field="rows"
            )
        view = capped_view(command.view, connection.account.role)
        connection.turn(channel, view)
        connection.detach(channel)
        if view is View.CUSTOMER:
            raise CommandError(ErrorCode.FORBIDDEN, "The customer view has no list of deals.", field="view")
        require_room(connection)
        sight = sight_of(view, connection.account)
        with self.registry.joining(channel) as feed:
            paused = not self.redis.is_closed
            try:
                head, start = await self._stand(feed, command, paused=paused)
            except REDIS_FAILS:
                if paused or self.redis.is_closed:
                    raise
                paused = True
                head, start = await self._stand(feed, command, paused=True)
            rows, snapshot = None, None
            if start is None:
                start = head.seq
                async with self.stores.of(store_id).acquire(snapshot=True) as database:
                    name = await store_name(database, store_id)
                    deals = await wall_of(database, store_id)
                if name is None:
                    raise CommandError(ErrorCode.NOT_FOUND, "There is no such store.", field="channel")
                snapshot = Snapshot(
                    desk=DeskSnapshot(store_id=store_id, name=name, presence=self.rooms.here(channel, view))
                )
                rows = _rows(channel, command.ref, deals, sight)
            answer = JoinReply(
                epoch=head.epoch,
                seq=start,
                recovered=snapshot is None,
                view=view,
                snapshot=snapshot,
                paused=paused or UNSET,
            )
            connection.reply(command.ref, codec.plain(answer))
            watcher = Watcher(channel, sight, head.epoch, start, connection)
            connection.attach(feed.session, watcher, rows)
            if paused and snapshot is not None:
                feed.session.paused.add(watcher)
            self.wall.look(store_id)
            self.rooms.enter(watcher, connection.account)

    async def _stand(self, feed: Feed, command: Join, *, paused: bool) -> tuple[Head, int | None]:
        """Return the channel's position, and from which event on the client can resume; None: it cannot."""
        since = command.since
        if paused:
            head = feed.stand(0)
            resumes = since == Position(epoch=head.epoch, seq=head.seq)
        else:
            head = await capture(self.log, feed, command.channel)
            resumes = since is not None and await still_known(self.log, command.channel, head, since)
        return head, since.seq if resumes and since is not None else None


async def _rows(
    channel: str, ref: int, deals: Sequence[dict[str, Any]], sight: Sight
) -> AsyncGenerator[bytes]:
    """Yield the messages with the deals of a wall, and the end."""
    shown = [project_summary(deal, sight) for deal in deals]
    if shown:
        columns = {name: [deal[name] for deal in shown] for name in shown[0]}
        for message in row_parts(channel, ref, 0, columns):
            yield message
    yield codec.encode(SnapshotEnd(channel=channel, ref=ref))
