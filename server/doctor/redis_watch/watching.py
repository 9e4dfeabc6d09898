"""Two looks at Redis, some seconds apart. Redis itself has nothing to do in between."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from server.doctor.probes.redis import command_name, nodes_of, open_redis
from server.doctor.redis_watch.calls import Counters, RedisWatch, watched
from server.doctor.scripts import script_names
from server.doctor.subjects.redis_facts import SlowCommand
from server.settings import Settings

SLOW_ENTRIES: Final = 128


async def watch_redis(settings: Settings, seconds: float) -> RedisWatch:
    """Return what Redis is asked for some seconds. Raises RedisError if it is away.

    Of a cluster, that is the master with the queue.
    """
    client, scripts = open_redis(settings), script_names()
    try:
        masters = await nodes_of(client)
        redis = masters[0][1] if masters else client
        last_slow = await _last_slow(redis)
        before = await _look(redis)
        await asyncio.sleep(seconds)
        after = await _look(redis)
        return watched(before, after, await _slow_since(redis, last_slow, scripts))
    finally:
        await client.aclose()


async def _look(redis: Redis) -> Counters:
    info: dict[str, Any] = await redis.info("all")
    with suppress(ResponseError):
        # INFO all leaves percentiles out.
        info |= await redis.info("latencystats")
    try:
        clients: list[dict[str, str]] = await redis.client_list()
    except ResponseError:
        clients = []
    return Counters(at=time.monotonic(), info=info, clients=clients)


async def _last_slow(redis: Redis) -> int:
    try:
        entries = await redis.slowlog_get(1)
    except ResponseError:
        return -1
    return int(entries[0]["id"]) if entries else -1


async def _slow_since(redis: Redis, last: int, scripts: Mapping[str, str]) -> list[SlowCommand]:
    try:
        entries, now = await redis.slowlog_get(SLOW_ENTRIES), (await redis.time())[0]
    except ResponseError:
        return []
    return [
        SlowCommand(
            seconds_ago=float(max(0, now - entry["start_time"])),
            ms=entry["duration"] / 1000,
            command=command_name(entry["command"], scripts),
        )
        for entry in entries
        if int(entry["id"]) > last
    ]
