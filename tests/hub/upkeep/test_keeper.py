"""How often a process looks after a channel: in each heartbeat while something happens, else now and then."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from server.hub.channels.registry import Registry
from server.hub.upkeep.keeper import HEARTBEAT_SECONDS, QUIET_BEATS, STIRRED_SECONDS, Keeper
from server.log.channel_log import Pulse
from server.work.queue import QueueLook
from tests.twin.memory_log import MemoryLog
from tests.virtual_time import run_virtually

BUSY, QUIET = "deal:busy", "deal:quiet"
SECONDS = 110.0
NOTE_SECONDS = 5.0


class Asked(MemoryLog):
    """Notes when it was asked after which channels."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[float, list[str]]] = []

    async def beat(self, channels: Sequence[str], **_: Any) -> list[Pulse]:
        """Say that there is nothing to repair."""
        self.asked.append((asyncio.get_running_loop().time(), list(channels)))
        return [Pulse(None) for _ in channels]

    def times(self, channel: str) -> list[float]:
        """Return when it was asked after a channel."""
        return [at for at, channels in self.asked if channel in channels]


async def _look() -> QueueLook:
    return QueueLook(None, 0, {})


async def _beats(log: Asked, looks: list[float]) -> None:
    """Keep a quiet channel, and one that has a note every five seconds."""
    loop = asyncio.get_running_loop()
    bus: Any = SimpleNamespace(subscribe=lambda *_: None, unsubscribe=lambda *_: None)
    queue: Any = SimpleNamespace(look=_look)
    pressure = SimpleNamespace(look=lambda *_: looks.append(loop.time()))
    searches: Any = SimpleNamespace(pressure=pressure)
    async with asyncio.TaskGroup() as tasks:
        registry = Registry(log, bus, tasks, clock=loop.time)
        keeping = tasks.create_task(Keeper(log, registry, searches, queue).run())
        with registry.joining(QUIET), registry.joining(BUSY) as feed:
            head = await log.head(BUSY)
            await log.set_base(BUSY, head.epoch, 0)
            await feed.capture(head)
            for no in range(1, int(SECONDS / NOTE_SECONDS) + 1):
                await asyncio.sleep(NOTE_SECONDS)
                await log.decide(BUSY, no, {"type": "note_added"})
                entries = await log.read(BUSY, head.epoch, no - 1, 1)
                assert entries
                feed.heard(entries[0])
        keeping.cancel()


def test_how_often_channels_are_looked_at() -> None:
    """A channel that somebody just joined is looked at like one that has events."""
    log, looks = Asked(), list[float]()
    run_virtually(_beats(log, looks))
    began = log.asked[0][0]
    assert len(log.times(BUSY)) == len(log.asked) == len(looks)
    assert len(log.asked) >= SECONDS / HEARTBEAT_SECONDS - 2
    at_first = [at for at in log.times(QUIET) if at - began < STIRRED_SECONDS]
    assert len(at_first) >= STIRRED_SECONDS / HEARTBEAT_SECONDS - 1
    later = [at for at in log.times(QUIET) if at - began > STIRRED_SECONDS + HEARTBEAT_SECONDS]
    pauses = {round(after - before) for before, after in pairwise(later)}
    assert pauses == {round(QUIET_BEATS * HEARTBEAT_SECONDS)}
