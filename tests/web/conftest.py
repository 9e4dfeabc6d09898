"""Fixtures of the pages' tests."""

from collections.abc import AsyncIterator

import pytest

from server.database.sample.seed import SeedPlan
from server.settings import Settings
from tests.web.site import Site, open_site


@pytest.fixture
def sample() -> SeedPlan:
    """A little sample data."""
    return SeedPlan(vehicles=10, customers=10, deals=6)


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[Site]:
    """The pages over a database with a little sample data."""
    async with open_site(settings, demo=True) as opened:
        yield opened
