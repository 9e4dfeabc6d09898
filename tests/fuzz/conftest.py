"""One web process for all of these tests, with short deadlines; its log is looked at after each."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from server.database.core.pool import connect_as_owner
from server.database.deals.deals import list_deals
from server.database.sample.seed import SeedPlan
from tests.flow.shop import token_of
from tests.fuzz.wire import Target
from tests.services import Process, Services, Templates, free_port, settings_for, start_web

STOCK = SeedPlan(vehicles=60, customers=6, deals=6, stores=2)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served(
    services: Services, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Process, Target]]:
    """A web process over sample data."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    with services.database(await asyncio.to_thread(templates.of, STOCK)) as made:
        settings = settings_for(made, services.redis_url, free_port())
        token = await token_of(settings, "riverside-manager")
        sales_token = await token_of(settings, "riverside-sales")
        async with connect_as_owner(made.owner_url) as database:
            rows, _ = await list_deals(database, "riverside", None, 1)
            vehicle = await database.fetchval(
                "SELECT vehicle_id::text FROM vehicles WHERE store_id = 'riverside' LIMIT 1"
            )
        async with start_web(settings, folder, module="tests.fuzz.short_limits") as web:
            yield web, Target(settings.port, token, f"deal:{rows[0].id}", vehicle, web.pid, sales_token)


@pytest.fixture(scope="session")
def target(served: tuple[Process, Target]) -> Target:
    """The server to be tried."""
    return served[1]


@pytest.fixture(autouse=True)
def unharmed(served: tuple[Process, Target]) -> Iterator[None]:
    """After each test the server still runs and has logged no error of its own."""
    web, _ = served
    before = len(web.output())
    yield
    assert web.process.returncode is None
    for line in web.output()[before:].splitlines():
        entry = json.loads(line)
        assert entry["level"] not in {"error", "critical"}, line
        assert "exception" not in entry, line
