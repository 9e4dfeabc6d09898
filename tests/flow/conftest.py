"""Fixtures of the flows: a stocked database, and one process's searches and queue in the test itself."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.settings import Settings
from tests.flow.desk import Both, open_both
from tests.flow.searches.searching import STOCK, Searching, open_searching
from tests.services import Services, Templates, free_port, settings_for


@pytest.fixture
def stocked(services: Services, templates: Templates, redis_url: str) -> Iterator[Settings]:
    """Settings for sample stores, lenders, 900 cars and ten deals, and an empty Redis; jobs are leased for
    300 ms.
    """
    with services.database(templates.of(STOCK)) as made:
        yield replace(settings_for(made, redis_url, free_port()), job_lease_ms=300)


@pytest.fixture
async def searching(stocked: Settings) -> AsyncIterator[Searching]:
    """A process's search service in the test itself, on the stocked database."""
    async with open_searching(stocked) as opened:
        yield opened


@pytest.fixture
async def both(stocked: Settings, tmp_path: Path) -> AsyncIterator[Both]:
    """A salesperson and a manager with one deal open, over real processes."""
    async with open_both(stocked, tmp_path) as opened:
        yield opened
