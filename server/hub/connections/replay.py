"""Brings a watcher up to date: rows of a snapshot, then events from the log until it is served live.

Each join has a task that sends them in parts, as the socket drains.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, Protocol

from server.hub.channels.session import Phase, Session, Watcher
from server.hub.sight.views import project_event
from server.hub.sockets.delivery import Delivery
from server.log.channel_log import ChannelLog, Entry
from server.observe.failing import REDIS_FAILS

EVENTS_PER_READ: Final = 50
PULLED_BYTES: Final = 128 * 1024
"""How much of a replay is queued at a time."""


class Replayed(Protocol):
    """The connection whose watchers are brought up to date."""

    def send_resync(self, channel: str) -> None:
        """Stop serving a channel, and send a ``resync``."""

    def replay_failed(self, channel: str, error: Exception, *, known: bool) -> None:
        """Report why a replay failed. An error that is not ``known`` ends the connection."""


class Replays:
    """The replays of one connection. Each runs in a task that this object owns."""

    __slots__ = ("_delivery", "_log", "_owner", "_running")

    def __init__(self, owner: Replayed, delivery: Delivery, log: ChannelLog) -> None:
        self._owner = owner
        self._delivery = delivery
        self._log = log
        self._running: dict[asyncio.Task[None], str] = {}

    def start(self, session: Session, watcher: Watcher, snapshot: AsyncGenerator[bytes] | None) -> None:
        """Send the rows of the snapshot, then events from the log until the watcher has caught up."""
        task = asyncio.create_task(self._run(session, watcher, snapshot), name=f"replay {watcher.channel}")
        self._running[task] = watcher.channel
        task.add_done_callback(self._over)

    def stop(self, channel: str) -> None:
        """Stop the replays of a channel."""
        for task, of in self._running.items():
            if of == channel and task is not asyncio.current_task():
                task.cancel()

    async def aclose(self) -> None:
        """Stop all replays, and wait until they have ended."""
        while self._running:
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running)

    def _over(self, task: asyncio.Task[None]) -> None:
        channel = self._running.pop(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._owner.replay_failed(channel, error, known=False)

    async def _run(self, session: Session, watcher: Watcher, snapshot: AsyncGenerator[bytes] | None) -> None:
        try:
            if snapshot is not None:
                await self._send_rows(watcher, snapshot)
            while not session.go_live(watcher) and watcher.phase is Phase.REPLAYING:
                entries = await self._log.read(
                    watcher.channel, watcher.epoch, watcher.position, EVENTS_PER_READ
                )
                if not entries:
                    break
                await self._send_events(watcher, entries)
        except REDIS_FAILS as error:
            self._owner.replay_failed(watcher.channel, error, known=True)
        if watcher.phase is Phase.REPLAYING:
            # The log no longer has the next event, or is unreachable: only a new snapshot helps.
            self._owner.send_resync(watcher.channel)

    async def _send_rows(self, watcher: Watcher, snapshot: AsyncGenerator[bytes]) -> None:
        async with aclosing(snapshot) as messages:
            async for message in messages:
                await self._delivery.drained()
                if watcher.phase is not Phase.REPLAYING:
                    return
                self._delivery.put_pulled(watcher.channel, message)

    async def _send_events(self, watcher: Watcher, entries: list[Entry]) -> None:
        size = 0
        for entry in entries:
            if size == 0:
                await self._delivery.drained()
            if watcher.phase is not Phase.REPLAYING:
                return
            message = project_event(entry, watcher.sight)
            self._delivery.put_pulled(watcher.channel, message)
            watcher.position = entry.seq
            size = (size + len(message)) if size + len(message) < PULLED_BYTES else 0
