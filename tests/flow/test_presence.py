"""Who is here, over two web processes: people see each other, and go when they are gone."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from client import Deal
from protocol.closing import CommandError
from protocol.events import Present
from protocol.records import View
from server.settings import Settings
from tests.flow.shop import a_deal_of, connect, token_of
from tests.services import free_port, start_web

pytestmark = pytest.mark.flow
GUARD_SECONDS = 60.0
SHORT = "tests.flow.short_presence"
Here = Callable[[list[Present]], bool]


async def until(deal: Deal, holds: Here) -> None:
    """Follow a channel until those who are there are as asked for."""
    async with asyncio.timeout(GUARD_SECONDS):
        while not holds(deal.here):
            await anext(deal)


def of(*names: str) -> Here:
    """Return whether exactly these are here."""
    return lambda here: [person.name for person in here] == sorted(names)


async def test_people_see_each_other(stocked: Settings, tmp_path: Path) -> None:
    """Across processes, each once, with the field that they are at as far as the view shows it."""
    channel = await a_deal_of(stocked)
    sales, manager = [await token_of(stocked, f"riverside-{who}") for who in ("sales", "manager")]
    async with (
        start_web(stocked, tmp_path, module=SHORT) as here,
        start_web(stocked, tmp_path, port=free_port(), module=SHORT) as there,
        connect(here.url, sales) as one,
        connect(there.url, manager) as two,
        connect(there.url, manager) as wall_client,
    ):
        seller, desk = await one.join(channel, View.SALES), await two.join(channel)
        wall = await wall_client.join("desk:riverside")
        both = of("Riverside manager", "Riverside sales")
        await asyncio.gather(until(seller, both), until(desk, both))
        await until(
            wall, lambda people: {person.deal_id for person in people} == {None, channel.partition(":")[2]}
        )
        await seller.focus("cash_down_cents")
        await until(desk, lambda people: "cash_down_cents" in {person.focus for person in people})
        await desk.focus("trade_acv_cents")
        await seller.focus(None)
        await until(desk, lambda people: {person.focus for person in people} == {"trade_acv_cents", None})
        await until(seller, lambda people: {person.focus for person in people} == {None})
        with pytest.raises(CommandError) as refused:
            await seller.focus("colour")
        assert refused.value.detail["field"] == "field"
        async with connect(here.url, manager) as third:
            late = await third.join(channel)
            assert [person.name for person in late.here] == [
                "Riverside manager",
                "Riverside sales",
            ]
        async with connect(here.url, sales) as turned:
            customer = await turned.join(channel, View.CUSTOMER)
            assert not customer.here
        await seller.leave()
        await until(desk, of("Riverside manager"))


async def test_the_people_of_a_dead_process_go(stocked: Settings, tmp_path: Path) -> None:
    """Its word holds for as long as its lease; then the others notice, with nobody saying anything."""
    channel = await a_deal_of(stocked)
    sales, manager = [await token_of(stocked, f"riverside-{who}") for who in ("sales", "manager")]
    async with (
        start_web(stocked, tmp_path, module=SHORT) as here,
        start_web(stocked, tmp_path, port=free_port(), module=SHORT) as there,
        connect(here.url, sales) as one,
        connect(there.url, manager) as two,
    ):
        await one.join(channel, View.SALES)
        desk = await two.join(channel)
        await until(desk, of("Riverside manager", "Riverside sales"))
        await here.kill()
        await until(desk, of("Riverside manager"))
