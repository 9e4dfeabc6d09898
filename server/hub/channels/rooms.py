"""Keeps and publishes presence: one room for each channel that this process watches."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from protocol import codec
from protocol.channels import deal_of, wall_channel
from protocol.events import Presence, Present
from protocol.records import View
from server.database.people.users import Account
from server.hub.channels.presence import Room, others_of, seen_by
from server.hub.channels.registry import Registry
from server.hub.channels.session import Watcher
from server.log.channel_log import Entry
from server.log.presence import PresenceLog, heard_presence
from server.observe.background import Background
from server.observe.failing import REDIS_FAILS

HEARTBEAT_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 0.5


class Rooms:
    """The rooms of a process. All methods except ``run`` return at once.

    The people of a deal are also shown on the wall of its store.
    """

    def __init__(
        self,
        log: PresenceLog,
        registry: Registry,
        process: str,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._log = log
        self._registry = registry
        self._process = process
        self._heartbeat_seconds = heartbeat_seconds
        self._clock = clock or asyncio.get_running_loop().time
        self._rooms: dict[str, Room] = {}
        self._walls: dict[Watcher, str] = {}
        self._unsaid: set[str] = set()
        self._background = Background(
            self._turn, name="presence", failed="presence_failed", outages=(), retry_seconds=RETRY_SECONDS
        )
        self._beat_at = self._clock()
        self._logger = structlog.get_logger("presence")

    def enter(self, watcher: Watcher, account: Account) -> None:
        """Add a new watcher."""
        deal_id = deal_of(watcher.channel)
        person = Present(user_id=account.id, name=account.name, role=account.role)
        self._room(watcher.channel).enter(watcher, person, self._clock())
        if deal_id is not None:
            wall = wall_channel(account.store_id)
            self._walls[watcher] = wall
            seen = Present(user_id=account.id, name=account.name, role=account.role, deal_id=deal_id)
            self._room(wall).enter(watcher, seen, self._clock())
        self._changed(watcher)
        # The list may be unchanged, but this watcher needs it all the same.
        self._tell([watcher], watcher.channel, self._room(watcher.channel).here())

    def left(self, watcher: Watcher, for_good: bool) -> None:
        """Note that a watcher is no longer served.

        A person who left or was signed out is removed at once, one who lost the connection after a while.
        """
        for channel in self._channels(watcher):
            if for_good:
                self._room(channel).leave(watcher)
            else:
                self._room(channel).lose(watcher, self._clock())
        if for_good:
            self._changed(watcher)
        self._walls.pop(watcher, None)
        self._background.wake()

    def focus(self, watcher: Watcher, name: str | None) -> None:
        """Move a watcher's focus."""
        if self._room(watcher.channel).focus(watcher, name, self._clock()):
            self._changed(watcher)

    def heard(self, channel: str, entry: Entry) -> None:
        """Take the processes' reports about a channel from its bell."""
        self._room(channel).others = others_of(heard_presence(entry.body), self._process)
        self._background.wake()

    def here(self, channel: str, view: View) -> list[Present]:
        """Return who is in a channel, as ``view`` sees it."""
        room = self._rooms.get(channel)
        return [] if room is None else seen_by(room.here(), view)

    async def run(self) -> None:
        """Report and send changes until cancelled, and report everything again at each heartbeat."""
        await self._background.run()

    async def _turn(self) -> float:
        now = self._clock()
        if now >= self._beat_at:
            self._beat_at = now + self._heartbeat_seconds
            self._unsaid.update(self._rooms)
        self._expire(now)
        # The watchers of this process get presence even while the other processes cannot be reached.
        told = await self._say()
        wait = min(self._send(self._clock()), self._beat_at - self._clock())
        return max(0.0, wait if told else min(wait, RETRY_SECONDS))

    def _expire(self, now: float) -> None:
        for channel, room in self._rooms.items():
            if room.expire(now):
                self._unsaid.add(channel)

    async def _say(self) -> bool:
        """Report to the other processes; return whether that succeeded."""
        unsaid, self._unsaid = self._unsaid, set()
        if not unsaid:
            return True
        try:
            said = await self._log.say({channel: self._room(channel).own() for channel in unsaid})
        except REDIS_FAILS as error:
            self._logger.warning("presence_not_said", error=error)
            self._unsaid |= unsaid
            return False
        for channel, all_say in said.items():
            room = self._room(channel)
            room.others = others_of(all_say, self._process)
            # An empty room of an unwatched channel is dropped; it is created again when it is needed.
            if not room.visits and channel not in self._registry:
                del self._rooms[channel]
        return True

    def _send(self, now: float) -> float:
        """Send what is due; return the seconds until something is due next."""
        waits = [self._heartbeat_seconds]
        for channel, room in self._rooms.items():
            expiry = room.next_expiry()
            if expiry is not None:
                waits.append(max(0.0, expiry - now))
            wait = room.wait(now)
            if wait == 0.0:
                self._deliver(channel, room, now)
            elif wait is not None:
                waits.append(wait)
        return min(waits)

    def _deliver(self, channel: str, room: Room, now: float) -> None:
        here = room.here()
        room.mark_sent(here, now)
        self._tell(self._registry.watchers(channel), channel, here)

    def _tell(self, watchers: Sequence[Watcher], channel: str, here: list[Present]) -> None:
        messages: dict[View, bytes] = {}
        for watcher in watchers:
            if watcher.view is View.CUSTOMER:
                continue
            if watcher.view not in messages:
                told = Presence(channel=channel, here=seen_by(here, watcher.view))
                messages[watcher.view] = codec.encode(told)
            watcher.outlet.send_presence(channel, messages[watcher.view])

    def _changed(self, watcher: Watcher) -> None:
        self._unsaid.update(self._channels(watcher))
        self._background.wake()

    def _channels(self, watcher: Watcher) -> list[str]:
        wall = self._walls.get(watcher)
        return [watcher.channel] if wall is None else [watcher.channel, wall]

    def _room(self, channel: str) -> Room:
        return self._rooms.setdefault(channel, Room())
