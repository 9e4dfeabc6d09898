"""A salesperson and a manager who have the same deal open."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from client import Deal
from protocol.closing import CommandError
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, LenderStatus, Reason
from protocol.events import DealSnapshot, Event, SearchValued
from protocol.records import DealKind, DealState, Tier, View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.current import GUARD_SECONDS, keep_current, stored_version
from tests.flow.shop import EASY, a_deal_of, connect, events_until, token_of
from tests.services import start_together

TOMORROW = dt.timedelta(days=1)


@dataclass(frozen=True)
class Both:
    """A deal, open at a salesperson's and at a manager's, with cars that have an offer."""

    sales: Deal
    manager: Deal
    cars: list[str]
    settings: Settings

    async def agree(self, holds: Callable[[DealSnapshot], bool]) -> DealSnapshot:
        """Wait until both have seen what ``holds`` asks for; return the manager's state."""
        await asyncio.gather(seen(self.sales, holds), seen(self.manager, holds))
        return self.manager.state

    async def submitted(self) -> DealOffer:
        """Select the first car and submit it."""
        await self.sales.desk.select(self.cars[0])
        await self.agree(lambda deal: deal.selected is not None)
        await self.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
        state = await self.agree(lambda deal: deal.state is DealState.SUBMITTED)
        assert state.selected is not None
        return state.selected

    async def lender_approves(self, offer: DealOffer, **terms: object) -> None:
        """Record that the offer's lender takes it as it is, with one stipulation."""
        row = await self._programme(offer)
        given = {
            "tier": Tier(row["tier"]),
            "rate_bp": float(row["buy_rate_bp"]),
            "advance_max_cents": offer.principal_cents + 1_000_00,
            "term_months": 84,
            "stipulations": ["Proof of income"],
            "expires_at": dt.datetime.now(dt.UTC) + TOMORROW,
        }
        assert isinstance(offer.lender, str)
        await self.manager.desk.lender_decision(
            offer.lender,
            LenderStatus.CONDITIONAL,
            **(given | terms),  # type: ignore[arg-type]
        )
        await self.caught_up()

    async def caught_up(self) -> None:
        """Wait until both have heard everything that Postgres has."""
        stored = await self.version()
        await self.agree(lambda deal: deal.version >= stored)

    async def version(self) -> int:
        """Return the deal's version as it is stored."""
        return await stored_version(self.settings, self.sales.state.id)

    async def reason_of_fall(self) -> str:
        """Return why the server returned the deal to working, by itself."""
        async with connect_as_owner(self.settings.database_owner_url) as database:
            found: str = await database.fetchval(
                "SELECT body->>'reason' FROM deal_events WHERE deal_id::text = $1 AND user_id IS NULL"
                " AND kind = 'state_changed' ORDER BY no DESC LIMIT 1",
                self.sales.state.id,
            )
            return found

    async def run_sql(self, statement: str, *args: object) -> None:
        """Change what the store's own systems change."""
        async with connect_as_owner(self.settings.database_owner_url) as database:
            await database.execute(statement, *args)

    async def _programme(self, offer: DealOffer) -> dict[str, object]:
        async with connect_as_owner(self.settings.database_owner_url) as database:
            found = await database.fetchrow(
                "SELECT tier, buy_rate_bp FROM lender_programmes"
                " WHERE programme_id = $1 AND tier = $2 AND term_months = $3",
                offer.programme_id,
                offer.tier,
                offer.term_months,
            )
        assert found is not None
        return dict(found)


async def no_rates_in_force(settings: Settings) -> None:
    """Let every rate sheet begin tomorrow, which only the schema's owner can."""
    await _begin_sheets(settings, "current_date + 1")


async def rates_in_force_again(settings: Settings) -> None:
    """Let every rate sheet be in force."""
    await _begin_sheets(settings, "current_date - 1")


async def _begin_sheets(settings: Settings, when: str) -> None:
    async with connect_as_owner(settings.database_owner_url) as owner, owner.transaction():
        await owner.execute("ALTER TABLE rate_sheets DISABLE TRIGGER USER")
        await owner.execute(f"UPDATE rate_sheets SET effective_from = {when}")  # noqa: S608 - of our own
        await owner.execute("ALTER TABLE rate_sheets ENABLE TRIGGER USER")
        # What a new sheet would tell by its trigger.
        await owner.execute("SELECT pg_notify('rates', '')")


async def seen(deal: Deal, holds: Callable[[DealSnapshot], bool]) -> None:
    """Follow a deal's events until its state is as asked for."""
    async with asyncio.timeout(GUARD_SECONDS):
        while not holds(deal.state):
            await anext(deal)


def offered(deal: Deal, kind: DealKind) -> list[str]:
    """Return the cars that have an offer of a kind."""
    return [car for car, row in deal.rows.items() if row.offer and row.offer["kind"] == kind]


async def searched_again(both: Both, changes: StructureChanges, kind: DealKind, least: int) -> list[str]:
    """Change the terms, which repeats the search; return the cars with an offer of a kind, once both people
    have so many of the new search.
    """
    before = _search_of(both.sales)
    await both.sales.terms(changes)
    deals = (both.sales, both.manager)
    await asyncio.gather(*(_until_offered(deal, before, kind, least) for deal in deals))
    return offered(both.sales, kind)


async def _until_offered(deal: Deal, before: str | None, kind: DealKind, least: int) -> None:
    # The search before may have had offers of this kind, too.
    async with asyncio.timeout(GUARD_SECONDS):
        while _search_of(deal) == before or len(offered(deal, kind)) < least:
            await anext(deal)


def _search_of(deal: Deal) -> str | None:
    return None if deal.search_state is None else deal.search_state.search_id


def valued(event: Event) -> bool:
    """Return whether this is the end of a search with all its values."""
    return isinstance(event, SearchValued)


def is_valued(search_id: str) -> Callable[[Event], bool]:
    """Return what finds the event that all values of a search are there."""
    return lambda each: isinstance(each, SearchValued) and each.search_id == search_id


@asynccontextmanager
async def open_both(stocked: Settings, tmp_path: Path) -> AsyncIterator[Both]:
    """A deal with easy terms that has been searched."""
    channel = await a_deal_of(stocked)
    async with (
        start_together(stocked, tmp_path) as [web],
        connect(web.url, await token_of(stocked, "riverside-sales")) as one,
        connect(web.url, await token_of(stocked, "riverside-manager")) as two,
    ):
        sales = keep_current(await one.join(channel, View.SALES), stocked)
        manager = keep_current(await two.join(channel, View.MANAGER), stocked)
        await manager.terms(EASY)
        await sales.search(limit=40)
        await asyncio.gather(events_until(sales, valued), events_until(manager, valued))
        cars = [row.vehicle_id for row in sales.rows.values() if row.offer and row.offer["payment_cents"]]
        assert len(cars) > 3
        yield Both(sales, manager, cars, stocked)


async def refused(doing: object) -> CommandError:
    """Return how a command was refused."""
    with pytest.raises(CommandError) as caught:
        await doing  # type: ignore[misc]
    return caught.value
