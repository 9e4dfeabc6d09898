"""Fixtures of the flows: a stocked database, and one process's searches and queue in the test itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.database.sample.seed import seed
from server.settings import Settings
from tests.flow.desk import Both, open_both
from tests.flow.searches.searching import STOCK, Searching, open_searching
from tests.services import Database, Services, free_port, settings_for


@pytest.fixture(scope="session")
def stocked_template(services: Services, migrated: Database) -> Iterator[Database]:
    """A database with sample stores, lenders, 900 cars and ten deals: the template of ``stocked``."""
    with services.database(migrated) as made:
        asyncio.run(seed(made.owner_url, STOCK))
        yield made


@pytest.fixture
def stocked(services: Services, stocked_template: Database, redis_url: str) -> Iterator[Settings]:
    """Settings for a fresh copy of the stocked database and an empty Redis; jobs are leased for 300 ms."""
    with services.database(stocked_template) as made:
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
