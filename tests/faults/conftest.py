"""One stage for all faults of the test run."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.faults.stage import Stage, open_stage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage() -> AsyncIterator[Stage]:
    """PostgreSQL, Redis, two web processes and two workers that live through all faults."""
    async with open_stage() as opened:
        yield opened
