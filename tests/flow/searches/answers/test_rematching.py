"""A repriced car is matched and valued at its new price, whatever fails after its screens were told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from client import Deal
from client.rows import ValueState
from protocol.events import DealSnapshot
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.desk import no_rates_in_force, rates_in_force_again, seen, valued
from tests.flow.shop import EASY, a_deal_of, connect, events_until, token_of
from tests.services import Process, start_together, start_web

pytestmark = pytest.mark.flow
GUARD_SECONDS = 60.0


@dataclass(frozen=True)
class Screen:
    """A deal that shows valued cars, through a web process that a test may end."""

    deal: Deal
    car: str
    web: Process
    settings: Settings

    async def reprice(self) -> None:
        """Change the car's price."""
        async with connect_as_owner(self.settings.database_owner_url) as owner:
            await owner.execute(
                "UPDATE vehicles SET price_cents = price_cents - 30000 WHERE vehicle_id::text = $1", self.car
            )

    async def shows(self, rev: int, value: ValueState) -> None:
        """Wait until the car is shown at its revision, and with its value in this state. The supply of its
        model and its floorplan stay.
        """
        before = stay_of(self.deal, self.car)

        def holds(_: DealSnapshot) -> bool:
            row = self.deal.rows[self.car]
            return (row.rev, row.value) == (rev, value)

        await seen(self.deal, holds)
        assert stay_of(self.deal, self.car) == before


def stay_of(deal: Deal, car: str) -> list[object]:
    """Return what a row says of the car's stay."""
    names = ("days_in_stock", "days_supply", "floorplan_cents")
    return [deal.rows[car].match[name] for name in names]


@pytest.fixture
async def screen(stocked: Settings, tmp_path: Path) -> AsyncIterator[Screen]:
    """A deal with easy terms that has been searched; statements take 500 ms at most, lost jobs 300."""
    settings = replace(stocked, statement_timeout_ms=500, job_overdue_ms=300)
    async with (
        start_together(settings, tmp_path) as [web],
        connect(web.url, await token_of(settings, "riverside-manager")) as workspace,
    ):
        deal = await workspace.join(await a_deal_of(settings))
        await deal.terms(EASY)
        await deal.search(limit=30)
        await events_until(deal, valued)
        car = next(car for car, row in deal.rows.items() if row.offer and row.offer["payment_cents"])
        yield Screen(deal, car, web, settings)


@asynccontextmanager
async def no_customer_to_read(settings: Settings) -> AsyncIterator[None]:
    """Let nobody match a car: whoever reads the deal anew waits."""
    async with connect_as_owner(settings.database_owner_url) as owner, owner.transaction():
        await owner.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        yield


async def says(process: Process, words: str) -> None:
    """Wait until a process has written these words."""
    async with asyncio.timeout(GUARD_SECONDS):
        while words not in process.output():  # noqa: ASYNC110 - a file tells nobody of these changes
            await asyncio.sleep(0.01)


async def test_a_car_whose_matching_failed_is_matched_later(screen: Screen) -> None:
    """Told of once, and then the database failed: it does not stay pending."""
    async with no_customer_to_read(screen.settings):
        await screen.reprice()
        await screen.shows(2, ValueState.PENDING)
        await says(screen.web, "QueryCanceled")
    await screen.shows(2, ValueState.VALUED)


async def test_a_car_is_matched_once_there_are_rates(screen: Screen) -> None:
    """Without a rate sheet in force nothing can be matched: that is an outage as any other."""
    await no_rates_in_force(screen.settings)
    await screen.reprice()
    await says(screen.web, "NotInForce")
    await rates_in_force_again(screen.settings)
    await screen.shows(2, ValueState.VALUED)


async def test_a_car_whose_process_died_is_matched_by_another(screen: Screen, tmp_path: Path) -> None:
    """It had told of the new price, and died before it matched the car."""
    async with AsyncExitStack() as others:
        async with no_customer_to_read(screen.settings):
            await screen.reprice()
            await screen.shows(2, ValueState.PENDING)
            await screen.web.kill()
        await others.enter_async_context(start_web(screen.settings, tmp_path))
        await screen.shows(2, ValueState.VALUED)
