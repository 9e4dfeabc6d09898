"""People who work a whole deal: trade, products, customer, desk and lender, besides what an editor does."""

import asyncio
import datetime as dt
import uuid
from random import Random
from typing import Any, Final

from tests.faults.people.load import Editor, Step
from tests.faults.people.viewer import Viewer

TRADE: Final = "trade-in"
PACKAGE: Final = ("service-contract", "gap", "maintenance", "appearance", "key")
"""Products of the sample catalogue."""

FIGURES: Final = (
    *("kind", "payment_cents", "term_months", "cash_down_cents", "rate_bp", "lender"),
    "total_cents",
)
WORDS: Final = ("ford", "toyota", "honda", "suv")
PLAYED: Final = frozenset(
    {
        *("terms", "note", "search", "pin", "unpin", "hold", "release", "select", "customer"),
        *("request_appraisal", "submit", "counter", "accept", "approve", "reopen", "lender_effect"),
        *("lender_decision", "history", "find"),
    }
)
"""The commands that all faults together must have played: one that was never answered well was not tried."""

LOOK_SECONDS: Final = 0.05
WORKED: Final = ("working", "countered")


class Dealer(Editor):
    """Somebody at a deal who takes the steps of their role. ``told`` is what its pages of history said."""

    def __init__(self, viewer: Viewer, channel: str, working: asyncio.Event, *, is_manager: bool) -> None:
        super().__init__(viewer, channel, working)
        self.told: list[dict[str, Any]] = []
        self._is_manager = is_manager

    async def prepare(self) -> None:
        """Bring the deal back to work, whatever an earlier fault left of it, and search."""
        while self.state not in WORKED:
            if self.state == "submitted":
                await self._move("decline", "documents_missing")
            else:
                await self._move("reopen", "customer_returned")
            await asyncio.sleep(LOOK_SECONDS)
        await super().prepare()

    def first_terms(self) -> dict[str, Any]:
        """Return terms with which most cars match, with one trade and no product."""
        screen = self.viewer.channels[self.channel].screen
        trades = [] if screen is None else screen.structure.get("trades", [])
        others = [{"id": each["id"], "removed": True} for each in trades if each["id"] != TRADE]
        trade = {"id": TRADE, "make": "Honda", "allowance_cents": 800_00, "payoff_cents": 300_00}
        products = {"products": [], "declined_products": []}
        return super().first_terms() | {"kind": "finance", "trades": [*others, trade]} | products

    def steps(self) -> tuple[Step, ...]:
        """Return an editor's steps, and those of the desk; a step towards the contract is likeliest."""
        shared = (
            *(self.tell_of_customer, self.offer_products, self.trade_in, self.pay_otherwise),
            *(self.read_history, self.find),
        )
        own = (self.lender_effect, self.lender_decides) if self._is_manager else (self.request_appraisal,)
        return (*super().steps(), *shared, *own, *[self.go_on] * 6)

    @property
    def state(self) -> str:
        """The deal's state as it is on the screen."""
        screen = self.viewer.channels[self.channel].screen
        return "" if screen is None else screen.state

    async def tell_of_customer(self) -> None:
        """Change the customer's phone number, and now and then a debt, which counts."""
        changes: dict[str, Any] = {"phone": f"555 {uuid.uuid4().hex[:12]}"}
        if self._chance.random() < 0.3:
            changes["other_debt_cents"] = self._chance.randrange(0, 90_000, 100)
        await self.do({"type": "customer", "changes": changes}, decides=True)

    async def offer_products(self) -> None:
        """Take some products, decline others, or clear them all."""
        taken, declined = drawn(self._chance)
        lines = [{"product_id": each, "price_cents": 400_00 + 100 * len(each)} for each in taken]
        await self.do({"type": "terms", "changes": {"products": lines, "declined_products": declined}})

    async def trade_in(self) -> None:
        """Enter the customer's trade, or another allowance; a manager states its value, or takes it back."""
        trade: dict[str, Any] = {
            "id": TRADE,
            "allowance_cents": self._chance.randrange(500_00, 900_00, 50_00),
        }
        trade |= {"make": "Honda", "model": "Civic", "payoff_cents": 300_00}
        if self._is_manager:
            trade["acv_cents"] = self._chance.choice((None, 450_00, 600_00))
        await self.do({"type": "terms", "changes": {"trades": [trade]}})

    async def pay_otherwise(self) -> None:
        """Make it a cash deal, a lease, or a financed deal again."""
        kind = self._chance.choice(("finance", "finance", "lease", "cash"))
        await self.do({"type": "terms", "changes": {"kind": kind}})

    async def request_appraisal(self) -> None:
        """Ask the desk to appraise the trade."""
        await self.do({"type": "request_appraisal", "trade_id": TRADE})

    async def read_history(self) -> None:
        """Read a page of the deal's story, now and then an older one."""
        before = self._chance.choice((None, None, 20))
        page = await self.do({"type": "history", "before": before, "limit": 20})
        self.told.extend(page["events"] if page else ())

    async def find(self) -> None:
        """Look for cars by words. Raises AssertionError for a table with holes."""
        found = await self.do({"type": "find", "text": self._chance.choice(WORDS), "limit": 5})
        if found is not None:
            assert {len(cells) for cells in found["columns"].values()} <= {found["rows"]}, found

    async def lender_effect(self) -> None:
        """Ask what the lender's decision would do."""
        terms = self._lenders_terms()
        if terms is not None:
            known = ("lender", "status", "tier", "rate_bp", "advance_max_cents", "term_months")
            await self.do({"type": "lender_effect", **{name: terms[name] for name in known}})

    async def lender_decides(self) -> None:
        """Record an approval of the offer's lender, as it was asked or a little dearer."""
        terms = self._lenders_terms()
        if terms is not None:
            expires = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
            decision = {"type": "lender_decision", "version": self._version(), **terms}
            await self.do(decision | {"expires_at": expires.isoformat()}, decides=True)

    async def go_on(self) -> None:
        """Take the deal's next step in its state."""
        match self.state, self._is_manager:
            case "working", False if self._offer() is None:
                await self._with_a_car("select")
            case "working", False:
                await self._move("submit", "customer_agrees")
            case "submitted", True if self._chance.random() < 0.5:
                cash = {"cash_down_cents": self._chance.randrange(0, 3_000_00, 500_00)}
                await self._move("counter", "cash_too_low", changes=cash)
            case "submitted", True:
                await self._move("approve", "meets_policy", figures=self._agreed())
            case "countered", False:
                await self._move("accept", "customer_agrees")
            case "approved" | "declined", _:
                await self._move("reopen", "customer_returned")

    async def _move(self, kind: str, reason: str, **more: Any) -> None:
        """Take a step of the workflow, on the version that is on the screen."""
        step = {"type": kind, "version": self._version(), "reason": reason, **more}
        await self.do(step, decides=True)

    def _lenders_terms(self) -> dict[str, Any] | None:
        offer = self._offer()
        if offer is None or "lender" not in offer:
            return None
        return {
            "lender": offer["lender"],
            "status": "approved",
            "tier": offer.get("tier") or "prime",
            "rate_bp": self._chance.choice((offer["rate_bp"], offer["rate_bp"] + 50)),
            "advance_max_cents": offer["principal_cents"] + 5_000_00,
            "term_months": 84,
        }

    def _offer(self) -> dict[str, Any] | None:
        screen = self.viewer.channels[self.channel].screen
        return None if screen is None else screen.offer

    def _agreed(self) -> dict[str, Any] | None:
        """Return the agreed figures as they are on the screen."""
        screen = self.viewer.channels[self.channel].screen
        agreed = None if screen is None else screen.agreed
        return None if agreed is None else {"vehicle_id": agreed["vehicle_id"], **picked(agreed, FIGURES)}


def drawn(chance: Random) -> tuple[list[str], list[str]]:
    """Return products that a customer takes, and others that the customer declines."""
    shuffled = chance.sample(PACKAGE, len(PACKAGE))
    taken = chance.randrange(0, 3)
    return shuffled[:taken], shuffled[taken : taken + chance.randrange(0, 3)]


def picked(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return some entries, as far as there are any."""
    return {name: values[name] for name in names if name in values}
