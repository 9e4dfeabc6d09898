"""A web process of which quotes are asked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.settings import Settings
from tests.services import start_together


@pytest.fixture
async def web_url(stocked: Settings, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a web process; a worker values beside it."""
    async with start_together(stocked, tmp_path) as [web]:
        yield web.url
