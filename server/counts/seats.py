"""Counts a person's connections in Redis for all processes: each takes a seat, which is held by a lease."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

import structlog
from redis.asyncio import Redis

from server.log.redis_scripts import Call, cancellable, run_together
from server.observe.failing import REDIS_FAILS

LEASE_SECONDS: Final = 30.0
"""How long the seats of a process that died stay taken."""
RENEWALS: Final = 3
MS: Final = 1000

_NOW: Final = """
local now = redis.call('TIME')
local ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
"""
# Arguments: seat, most seats, lease. Returns 1, or 0 if all are taken.
_TAKE: Final = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ms + tonumber(ARGV[3]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
)
# Arguments: lease, number of held seats, the held seats, the seats that were left.
_RENEW: Final = (
    _NOW
    + """
for index = 3, #ARGV do
    if index - 2 <= tonumber(ARGV[2]) then
        redis.call('ZADD', KEYS[1], ms + tonumber(ARGV[1]), ARGV[index])
    else
        redis.call('ZREM', KEYS[1], ARGV[index])
    end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
"""
)


class Seats:
    """The seats of one process. ``run`` renews them and frees those that were left."""

    def __init__(
        self,
        redis: Redis,
        *,
        lease_seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._lease_ms = int(lease_seconds * MS)
        self._clock = clock
        self._take = redis.register_script(_TAKE)
        self._renew = redis.register_script(_RENEW)
        self._held: defaultdict[str, set[str]] = defaultdict(set)
        self._left: defaultdict[str, set[str]] = defaultdict(set)
        self._stirred = asyncio.Event()
        self._logger = structlog.get_logger("seats")

    async def take(self, person_id: str, seat: str, most: int) -> bool:
        """Take a seat for a person unless ``most`` are taken; always free while Redis is unreachable."""
        try:
            async with cancellable():
                free = bool(await self._take(keys=[_key(person_id)], args=[seat, most, self._lease_ms]))
        except REDIS_FAILS:
            free = True
        if free:
            self._held[person_id].add(seat)
        return free

    def leave(self, person_id: str, seat: str) -> None:
        """Leave a seat, if it was taken; ``run`` frees it in Redis."""
        if seat not in self._held.get(person_id, ()):
            return
        self._held[person_id].discard(seat)
        if not self._held[person_id]:
            del self._held[person_id]
        self._left[person_id].add(seat)
        self._stirred.set()

    async def run(self) -> None:
        """Renew the seats until cancelled, through any outage."""
        renewed_at = self._clock()
        pause = self._lease_ms / RENEWALS / MS
        while True:
            try:
                async with asyncio.timeout(renewed_at + pause - self._clock()):
                    await self._stirred.wait()
            except TimeoutError:
                pass
            self._stirred.clear()
            everybody = self._clock() >= renewed_at + pause
            try:
                await self._tell(set(self._held) | set(self._left) if everybody else set(self._left))
            except REDIS_FAILS as error:
                self._logger.warning("seats_not_kept", error=error)
            if everybody:
                renewed_at = self._clock()

    async def _tell(self, people: set[str]) -> None:
        """Renew the held seats of these people and free those that were left, in one trip.

        If that fails, the seats that were left are not sent again: their leases expire.
        """
        left, self._left = self._left, defaultdict(set)
        calls: list[Call] = []
        for person_id in people:
            held, gone = self._held.get(person_id, set()), left.get(person_id, set())
            calls.append(([_key(person_id)], [self._lease_ms, len(held), *held, *gone]))
        await run_together(self._redis, self._renew, calls)


def _key(person_id: str) -> str:
    return f"{{seats:{person_id}}}"
