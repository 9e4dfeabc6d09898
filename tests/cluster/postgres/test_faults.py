"""The short form of ``make faults ARGS="--postgres scaled"``: what PgBouncer and a replica do, under load."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.cluster import needs
from tests.cluster.postgres.faults import SCALED_FAULTS, open_scaled
from tests.cluster.postgres.measured import figure
from tests.faults.faults import FAULTS, Fault
from tests.faults.play import play
from tests.faults.stage import Formation, Stage, open_stage

BACK_SECONDS = 12.0
"""Less than PgBouncer waits, if nobody tells it otherwise, before it asks a database again that was away."""

SHORT = [
    *(one for one in FAULTS if one.name == "postgres restarted"),
    *(one for one in SCALED_FAULTS if one.short),
]

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """PgBouncer, a replica, two web processes and two workers that live through all faults."""
    needs.binary("pgbouncer")
    async with open_stage(formation=Formation(around=open_scaled)) as opened:
        yield opened


@pytest.mark.parametrize("fault", [pytest.param(one, id=one.name) for one in SHORT])
async def test_fault(stage: Stage, fault: Fault) -> None:
    """Everybody hears everything once and in order, ends up seeing what is, and the replica was read."""
    result = await play(stage, fault.name, fault.inject)
    assert result.is_clean, "\n".join([str(result.findings.counts), *result.findings.details])
    assert result.events > 0
    assert len(result.recovery) == result.viewers
    assert result.longest_seconds < BACK_SECONDS
    addresses = [f"http://127.0.0.1:{web.settings.port}" for web in stage.webs]
    read = [await figure(one, "deal_search_snapshots_total", database="replica_1") for one in addresses]
    assert sum(read) > 0
