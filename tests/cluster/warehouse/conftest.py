"""A warehouse on a PostgreSQL server of its own, behind a proxy that makes it a Redshift."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from server.database.core.pool import prepare_connection
from server.embedded import EmbeddedServices
from server.settings import Settings
from tests.flow.conftest import stocked
from tests.services import Services, open_folder
from tests.warehouse.conftest import Both, database, filled
from tests.warehouse.redshift import open_redshift
from tests.warehouse.sample import TABLES

__all__ = ["database", "filled", "stocked"]


@pytest.fixture(scope="session")
def second() -> Iterator[tuple[Services, Path]]:
    """Another PostgreSQL server, and its socket."""
    with open_folder(in_memory=True) as folder, EmbeddedServices(folder, fleeting=True) as embedded:
        socket = next(folder.rglob(".s.PGSQL.5432"))
        yield Services(embedded), socket


@pytest.fixture
async def both(second: tuple[Services, Path], settings: Settings, tmp_path: Path) -> AsyncIterator[Both]:
    """The operational database, and a warehouse without rows on the other server."""
    servers, socket = second
    with servers.database() as warehouse:
        servers.run_sql(f"SET ROLE deal_owner; {TABLES}", database=warehouse.name)
        source = await asyncpg.connect(warehouse.owner_url)
        ours = await asyncpg.connect(settings.database_owner_url)
        await prepare_connection(ours)
        async with open_redshift(socket) as proxy:
            proxy.booleans = frozenset({"is_new"})
            yield Both(settings, proxy, warehouse, source, ours, tmp_path)
        await source.close()
        await ours.close()
