"""A web process and a worker over a small stock, for a raw client."""

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.database.core.pool import connect_as_owner
from server.database.people.credentials import CredentialKind, issue_credential
from server.database.people.users import find_by_login
from server.database.sample.seed import SeedPlan
from server.settings import Settings
from tests.flow.wire.raw import Address
from tests.services import start_together

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def sample() -> SeedPlan:
    """A small stock."""
    return SeedPlan(vehicles=400, customers=8, deals=8)


@pytest.fixture
async def address(settings: Settings, tmp_path: Path) -> AsyncIterator[Address]:
    """A web process and a worker over sample data."""
    async with connect_as_owner(settings.database_owner_url) as database:
        account = await find_by_login(database, "riverside-manager")
        assert account is not None
        bearer = await issue_credential(database, account.id, CredentialKind.BEARER, HOUR)
        sales = await find_by_login(database, "riverside-sales")
        assert sales is not None
        cookie = await issue_credential(database, sales.id, CredentialKind.COOKIE, HOUR)
        deals = [
            await database.fetchval(
                "SELECT deal_id FROM deals WHERE store_id = $1 ORDER BY deal_id LIMIT 1", store
            )
            for store in ("riverside", "northgate")
        ]
    async with start_together(settings, tmp_path) as [web]:
        yield Address(
            url=web.url.replace("http", "ws", 1) + "/ws",
            origin=web.url,
            channel=f"deal:{deals[0]}",
            foreign_channel=f"deal:{deals[1]}",
            bearer={"Authorization": f"Bearer {bearer}"},
            cookie={"Cookie": f"deal_session={cookie}"},
        )
