"""The short form of ``make faults ARGS="--redis cluster"``: what is a cluster's own, under load."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.cluster.redis.faults import CLUSTER_FAULTS, SHORT, ClusterServer
from tests.cluster.redis.programs import program_of
from tests.faults.faults import Fault
from tests.faults.play import play
from tests.faults.stage import Stage, open_stage

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """PostgreSQL, a cluster, two web processes and two workers that live through all faults."""
    program_of()
    async with open_stage(redis_in=ClusterServer) as opened:
        yield opened


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.name) for each in SHORT])
async def test_fault(stage: Stage, fault: Fault) -> None:
    """Everybody hears everything once and in order, and ends up seeing what is."""
    result = await play(stage, fault.name, fault.inject)
    assert result.is_clean, "\n".join([str(result.findings.counts), *result.findings.details])
    assert result.events > 0
    assert len(result.recovery) == result.viewers


@pytest.mark.long
async def test_a_lost_end_that_is_continued_is_noticed(stage: Stage) -> None:
    """Without its epochs, a replica that is behind would give numbers a second time: the checker finds it."""
    behind = next(fault for fault in CLUSTER_FAULTS if "behind" in fault.name)
    await stage.start_broken("epoch check")
    try:
        result = await play(stage, behind.name, behind.inject, patience_seconds=8.0)
        assert not result.is_clean
    finally:
        await stage.start()
