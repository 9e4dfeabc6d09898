"""Limits on distinct requests, counted in Redis for all processes, or here while Redis is unreachable."""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from redis.asyncio import Redis

from server.observe.failing import REDIS_FAILS

_ADD: Final = """
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 0 then
    local count = redis.call('SCARD', KEYS[1])
    if count >= tonumber(ARGV[2]) then return redis.call('PTTL', KEYS[1]) end
    redis.call('SADD', KEYS[1], ARGV[1])
    if count == 0 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
end
return 0
"""
MOST_NAMES: Final = 10_000
"""How many names one process counts in memory. Beyond that it forgets the oldest."""


@dataclass(slots=True)
class _Window:
    until: float
    seen: set[str] = field(default_factory=set)


class Distinct:
    """Limits the distinct requests of a name, in windows that begin with the name's first request."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock = clock
        self._own: dict[str, _Window] = {}

    async def add(self, name: str, what: bytes, *, most: int, window_seconds: int) -> int:
        """Count ``what`` unless it was counted before in this window, with at most ``most`` of them.

        Returns 0 if it is allowed, else the seconds until the window ends.
        """
        key = "distinct:" + hashlib.sha256(name.encode()).hexdigest()[:32]
        digest = hashlib.sha256(what).hexdigest()[:32]
        try:
            left: Any = await self._redis.eval(_ADD, 1, key, digest, most, window_seconds * 1000)
            return math.ceil(int(left) / 1000)
        except REDIS_FAILS:
            return self._add_here(key, digest, most, window_seconds)

    def _add_here(self, key: str, digest: str, most: int, window_seconds: int) -> int:
        now = self._clock()
        window = self._own.pop(key, None)
        if window is None or window.until <= now:
            window = _Window(now + window_seconds)
        self._own[key] = window
        while len(self._own) > MOST_NAMES:
            del self._own[next(iter(self._own))]
        if digest not in window.seen and len(window.seen) >= most:
            return max(1, math.ceil(window.until - now))
        window.seen.add(digest)
        return 0
