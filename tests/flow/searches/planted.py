"""Values that some view hides, planted in a store, and everything that a screen receives."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.shop import a_deal_of, token_of
from tests.services import Process, start_web, start_worker

GUARD_SECONDS: Final = 60.0
ACV_CENTS: Final = 2_600_000_017
TRADE_ACV_CENTS: Final = 2_400_000_013
LENDER_BUYS_AT: Final = 137.43
NOTE, STIPULATION, OTHER_CUSTOMER = "the note of a planted kind", "a planted stipulation", "Zeta Planted"
PLANTED: Final = """
UPDATE vehicles SET cost_cents = 700000000 + vehicle_id * 1009, recon_cents = 310000000 + vehicle_id * 1009,
    holdback_cents = 520000000 + vehicle_id * 1009, dealer_cash_cents = 430000000 + vehicle_id * 1009,
    floorplan_day_cents = 1000000 + vehicle_id
"""
PRODUCT_COST_CENTS: Final = 610_000_019
CATALOGUE: Final = """
WITH planted AS (INSERT INTO product_catalogues (products_version, effective_from, is_sample)
                 VALUES ('planted', (now() AT TIME ZONE 'UTC')::date, true))
INSERT INTO catalogue_products
    (products_version, product_id, kind, name, provider, retail_cents, cost_cents, packages)
SELECT 'planted', product_id, kind, name, provider, retail_cents, $1::bigint, packages FROM catalogue_products
"""
COLUMNS: Final = ("cost_cents", "recon_cents", "holdback_cents", "dealer_cash_cents", "floorplan_day_cents")
EASY: Final = {
    "payment_max_cents": None,
    "cash_down_cents": 0,
    "cash_down_max_cents": 4_000_017,
    "trade_allowance_cents": 0,
    "payoff_cents": 0,
}
STEPS: Final = (
    *("submit", "counter", "accept", "approve", "decline", "reopen", "sign", "lose", "deliver", "fund"),
    "unwind",
)
TERMS: Final[tuple[dict[str, Any], ...]] = (
    {"fees_cents": 5},
    {"trades": [{"id": "traded", "vin": "X", "payoff_cents": 5}]},
    {"trade_acv_cents": 1, "products_cost_cents": 1, "trades": [{"id": "traded", "acv_cents": None}]},
    {"tier": "prime"},
)
PATHS: Final = ("/", "/desk", "/api/deals", "/metrics", "/deals/{deal}", "/api/deals/{deal}/audit")


@dataclass
class Screen:
    """One socket on the deal, and every text that it was sent."""

    socket: ClientConnection
    channel: str
    heard: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    version: int = 0
    _ref: int = 0

    async def listen(self) -> None:
        """Take everything that comes, until cancelled."""
        async for frame in self.socket:
            for line in str(frame).split("\n"):
                self.heard.append(line)
                message = json.loads(line)
                self.version = max(self.version, message.get("version", 0))
            self.news.set()

    async def ask(self, kind: str, **fields: object) -> Any:
        """Send a command about the deal and return its reply."""
        self._ref += 1
        command = {"type": kind, "ref": self._ref, "channel": self.channel, **fields}
        await self.socket.send(json.dumps(command))
        reply = await self.until(lambda one: one["type"] == "reply" and one["ref"] == self._ref)
        # It may come before the event that tells of the same version.
        self.version = max(self.version, reply.get("data", {}).get("version", 0))
        return reply

    async def change(self, kind: str, **fields: object) -> Any:
        """Send a command that changes something."""
        return await self.ask(kind, op=str(uuid.uuid4()), **fields)

    async def until(self, holds: Any) -> Any:
        """Return the first message for which ``holds``, also one that came before."""
        async with asyncio.timeout(GUARD_SECONDS):
            while True:
                self.news.clear()
                for line in self.heard:
                    message = json.loads(line)
                    if holds(message):
                        return message
                await self.news.wait()

    def columns(self, name: str) -> list[Any]:
        """Return all values of a column that were heard in rows."""
        messages = [json.loads(line) for line in self.heard]
        return [cell for one in messages for cell in one.get("columns", {}).get(name, [])]


@dataclass
class Cast:
    """A manager, a salesperson, and both with the screen turned round to the customer."""

    settings: Settings
    web: Process
    manager: Screen
    sales: Screen
    turned: Screen
    turned_manager: Screen

    @property
    def narrow(self) -> tuple[Screen, ...]:
        """Those who do not see all."""
        return self.sales, self.turned, self.turned_manager


@asynccontextmanager
async def opened(settings: Settings, folder: Path) -> AsyncIterator[Cast]:
    """Plant, start the processes, and let everybody join one deal."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        await owner.execute(PLANTED)
        await owner.execute(CATALOGUE, PRODUCT_COST_CENTS)
        await owner.execute("UPDATE stores SET npv_floor_cents = -100000000000")
        await owner.execute("UPDATE customers SET monthly_income_cents = 5000000")
    channel = await a_deal_of(settings)
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(start_web(settings, folder))
        await stack.enter_async_context(start_worker(settings, folder))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        screens = []
        for login, view in (
            ("riverside-manager", "manager"),
            ("riverside-sales", "sales"),
            ("riverside-sales", "customer"),
            ("riverside-manager", "customer"),
        ):
            token = await token_of(settings, login)
            headers = {"authorization": f"Bearer {token}"}
            url = web.url.replace("http", "ws", 1) + "/ws"
            opening = connect(url, additional_headers=headers, compression=None, max_size=None)
            screen = Screen(await stack.enter_async_context(opening), channel)
            listening = tasks.create_task(screen.listen())
            stack.callback(listening.cancel)
            joined = await screen.ask("join", view=view, since=None)
            screen.version = joined["data"]["snapshot"]["deal"]["version"]
            screens.append(screen)
        yield Cast(settings, web, *screens)
