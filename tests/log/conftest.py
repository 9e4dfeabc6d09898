"""The log over a real Redis, and its twin in memory."""

from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
from redis.asyncio import Redis

from server.log.channel_log import ChannelLog
from server.log.redis_log import RedisLog
from tests.twin.memory_log import MemoryLog

MakeLog = Callable[..., ChannelLog]
"""Makes a log, with its bounds where they matter."""


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.flow)])
async def make_log(request: pytest.FixtureRequest) -> AsyncIterator[MakeLog]:
    """How to make a log: in memory, then in Redis."""
    if request.param == "memory":
        yield MemoryLog
        return
    async with Redis.from_url(request.getfixturevalue("redis_url")) as client:
        yield partial(RedisLog, client)


@pytest.fixture
def log(make_log: MakeLog) -> ChannelLog:
    """A log without any channel."""
    return make_log()
