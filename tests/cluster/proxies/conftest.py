"""A stage behind each proxy in turn: four web processes as on four hosts, four workers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.cluster import needs
from tests.faults.stage import Formation, Stage, open_stage
from tests.services.proxies import PROXIES


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep one rolling restart, behind nginx, for the short form; all of them take minutes."""
    for item in items:
        called = getattr(item, "callspec", None)
        if called is None or item.path.name != "test_faults.py" or item.path.parent != Path(__file__).parent:
            continue
        if (called.params["stage"], called.params["fault"].name) != ("nginx", "rolling restart"):
            item.add_marker(pytest.mark.long)


@pytest_asyncio.fixture(scope="package", loop_scope="session", params=PROXIES)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Everything that faults are played on, behind a proxy."""
    needs.binary(request.param)
    needs.binary("openssl")
    async with open_stage(formation=Formation(webs=4, workers=4, proxy=request.param)) as opened:
        yield opened
