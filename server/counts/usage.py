"""Units that the people of a store used in this window and the previous one, counted for all processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from redis.asyncio import Redis

from server.log.redis_scripts import run_together

MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Usage:
    """Units by person, in the window that began ``elapsed_seconds`` ago and in the previous one."""

    elapsed_seconds: float
    running: Mapping[str, int]
    before: Mapping[str, int]


class UsageLog:
    """Counts the units. ``redis`` must return bytes."""

    def __init__(self, redis: Redis, *, window_seconds: float) -> None:
        self._redis = redis
        self._window_ms = int(window_seconds * MS)
        source = files("server.counts").joinpath("scripts", "usage.lua")
        self._count = redis.register_script(source.read_text())

    async def add(self, stores: Mapping[str, Mapping[str, int]]) -> dict[str, Usage]:
        """Add units by store and person in one trip; return what all processes counted for these stores.

        Raises RedisError.
        """
        calls = []
        for store_id, people in stores.items():
            keys = [f"{{budget:{store_id}}}:{parity}" for parity in ("even", "odd")]
            units = [part for pair in people.items() for part in pair]
            calls.append((keys, [self._window_ms, *units]))
        replies = await run_together(self._redis, self._count, calls)
        return {store_id: _usage(reply) for store_id, reply in zip(stores, replies, strict=True)}


def _usage(reply: Any) -> Usage:
    return Usage(reply[0] / MS, _people(reply[1]), _people(reply[2]))


def _people(fields: list[bytes]) -> dict[str, int]:
    pairs = zip(fields[::2], fields[1::2], strict=True)
    return {person.decode(): int(units) for person, units in pairs if person}
