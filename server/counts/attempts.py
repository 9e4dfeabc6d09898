"""Counts of recent attempts, in Redis for all processes, or in this process while Redis is unreachable."""

import hashlib
import math
import time
from collections.abc import Callable
from typing import Any, Final

from redis.asyncio import Redis

from server.observe.failing import REDIS_FAILS

_TAKE: Final = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}
"""
_GIVE_BACK: Final = """
if tonumber(redis.call('GET', KEYS[1]) or 0) > 0 then redis.call('DECR', KEYS[1]) end
"""
MOST_NAMES: Final = 10_000
"""How many names one process counts in memory. Beyond that it forgets the oldest."""


class Attempts:
    """Counts attempts by name, in windows that begin with the name's first attempt."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock = clock
        self._own: dict[str, tuple[int, float]] = {}

    async def take(self, name: str, window_seconds: float) -> tuple[int, int]:
        """Count an attempt; return its number in the window, from 1, and the seconds until that ends."""
        key = _key(name)
        try:
            found: Any = await self._redis.eval(_TAKE, 1, key, int(window_seconds * 1000))
            return int(found[0]), max(1, math.ceil(int(found[1]) / 1000))
        except REDIS_FAILS:
            return self._take_here(key, window_seconds)

    async def give_back(self, name: str) -> None:
        """Take back one counted attempt."""
        key = _key(name)
        try:
            await self._redis.eval(_GIVE_BACK, 1, key)
        except REDIS_FAILS:
            count, until = self._own.get(key, (0, 0.0))
            if count:
                self._own[key] = (count - 1, until)

    async def forget(self, name: str) -> None:
        """Reset the count of a name."""
        key = _key(name)
        self._own.pop(key, None)
        try:
            await self._redis.delete(key)
        except REDIS_FAILS:
            return

    def _take_here(self, key: str, window_seconds: float) -> tuple[int, int]:
        now = self._clock()
        count, until = self._own.pop(key, (0, 0.0))
        if until <= now:
            count, until = 0, now + window_seconds
        self._own[key] = (count + 1, until)
        while len(self._own) > MOST_NAMES:
            del self._own[next(iter(self._own))]
        return count + 1, max(1, math.ceil(until - now))


def _key(name: str) -> str:
    """Return the key of a name, hashed: clients choose names of any length, and Redis must not show them."""
    return "attempts:" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
