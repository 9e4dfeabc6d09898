"""The generator's flow works on the same stock as the other flows."""

from collections.abc import Iterator

import pytest

from server.settings import Settings
from tests.flow.searches.searching import STOCK
from tests.services import Services, Templates, free_port, settings_for


@pytest.fixture
def stocked(services: Services, templates: Templates, redis_url: str) -> Iterator[Settings]:
    """Settings for sample stores, lenders and cars, and an empty Redis."""
    with services.database(templates.of(STOCK)) as made:
        yield settings_for(made, redis_url, free_port())
