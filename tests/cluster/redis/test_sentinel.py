"""Behind Sentinels: whoever they name is found, also after a fail-over under load."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.exceptions import ConnectionError as LostConnection

from server.log.links.connecting import connect_redis
from tests.cluster.redis.programs import program_of
from tests.cluster.redis.sentinels import REPLICAS, SentinelServer
from tests.faults.play import Scene, play
from tests.faults.stage import Stage, open_stage

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """PostgreSQL, Redis with Sentinels, two web processes and two workers."""
    program_of()
    async with open_stage(redis_in=SentinelServer) as opened:
        yield opened


@pytest.mark.parametrize(
    "crash",
    [pytest.param(True, id="crash"), pytest.param(False, id="in good order", marks=pytest.mark.long)],
)
async def test_a_fail_over_loses_nothing(stage: Stage, crash: bool) -> None:
    """Everybody hears everything once and in order; the former master comes back as a replica."""
    server = stage.redis
    assert isinstance(server, SentinelServer)

    async def inject(_: Scene) -> None:
        former = await asyncio.to_thread(server.fail_over, crash=crash)
        if crash:
            await asyncio.to_thread(former.start)
        await stage.ready()

    result = await play(stage, "fail-over", inject)
    assert result.is_clean, "\n".join([str(result.findings.counts), *result.findings.details])
    assert result.events > 0
    assert len(result.recovery) == result.viewers
    await asyncio.to_thread(server.wait_well, 1 + REPLICAS)


async def test_one_sentinel_of_those_named_is_enough(stage: Stage) -> None:
    """Who does not answer is passed over; a master that nobody knows is an outage."""
    server = stage.redis
    assert isinstance(server, SentinelServer)
    one = f"127.0.0.1:1,127.0.0.1:{server.sentinels[2].port}"
    async with connect_redis(f"redis+sentinel://{one}/deals", 1) as client:
        assert await client.ping()
    async with connect_redis(f"redis+sentinel://{one}/nobody", 1) as client:
        with pytest.raises(LostConnection, match="knows none"):
            await client.ping()
