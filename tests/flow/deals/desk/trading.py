"""Trades of a deal, as people enter them and screens have them."""

import asyncio
from typing import Any

from client import Deal
from protocol import codec
from protocol.deal.deal_parts import DealTask
from protocol.deal.structure import StructureChanges
from protocol.events import Event, SearchValued
from tests.flow.desk import Both
from tests.flow.shop import events_until

ACV_CENTS = 7_654_32
CRV = {"id": "crv", "year": 2019, "make": "Honda", "model": "CR-V", "mileage": 61_200}
OWED = {"payoff_cents": 13_856_00, "lienholder": "Harbor Credit Union", "payoff_quoted_on": "2026-03-02"}


def trading(*trades: dict[str, Any]) -> StructureChanges:
    """Return changes of trades."""
    return codec.convert(StructureChanges, {"trades": list(trades)})


async def without_trades(both: Both) -> None:
    """Take the trade out with which the deal began."""
    known = [{"id": trade["id"], "removed": True} for trade in both.manager.state.structure["trades"]]
    await both.manager.terms(trading(*known))
    await both.manager.terms(StructureChanges(trade_acv_cents=None))
    await both.caught_up()


def trade_of(deal: Deal, trade_id: str = "crv") -> dict[str, Any]:
    """Return a trade as a screen has it."""
    trades: list[dict[str, Any]] = deal.state.structure["trades"]
    return next(trade for trade in trades if trade["id"] == trade_id)


def tasks_of(deal: Deal) -> list[DealTask]:
    """Return the open tasks that a screen has."""
    tasks = deal.state.tasks
    assert isinstance(tasks, list)
    return [task for task in tasks if task.done_by is None]


async def offered(both: Both) -> set[str]:
    """Search, and return the cars that have an offer."""
    search_id = await both.sales.search(limit=40)

    def ours(event: Event) -> bool:
        # A change of terms repeats the search before, and its values may still be on their way.
        return isinstance(event, SearchValued) and event.search_id == search_id

    await asyncio.gather(events_until(both.sales, ours), events_until(both.manager, ours))
    return {car for car, row in both.sales.rows.items() if row.offer and row.offer["payment_cents"]}
