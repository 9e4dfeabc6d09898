"""Where a state machine's log is: in memory or in Redis, each with the faults of a Redis."""

import uuid
from typing import Any, Protocol

from redis.asyncio import Redis

from server.log.channel_log import ChannelLog
from server.log.redis_log import RedisLog
from tests.log.writing import DEAL
from tests.twin.memory_channels import Saved
from tests.twin.memory_log import MemoryLog


class Store(Protocol):
    """Where the log is, and its faults."""

    log: ChannelLog

    async def open(self) -> None:
        """Be empty."""

    async def lose(self) -> None:
        """Lose everything."""

    async def save(self) -> Any:
        """Return all that there is."""

    async def restore(self, saved: Any) -> None:
        """Come back as another run, with what was saved."""

    async def close(self) -> None:
        """Leave."""


class MemoryStore:
    """The twin."""

    def __init__(self) -> None:
        self.log = MemoryLog()

    async def open(self) -> None:
        """Begin empty, as every new one does."""

    async def lose(self) -> None:
        self.log.lose()

    async def save(self) -> Saved:
        return self.log.save()

    async def restore(self, saved: Saved) -> None:
        self.log.restore(saved)

    async def close(self) -> None:
        """Nothing is open."""


class RedisStore:
    """A real Redis, whose restarts are played on its keys: a run id of another run stands in the epoch."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url)
        self.log = RedisLog(self._redis)

    async def open(self) -> None:
        await self._redis.flushall()

    async def lose(self) -> None:
        await self._redis.flushall()

    async def save(self) -> dict[bytes, bytes]:
        return {key: await self._redis.dump(key) for key in await self._redis.keys("*")}

    async def restore(self, saved: dict[bytes, bytes]) -> None:
        await self._redis.flushall()
        for key, dumped in saved.items():
            await self._redis.restore(key, 0, dumped)
        if saved:
            await self._redis.hset(f"{{{DEAL}}}:meta", "epoch", f"{uuid.uuid4().hex:0<40}-nonce")

    async def close(self) -> None:
        await self._redis.aclose()
