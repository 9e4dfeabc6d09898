"""Whom connections to Redis speak to: the account that they were told of, and nobody else."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError

from server.log.bus import Bus
from server.log.links.connecting import connect_redis
from server.log.links.peer import require_peer
from server.settings import Settings

GUARD_SECONDS = 60.0


@pytest.fixture
def path() -> Iterator[Path]:
    """A place for a socket, with a path that is short enough."""
    with tempfile.TemporaryDirectory(prefix="deal-") as folder:
        yield Path(folder) / "redis.sock"


class Listener:
    """Somebody on the socket who keeps what is said, and answers everything with OK."""

    def __init__(self) -> None:
        self.heard, self.callers = b"", 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one caller."""
        self.callers += 1
        while data := await reader.read(1000):
            self.heard += data
            writer.write(b"+OK\r\n" * data.count(b"*"))
        writer.close()


@pytest.mark.parametrize("apart", [0, 1, None])
async def test_who_listens_is_asked_before_a_word_is_said(path: Path, apart: int | None) -> None:
    """Somebody else hears nothing, the password least of all; our own is greeted, and by default anybody."""
    listener, expected = Listener(), None if apart is None else os.geteuid() + apart
    pool = ConnectionPool.from_url(f"unix://:secret@{path}", retry=Retry(NoBackoff(), 0), protocol=2)
    require_peer(pool, expected)
    async with await asyncio.start_unix_server(listener.answer, path), Redis.from_pool(pool) as redis:
        if apart:
            with pytest.raises(ConnectionError, match="not our Redis"):
                await redis.ping()
        else:
            await redis.ping()
    assert listener.callers == 1
    assert (b"secret" in listener.heard) == (not apart)
    assert bool(listener.heard) == (not apart)


async def test_bus_and_worker_ask_as_well(path: Path) -> None:
    """Neither the bus nor a worker says a word to somebody else."""
    listener, stranger = Listener(), os.geteuid() + 1
    async with await asyncio.start_unix_server(listener.answer, path):
        bus = asyncio.create_task(Bus(f"unix://:secret@{path}", redis_uid=stranger).run())
        async with connect_redis(f"unix://:secret@{path}", 1, stranger) as redis:
            with pytest.raises(ConnectionError, match="not our Redis"):
                await redis.ping()
        async with asyncio.timeout(GUARD_SECONDS):
            while listener.callers < 3:  # noqa: ASYNC110 - the bus tells nobody
                await asyncio.sleep(0.01)
        bus.cancel()
        await asyncio.gather(bus, return_exceptions=True)
    assert listener.heard == b""


def test_the_setting() -> None:
    """The account is a number; embedded services name it; nothing means anybody."""
    addresses = {"DATABASE_URL": "postgresql://db/deal", "REDIS_URL": "unix:///run/redis.sock"}
    assert Settings.from_environment(addresses).redis_uid is None
    told = Settings.from_environment({**addresses, "DEAL_REDIS_UID": "0"})
    assert told.redis_uid == 0
    assert Settings.from_environment(told.environment()).redis_uid == 0
