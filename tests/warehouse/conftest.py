"""An operational database with two stores, and a warehouse behind a proxy that makes it a Redshift."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from server.database.core.pool import open_pool, prepare_connection
from server.settings import Settings
from server.warehouse.fields import What
from server.warehouse.layout import read_layout
from server.warehouse.reading.pacing import Pacing, Patience
from server.warehouse.reading.source import Warehouse
from server.warehouse.rejects import open_rejects
from server.warehouse.syncing import Outcome, Plan, sync_once
from tests.services import Database, Services
from tests.warehouse.redshift import Redshift, open_redshift
from tests.warehouse.sample import TABLES

STORES = ("riverside", "lakeside")
QUICK = Patience(
    attempts=8, first_seconds=0.001, longest_seconds=0.01, statement_seconds=10, connect_seconds=10
)


@dataclass
class Both:
    """The two databases: ``source`` reaches the warehouse past the proxy, ``ours`` is the operational one."""

    settings: Settings
    proxy: Redshift
    warehouse: Database
    source: asyncpg.Connection
    ours: asyncpg.Connection
    folder: Path
    patience: Patience = QUICK
    last: Warehouse | None = field(default=None)

    @property
    def url(self) -> str:
        """The warehouse's address, through the proxy."""
        return self.proxy.url(self.warehouse.name, "deal_owner")

    async def sync(self, *what: str, layout: Path | None = None, **options: Any) -> dict[str, Outcome]:
        """Sync once, through the proxy. Raises what was refused."""
        kinds = tuple(map(What, what)) or tuple(What)
        options = {"rows": 7, "lag": dt.timedelta(0), **options}
        plan = Plan(read_layout(layout), kinds, self.folder / "history", **options)
        self.last = Warehouse(self.url, Pacing(1.0), self.patience)
        async with await open_pool(self.settings) as pool:
            with open_rejects(self.folder / "rejects.csv") as rejects:
                found = await sync_once(
                    plan, self.last, self.settings.database_owner_url, pool, rejects=rejects
                )
        for outcome in found.values():
            if outcome.refused is not None:
                raise outcome.refused
        return {str(what): outcome for what, outcome in found.items()}

    async def change(self, sql: str, *arguments: Any) -> None:
        """Change the warehouse."""
        await self.source.execute(sql, *arguments)

    def rejects(self) -> str:
        """Return the file of rejected rows."""
        return (self.folder / "rejects.csv").read_text()


@pytest.fixture(scope="session")
def filled(services: Services, migrated: Database) -> Iterator[Database]:
    """The template of the operational database: the schema and two stores of one group."""
    with services.database(migrated) as made:
        services.run_sql(
            "INSERT INTO store_groups VALUES ('miami', 'Miami Valley'), ('lone', 'Lone')",
            "INSERT INTO stores (store_id, group_id, name, state) VALUES ('riverside', 'miami',"
            " 'Riverside', 'OH'),"
            " ('lakeside', 'miami', 'Lakeside', 'OH'), ('lonely', 'lone', 'Lonely', 'OH')",
            database=made.name,
        )
        yield made


@pytest.fixture(scope="session")
def emptied(services: Services) -> Iterator[Database]:
    """The template of the warehouse: its tables."""
    with services.database() as made:
        services.run_sql(f"SET ROLE deal_owner; {TABLES}", database=made.name)
        yield made


@pytest.fixture
def database(services: Services, filled: Database) -> Iterator[Database]:
    """The operational database of a test."""
    with services.database(filled) as made:
        yield made


@pytest.fixture
async def both(
    services: Services, settings: Settings, emptied: Database, tmp_path: Path
) -> AsyncIterator[Both]:
    """The operational database, and a warehouse without rows."""
    parts = parse_qs(urlsplit(settings.database_owner_url).query)
    socket = Path(parts["host"][0]) / f".s.PGSQL.{parts['port'][0]}"
    with services.database(emptied) as warehouse:
        source = await asyncpg.connect(warehouse.owner_url)
        ours = await asyncpg.connect(settings.database_owner_url)
        await prepare_connection(ours)
        async with open_redshift(socket) as proxy:
            proxy.booleans = frozenset({"is_new"})
            yield Both(settings, proxy, warehouse, source, ours, tmp_path)
        await source.close()
        await ours.close()
