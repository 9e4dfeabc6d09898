"""The state of the queue at one moment, for operators: read when somebody asks, never for a job."""

from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from server.log.redis_scripts import cancellable
from server.work.queue import BODIES_KEY, DEAD_KEY, GROUP, JOBS_KEY, KEYS

ARRIVED_KEY: Final = next(key for key in KEYS if key.endswith(":arrived"))
"""When each job was added, but for those that found the queue empty: these have it in their ids."""


@dataclass(frozen=True, slots=True)
class Census:
    """Jobs that are not settled, and how long ago the oldest one was added; dead letters that are kept."""

    waiting: int
    ready: int
    held: int
    oldest_seconds: float
    dead_letters: int


async def take_census(redis: Redis) -> Census:
    """Return the state of the queue, in one trip that changes nothing. Raises RedisError.

    The age of the oldest job is by Redis's clock; 0 without jobs.
    """
    async with cancellable(), redis.pipeline(transaction=True) as pipe:
        pipe.time()
        pipe.xlen(JOBS_KEY)
        pipe.hlen(BODIES_KEY)
        pipe.xlen(DEAD_KEY)
        pipe.xrange(JOBS_KEY, count=1)
        pipe.zrange(ARRIVED_KEY, 0, 0, withscores=True)
        pipe.xpending(JOBS_KEY, GROUP)
        (seconds, micros), on_stream, waiting, dead, first, arrived, pending = await pipe.execute(
            raise_on_error=False
        )
    held = 0 if isinstance(pending, ResponseError) else int(pending["pending"])
    added = [_added_ms(entry) for entry, _ in first] + [int(score) for _, score in arrived]
    now_ms = seconds * 1000 + micros // 1000
    age = max(0, now_ms - min(added)) / 1000 if on_stream + waiting and added else 0.0
    return Census(waiting, max(0, on_stream - held), held, age, dead)


def _added_ms(entry: Any) -> int:
    return int(entry.split(b"-")[0])
