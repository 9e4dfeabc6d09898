"""One stage for all faults of a test run, gone when they have been played."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.faults.stage import Stage, open_stage


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stage() -> AsyncIterator[Stage]:
    """PostgreSQL, Redis, two web processes and two workers that live through all faults."""
    async with open_stage() as opened:
        yield opened
