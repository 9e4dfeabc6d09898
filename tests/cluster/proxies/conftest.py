"""A stage behind each proxy in turn: four web processes as on four hosts, four workers."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.cluster import needs
from tests.faults.stage import Formation, Stage, open_stage
from tests.services.proxies import PROXIES


@pytest_asyncio.fixture(scope="package", loop_scope="session", params=PROXIES)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Everything that faults are played on, behind a proxy."""
    needs.binary(request.param)
    needs.binary("openssl")
    async with open_stage(formation=Formation(webs=4, workers=4, proxy=request.param)) as opened:
        yield opened
