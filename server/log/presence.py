"""Presence in Redis: each process reports who watches a channel through it, under a lease that it renews."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final

import msgspec
from redis.asyncio import Redis

from protocol import codec
from protocol.events import Present
from server.log.redis_scripts import bell_name, run_together

LEASE_MS: Final = 15_000
"""How long a report is valid without a renewal. The people of a dead process stay present for that time."""


class Said(msgspec.Struct, frozen=True):
    """The report of one process."""

    process: str
    here: list[Present]


class PresenceLog:
    """Writes and reads reports. ``redis`` must return bytes. Methods raise RedisError if unreachable."""

    def __init__(self, redis: Redis, process: str, *, lease_ms: int = LEASE_MS) -> None:
        self._redis = redis
        self._process = process
        self._lease_ms = lease_ms
        source = files("server.log").joinpath("scripts", "presence.lua")
        self._script = redis.register_script(source.read_text())

    async def say(self, channels: Mapping[str, Sequence[Present]]) -> dict[str, dict[str, list[Present]]]:
        """Report who is here through this process, and ring the bells of channels where that is a change.

        Returns the reports of all processes, by channel and process.
        """
        names, calls = list(channels), []
        for channel in names:
            said = Said(self._process, list(channels[channel]))
            payload = codec.encode(said) if said.here else b""
            keys = (f"{{{channel}}}:here", f"{{{channel}}}:here:until")
            calls.append((keys, (bell_name(channel), self._process, payload, self._lease_ms)))
        replies = await run_together(self._redis, self._script, calls)
        return {channel: heard_presence(reply) for channel, reply in zip(names, replies, strict=True)}


def heard_presence(payload: bytes) -> dict[str, list[Present]]:
    """Return the reports about a channel, by process."""
    return {said.process: said.here for said in codec.decode_as(list[Said], payload)}
