"""Where the machine works, what it expects, and how it decides: without a rule of its own."""

import asyncio
import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import asyncpg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize
from msgspec.structs import replace

from protocol import codec
from protocol.channels import deal_channel
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import figures_of
from protocol.deal.deal_parts import DealOffer, OfferedCar
from protocol.deal.structure import Structure
from protocol.deal.workflow import (
    Fulfilment,
)
from protocol.records import Actor, DealKind, DealState, Tier, Versions
from server.database.core.scope import RowScope
from server.database.deals.deal_parts import load_whole
from server.database.deals.history import load_history
from server.database.decisions.deciding import Decided
from server.database.decisions.moves.price_guard import WithNewFacts
from server.hub.channels.live_deal import LiveDeal
from server.hub.upkeep.relay import Relay
from server.log.channel_log import ChannelLog
from tests.flow.deals.figures.offer_kinds import of_kind

TODAY = dt.date(2026, 3, 2)
NOW = dt.datetime.now(dt.UTC)
FIELDS = ("cash_down_cents", "discount_cents", "rebate_cents")
LOCKABLE = st.sampled_from(FIELDS)
TRADES = ("a", "b")
PRODUCTS = ("gap", "theft")


@dataclass(frozen=True)
class Shop:
    """Where the machine works: a database with a sample store, and one event loop for all of it."""

    run: Callable[[Awaitable[Any]], Any]
    pool: asyncpg.Pool
    scope: RowScope
    sales: Actor
    manager: Actor
    customer_id: str
    cars: list[tuple[str, int]]
    rates: str
    leases: str
    programme: dict[str, Any]


@dataclass
class Model:
    """What must be so."""

    state: DealState = DealState.WORKING
    fulfilment: Fulfilment | None = None
    selected: DealOffer | None = None
    approved_offer: DealOffer | None = None
    proposal: DealOffer | None = None
    lender_live: bool = False
    terms: dict[str, int] = field(default_factory=dict)
    locks: set[str] = field(default_factory=set)
    holds: set[str] = field(default_factory=set)
    rivals: set[str] = field(default_factory=set)
    pins: set[str] = field(default_factory=set)
    notes: int = 0
    notices: int = 0
    trades: dict[str, int | None] = field(default_factory=dict)
    products: list[str] = field(default_factory=list)
    declined: list[str] = field(default_factory=list)
    appraisals: set[str] = field(default_factory=set)
    requested: int = 0
    sold: set[str] = field(default_factory=set)
    seller: str = ""
    assigned: bool = False
    involved: set[str] = field(default_factory=set)
    """Who submitted the deal last, or gave it away since: like its seller they may not decide about it."""


class DeskShop(RuleBasedStateMachine):
    """A deal, its log and its session, and what the rules share. ``make_log`` gives it its log."""

    shop: Shop

    def make_log(self) -> ChannelLog:
        """Return the log that decisions are relayed to."""
        raise NotImplementedError

    def lose_log(self) -> None:
        """Let the log lose everything."""
        raise NotImplementedError

    @initialize()
    def begin(self) -> None:
        """Begin a deal."""
        self.model = Model(seller=self.shop.sales.id)
        self.done: list[tuple[Callable[[], Awaitable[Decided]], Decided]] = []
        # The customer's deals of examples before this one would hear of the customer too.
        self.shop.run(self.shop.pool.execute("UPDATE deals SET state = 'lost', fulfilment = NULL"))
        self.deal_id, self.rival_id = self._new_deal(), self._new_deal()
        # What an example before this one left of the cars is nobody's any more.
        for statement in (
            "UPDATE vehicles SET status = 'available' WHERE status = 'sold'",
            "UPDATE vehicle_claims SET held_by = NULL, holder = NULL, held_until = NULL,"
            " reserved_by = NULL, reserver = NULL",
        ):
            self.shop.run(self.shop.pool.execute(statement))
        self.log = self.make_log()
        self.relay = Relay(self.shop.scope, self.log)
        self.session = LiveDeal()
        self.heard: tuple[str, int] = "", 0
        self._relay()

    def _work(self) -> None:
        """The deal is working again."""
        self.model.state, self.model.approved_offer, self.model.proposal = DealState.WORKING, None, None

    def _with_new_facts(self, priced: str, version: int) -> WithNewFacts | None:
        """Return the deal as the facts of its customer leave it."""
        offer, proposal = self.model.selected, self.model.proposal
        if priced == "not at all" or offer is None:
            return None
        agreed = None if priced == "none" else figures_of(offer)
        if agreed is not None and priced == "otherwise":
            agreed = replace(agreed, payment_cents=7)
        return WithNewFacts(
            version - (priced == "for an older version"),
            agreed=agreed,
            proposed=None if proposal is None else figures_of(proposal),
        )

    def _decide(self, doing: Callable[[], Awaitable[Decided]], refused: ErrorCode | None) -> bool:
        """Decide, and check that it is refused exactly where it must be; return whether it was not."""
        try:
            decided = self.shop.run(doing())
        except CommandError as error:
            assert error.code is refused, (error, refused)
            return False
        assert refused is None, refused
        self.done.append((doing, decided))
        if len(self.done) % 2 and decided.deal_id == self.deal_id:
            # As the process that decided: before the log tells it.
            self.session.decided(deal_channel(self.deal_id), decided.events)
        return True

    def _approved(self) -> str | None:
        """Return the car that the deal is approved for."""
        offer = self.model.approved_offer if self.model.state is DealState.APPROVED else None
        return None if offer is None else offer.vehicle_id

    def _unless_over(self) -> ErrorCode | None:
        return ErrorCode.CONFLICT if self.model.state in {DealState.SIGNED, DealState.LOST} else None

    def _actor(self, by_manager: bool) -> Actor:
        return self.shop.manager if by_manager else self.shop.sales

    def _new_deal(self) -> str:
        deal_id = uuid.uuid4()
        self.shop.run(
            self.shop.pool.execute(
                "INSERT INTO deals (deal_id, store_id, customer_id, salesperson_id, structure)"
                " VALUES ($1, 'riverside', $2, $3, $4)",
                deal_id,
                uuid.UUID(self.shop.customer_id),
                uuid.UUID(self.shop.sales.id),
                codec.plain(Structure()),
            )
        )
        return str(deal_id)

    async def _reserved(self) -> str | None:
        found: str | None = await self.shop.pool.fetchval(
            "SELECT vehicle_id::text FROM vehicle_claims WHERE reserved_by = $1", uuid.UUID(self.deal_id)
        )
        return found

    def _facts(self) -> dict[str, Any]:
        return dict(self.shop.run(self._load())[0].customer.facts)

    def _version(self) -> int:
        deal = self.shop.run(self._load())[0]
        return int(deal.version)

    def _last_no(self) -> int:
        return int(self.shop.run(self._load())[0].last_no)

    def _relay(self) -> None:
        self.shop.run(self.relay.publish(self.deal_id))

    async def _load(self) -> tuple[Any, Any, Any]:
        async with self.shop.pool.acquire() as database:
            whole = await load_whole(database, self.deal_id)
            assert whole is not None
            return (*whole, await load_history(database, self.deal_id))

    def _offer(self, car: int, payment: int, kind: DealKind = DealKind.FINANCE) -> DealOffer:
        return self._offer_of(self.shop.cars[car][0], payment, kind)

    def _offer_of(self, vehicle_id: str, payment: int, kind: DealKind = DealKind.FINANCE) -> DealOffer:
        rev = self.shop.run(
            self.shop.pool.fetchval("SELECT rev FROM vehicles WHERE vehicle_id = $1", int(vehicle_id))
        )
        programme = self.shop.programme
        offer = DealOffer(
            offer_id=str(uuid.uuid4()),
            vehicle_id=vehicle_id,
            rev=rev,
            car=OfferedCar(vin="V", stock_no="S", year=2024, make="M", model="O", trim="", mileage=1),
            deal_version=self._version(),
            price_cents=20_000_00,
            payment_cents=payment * 100,
            term_months=programme["term_months"],
            rate_bp=float(Decimal(programme["buy_rate_bp"])),
            apr_percent=7.0,
            cash_down_cents=0,
            discount_cents=0,
            principal_cents=20_000_00,
            programme_id=programme["programme_id"],
            lender=programme["lender"],
            tier=Tier(programme["tier"]),
            stipulations=[],
            npv_cents=100_00,
            stress_npv_cents=50_00,
            versions=Versions(
                inventory="1",
                rates=self.shop.rates,
                tax="t",
                risk="sample-1",
                engine="2",
                leases=self.shop.leases,
            ),
        )
        return of_kind(offer, kind)


def runner(loop: asyncio.AbstractEventLoop) -> Callable[[Awaitable[Any]], Any]:
    """Return what runs awaitables on one loop."""

    async def wait(doing: Awaitable[Any]) -> Any:
        return await doing

    return lambda doing: loop.run_until_complete(wait(doing))
