"""A new day over real processes whose clock is turned: what it changes of agreed figures is shown."""

import asyncio
import datetime as dt
from contextlib import AsyncExitStack
from typing import Any, Final

import pytest

from server.database.core.pool import connect_as_owner
from tests.faults.clock import LOOK_SECONDS
from tests.faults.people.dealing import TRADE, Dealer
from tests.faults.play import running, viewer_of
from tests.faults.stage import Stage

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]
GUARD_SECONDS: Final = 60.0
DAY_SECONDS: Final = 86_400
PER_DIEM_CENTS: Final = 90_00


async def test_a_payoff_that_grows_with_the_day_returns_the_deal_to_working(stage: Stage) -> None:
    """The lienholder asks for more each day; the deal shows both figures, and that the day is the cause."""
    (channel,) = stage.next_deals(1)
    working = asyncio.Event()
    working.set()
    people = {who: viewer_of(stage, f"day-{who}", who, {channel: who}, 0) for who in ("manager", "sales")}
    async with AsyncExitStack() as stack, asyncio.timeout(GUARD_SECONDS):
        for viewer in people.values():
            await stack.enter_async_context(running(viewer.run()))
        await until(lambda: all(viewer.is_live for viewer in people.values()))
        manager, sales = (
            Dealer(viewer, channel, working, is_manager=who == "manager") for who, viewer in people.items()
        )
        await manager.prepare()
        screen = people["sales"].channels[channel]
        today = dt.datetime.now(dt.UTC).date()
        payoff = {
            "id": TRADE,
            "payoff_cents": 2_000_00,
            "payoff_quoted_on": today.isoformat(),
            "payoff_per_diem_cents": PER_DIEM_CENTS,
            "payoff_good_through": (today + dt.timedelta(days=20)).isoformat(),
        }
        assert await manager.do({"type": "terms", "changes": {"trades": [payoff]}}) is not None
        await until(lambda: bool(screen.screen and screen.screen.rows and screen.screen.is_settled()))
        assert screen.screen is not None
        await select_with_room(sales, screen)
        while screen.screen.state != "submitted":
            await sales.go_on()
            await asyncio.sleep(0.05)
        agreed = screen.screen.agreed
        try:
            for web in stage.webs:
                stage.turn_clock(web, DAY_SECONDS)
            # From then on nobody believes in the time before: what wakes a process now finds another day.
            await asyncio.sleep(2 * LOOK_SECONDS)
            async with connect_as_owner(stage.settings.database_owner_url) as owner:
                # Whatever wakes the process before its next look at the day.
                await owner.execute("SELECT pg_notify('deal_facts', 'all')")
                await until(lambda: screen.screen is not None and screen.screen.state == "working")
                step = await last_step(owner, channel)
        finally:
            for web in stage.webs:
                stage.turn_clock(web, 0)
        assert (step["to"], step["reason"]) == ("working", "day_changed")
        assert step["figures"]["old"] == agreed
        assert paid(step["figures"]["new"]) > paid(step["figures"]["old"])


async def select_with_room(sales: Dealer, shown: Any) -> None:
    """Select a car whose lender asks for no cash yet: others may have no price with a larger payoff."""
    for car in sorted(shown.screen.rows):
        if await sales.do({"type": "select", "vehicle_id": car}) is None:
            continue
        await until(lambda car=car: (shown.screen.offer or {}).get("vehicle_id") == car)
        offer = shown.screen.offer
        if offer.get("lender") and not offer["cash_down_cents"]:
            return
    raise AssertionError("no car was offered without cash")


def paid(figures: dict[str, int]) -> int:
    """Return what the customer pays by some figures, at once and later."""
    return figures["cash_down_cents"] + figures["total_cents"]


async def last_step(owner: Any, channel: str) -> dict[str, Any]:
    """Return the deal's last change of state."""
    body: dict[str, Any] = await owner.fetchval(
        "SELECT body FROM deal_events WHERE deal_id::text = $1 AND kind = 'state_changed'"
        " ORDER BY no DESC LIMIT 1",
        channel.partition(":")[2],
    )
    return body


async def until(holds: Any) -> None:
    """Wait until something holds."""
    while not holds():  # noqa: ASYNC110 - viewers tell nobody
        await asyncio.sleep(0.02)
