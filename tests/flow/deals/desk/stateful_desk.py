"""A deal taken anywhere that people may take it, against a plain model of what must come of it.

The decisions are made in Postgres, relayed to a log, and read back from both: the rows, the fold of the
events, and what the log tells must be one story.
"""

import asyncio
import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

import asyncpg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import UNSET
from msgspec.structs import replace

from protocol import codec
from protocol.channels import deal_channel
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import GUARDED, UNAGREED, AgreedFigures, figures_of
from protocol.deal.customers import CustomerChanges
from protocol.deal.deal_parts import DealOffer, LenderTerms, OfferedCar
from protocol.deal.product_lines import ProductLine
from protocol.deal.structure import Structure, StructureChanges
from protocol.deal.trades import TradeChanges
from protocol.deal.workflow import (
    APPRAISABLE,
    CREDIT_REASONS,
    EDITABLE,
    STEPS,
    TRANSITIONS,
    Action,
    Closing,
    Fulfilment,
    LenderStatus,
    Reason,
)
from protocol.deal_fold import KEPT_TASKS
from protocol.records import Actor, DealKind, DealState, Tier, Versions
from server.clock import utc_now
from server.database.core.scope import RowScope
from server.database.deals.deal_parts import load_whole
from server.database.deals.history import History, deal_at, load_history
from server.database.deals.story import KEPT_EVENTS
from server.database.decisions.agreement import lenders, offers, overrides
from server.database.decisions.deciding import Decided
from server.database.decisions.edits import claims, terms, trades
from server.database.decisions.edits import locks_and_notes as remarks
from server.database.decisions.moves import customers, workflow
from server.database.decisions.moves.price_guard import Checked, WithNewFacts, fall_where_changed
from server.hub.channels.live_deal import HeldDeal, LiveDeal
from server.hub.upkeep.relay import Relay
from server.log.channel_log import ChannelLog
from tests.flow.deals.figures.offer_kinds import kind_of, of_kind

TODAY = dt.date(2026, 3, 2)
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


NOW = dt.datetime.now(dt.UTC)


class DeskMachine(RuleBasedStateMachine):
    """The machine; ``make`` gives it its shop and its log."""

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
        self.model = Model()
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

    # What people do ------------------------------------------------------------

    @rule(name=LOCKABLE, value=st.integers(0, 9), by_manager=st.booleans())
    def change_terms(self, name: str, value: int, by_manager: bool) -> None:
        """Change one field of the structure, on the newest version."""
        actor = self._actor(by_manager)
        refused: ErrorCode | None = None
        changes = value * 100 != self.model.terms.get(name, 0)
        if self.model.state not in EDITABLE:
            refused = ErrorCode.CONFLICT
        elif changes and name in self.model.locks and not by_manager:
            refused = ErrorCode.LOCKED
        op, version = uuid.uuid4(), self._version()
        edit = StructureChanges(**{name: value * 100})
        if self._decide(
            lambda: terms.change_terms(
                self.shop.scope, self.deal_id, op=op, based_on=version, changes=edit, actor=actor
            ),
            refused,
        ):
            self.model.terms[name] = value * 100
            if changes:
                self._work()

    @rule(
        trade=st.sampled_from(TRADES),
        acv=st.none() | st.integers(0, 2),
        removed=st.booleans(),
        by_manager=st.booleans(),
    )
    def trade(self, trade: str, acv: int | None, removed: bool, by_manager: bool) -> None:
        """Add a trade, appraise it or clear its value, or take it out."""
        known, model = trade in self.model.trades, self.model
        edit = TradeChanges(id=trade, removed=True) if removed else TradeChanges(id=trade, acv_cents=acv)
        changes = known if removed else not known or model.trades[trade] != acv
        refused = None if model.state in EDITABLE else ErrorCode.CONFLICT
        if refused is None and removed and not by_manager and model.trades.get(trade) is not None:
            refused = ErrorCode.FORBIDDEN
        op, version = uuid.uuid4(), self._version()
        if self._decide(
            lambda: terms.change_terms(
                self.shop.scope,
                self.deal_id,
                op=op,
                based_on=version,
                changes=StructureChanges(trades=[edit]),
                actor=self._actor(by_manager),
            ),
            refused,
        ):
            if removed:
                model.trades.pop(trade, None)
            else:
                model.trades[trade] = acv
            if changes:
                self._work()
                if removed or acv is not None:
                    model.appraisals.discard(trade)

    @rule(
        taken=st.lists(st.sampled_from(PRODUCTS), unique=True),
        declined=st.lists(st.sampled_from(PRODUCTS), unique=True),
        by_manager=st.booleans(),
    )
    def products(self, taken: list[str], declined: list[str], by_manager: bool) -> None:
        """Take products and record what is declined; one that is both is refused."""
        model = self.model
        refused: ErrorCode | None = None
        if model.state not in EDITABLE:
            refused = ErrorCode.CONFLICT
        elif set(taken) & set(declined):
            refused = ErrorCode.INVALID
        lines = [ProductLine(product_id=each, price_cents=400_00) for each in taken]
        op, version = uuid.uuid4(), self._version()
        changes = (taken, declined) != (model.products, model.declined)
        if self._decide(
            lambda: terms.change_terms(
                self.shop.scope,
                self.deal_id,
                op=op,
                based_on=version,
                changes=StructureChanges(products=lines, declined_products=declined),
                actor=self._actor(by_manager),
            ),
            refused,
        ):
            model.products, model.declined = taken, declined
            if changes:
                self._work()

    @rule(
        phone=st.sampled_from(("", "1", "2")),
        debts=st.none() | st.integers(0, 2),
        priced=st.sampled_from(["not at all", "as agreed", "otherwise", "none", "for an older version"]),
    )
    def customer(self, phone: str, debts: int | None, priced: str) -> None:
        """Learn of the customer: both of the customer's deals have it. An approval falls, and so does what
        was agreed on if the facts change it.
        """
        counted = {} if debts is None else {"other_debt_cents": debts}
        edit = CustomerChanges(phone=phone, **counted)
        before = self._facts()
        op, version = uuid.uuid4(), self._version()
        now = self._with_new_facts(priced, version)

        async def change() -> Decided:
            decided, others = await customers.change_customer(
                self.shop.scope,
                self.deal_id,
                edit,
                based_on=version,
                op=op,
                actor=self.shop.sales,
                priced=now,
            )
            assert {other.deal_id for other in others if other.changed} <= {self.rival_id}
            return decided

        if self._decide(change, self._unless_over()):
            after = self._facts()
            assert after["phone"] == phone
            counts = after["other_debt_cents"] != before["other_debt_cents"]
            other = now is not None and now.version == version and priced != "as agreed"
            if counts and (self.model.state is DealState.APPROVED or (other and self.model.state in GUARDED)):
                self._work()

    @rule(trade=st.sampled_from(TRADES))
    def request_appraisal(self, trade: str) -> None:
        """Ask for an appraisal, whether or not there is something to appraise."""
        refused: ErrorCode | None = None
        if trade not in self.model.trades:
            refused = ErrorCode.NOT_FOUND
        elif self.model.state not in APPRAISABLE or self.model.trades[trade] is not None:
            refused = ErrorCode.CONFLICT
        op = uuid.uuid4()
        if self._decide(
            lambda: trades.request_appraisal(
                self.shop.scope, self.deal_id, trade, op=op, actor=self.shop.sales, today=TODAY
            ),
            refused,
        ):
            self.model.requested += trade not in self.model.appraisals
            self.model.appraisals.add(trade)

    @rule(car=st.integers(0, 2), payment=st.integers(400, 402), kind=st.sampled_from(DealKind))
    def select(self, car: int, payment: int, kind: DealKind) -> None:
        """Select an offer of a kind."""
        offer = self._offer(car, payment, kind)
        allowed = self.model.state in offers.SELECTABLE
        op = uuid.uuid4()
        taken = self._decide(
            lambda: offers.select_offer(
                self.shop.scope, self.deal_id, op=op, offer=offer, actor=self.shop.sales
            ),
            None if allowed else ErrorCode.CONFLICT,
        )
        if taken and (self.model.selected is None or not offers.is_same(self.model.selected, offer)):
            self.model.selected = offer
            self._work()

    @rule(car=st.integers(0, 2), unpin=st.booleans())
    def pin(self, car: int, unpin: bool) -> None:
        """Pin an offer, or unpin it."""
        op, (car_id, _) = uuid.uuid4(), self.shop.cars[car]
        if unpin:
            self._decide(
                lambda: offers.unpin_offer(
                    self.shop.scope, self.deal_id, int(car_id), op=op, actor=self.shop.sales
                ),
                None,
            )
            self.model.pins.discard(car_id)
        elif self._decide(
            lambda: offers.pin_offer(
                self.shop.scope, self.deal_id, op=op, offer=self._offer(car, 400), actor=self.shop.sales
            ),
            self._unless_over(),
        ):
            self.model.pins.add(car_id)

    @rule(
        action=st.sampled_from(Action),
        on_credit=st.booleans(),
        by_manager=st.booleans(),
        seen=st.sampled_from(["nothing", "what stands", "something else"]),
    )
    def act(self, action: Action, on_credit: bool, by_manager: bool, seen: str) -> None:
        """Take an action, whoever may and whether or not it leads anywhere, on the figures that they saw."""
        way, actor = TRANSITIONS[action], self._actor(by_manager)
        credit = [reason for reason in way.reasons if reason in CREDIT_REASONS]
        reason = credit[0] if on_credit and credit else way.reasons[0]
        priced = self._priced(action)
        op, version = uuid.uuid4(), self._version()
        step = workflow.Move(
            op=op,
            version=version,
            reason=reason,
            actor=actor,
            today=TODAY,
            rates=self.shop.rates,
            priced=priced,
            seen=self._seen(action, priced, seen),
            discount_authority_cents=10_000_00,
        )
        if not self._decide(
            lambda: workflow.take_action(self.shop.scope, self.deal_id, action, step),
            self._refusal(action, by_manager, seen),
        ):
            return
        self.model.state = way.target
        if action is Action.ACCEPT:
            self.model.selected = priced
        self.model.proposal = priced if action is Action.COUNTER else None
        self.model.approved_offer = self.model.selected if action is Action.APPROVE else None
        if action in {Action.SIGN, Action.LOSE}:
            self.model.holds.clear()
        if action is Action.SIGN and self.model.selected is not None:
            self.model.fulfilment = Fulfilment.SIGNED
            self.model.sold.add(self.model.selected.vehicle_id)
        if action in {Action.DECLINE, Action.LOSE} and reason in CREDIT_REASONS:
            self.model.notices += 1

    @rule(car=st.integers(0, 2), kind=st.sampled_from(DealKind), counters=st.booleans(), signs=st.booleans())
    def go_on(self, car: int, kind: DealKind, counters: bool, signs: bool) -> None:
        """Take the next step of a deal that goes well, which actions drawn at random seldom find."""
        match self.model.state:
            case DealState.WORKING if self.model.selected is None:
                self.select(car, 400, kind)
            case DealState.WORKING:
                self.act(Action.SUBMIT, on_credit=False, by_manager=False, seen="what stands")
            case DealState.SUBMITTED:
                action = Action.COUNTER if counters else Action.APPROVE
                self.act(action, on_credit=False, by_manager=True, seen="what stands")
            case DealState.COUNTERED:
                self.act(Action.ACCEPT, on_credit=False, by_manager=False, seen="what stands")
            case DealState.APPROVED if signs:
                self.act(Action.SIGN, on_credit=False, by_manager=False, seen="what stands")

    @rule(closing=st.sampled_from(Closing))
    def close(self, closing: Closing) -> None:
        """Deliver, fund or unwind."""
        known = STEPS[closing]
        op, version = uuid.uuid4(), self._version()
        step = workflow.Move(
            op=op,
            version=version,
            reason=known.reasons[0],
            actor=self.shop.manager,
            today=TODAY,
            rates=self.shop.rates,
        )
        allowed = self.model.fulfilment in known.sources
        if closing is Closing.FUND and kind_of(self.model.selected) is not DealKind.CASH:
            allowed = allowed and self.model.lender_live
        if self._decide(
            lambda: workflow.take_closing_step(self.shop.scope, self.deal_id, closing, step),
            None if allowed else ErrorCode.CONFLICT,
        ):
            self.model.fulfilment = known.target
            if closing is Closing.UNWIND:
                self.model.sold.clear()

    @rule(approves=st.booleans(), payment=st.sampled_from([None, None, None, 403]))
    def lender(self, approves: bool, payment: int | None) -> None:
        """Let the offer's lender decide; what it approves is what was offered, or at another payment."""
        decision = LenderTerms(
            decision_id=str(uuid.uuid4()),
            lender=self.shop.programme["lender"],
            status=LenderStatus.APPROVED if approves else LenderStatus.DECLINED,
            tier=Tier.PRIME if approves else None,
            rate_bp=100.0 if approves else None,
            advance_max_cents=90_000_00 if approves else None,
            term_months=84 if approves else None,
            expires_at=utc_now() + dt.timedelta(days=1) if approves else None,
            reasons=[] if approves else [Reason.BANKRUPTCY],
        )
        before = priced = self.model.selected
        if payment is not None and before is not None:
            priced = self._offer_of(before.vehicle_id, payment, kind_of(before))
        new = lenders.NewDecision(decision, priced, self.model.proposal)
        over = self.model.state is DealState.LOST or self.model.fulfilment in {
            Fulfilment.FUNDED,
            Fulfilment.UNWOUND,
        }
        op, version = uuid.uuid4(), self._version()
        if self._decide(
            lambda: lenders.record_lender_decision(
                self.shop.scope,
                self.deal_id,
                op=op,
                version=version,
                decision=new,
                actor=self.shop.manager,
                today=TODAY,
            ),
            ErrorCode.CONFLICT if over else None,
        ):
            self.model.lender_live = approves
            self.model.notices += not approves
            if self.model.state is DealState.SIGNED or before is None or priced is None:
                return
            if not offers.is_same(before, priced):
                self.model.selected = priced
                if self.model.state in GUARDED:
                    self._work()

    @rule(name=LOCKABLE, unlock=st.booleans())
    def lock(self, name: str, unlock: bool) -> None:
        """Lock a field, or open it."""
        change = remarks.unlock_field if unlock else remarks.lock_field
        op = uuid.uuid4()
        if self._decide(
            lambda: change(self.shop.scope, self.deal_id, name, op=op, actor=self.shop.manager),
            None if unlock else self._unless_over(),
        ):
            (self.model.locks.discard if unlock else self.model.locks.add)(name)

    @rule()
    def note(self) -> None:
        """Write a note."""
        op = uuid.uuid4()
        self._decide(
            lambda: remarks.add_note(self.shop.scope, self.deal_id, "x", op=op, actor=self.shop.sales), None
        )
        self.model.notes += 1

    @rule(car=st.integers(0, 2))
    def hold(self, car: int) -> None:
        """Hold a car, unless another deal does."""
        car_id, op = self.shop.cars[car][0], uuid.uuid4()
        refused = self._unless_over()
        if refused is None and car_id in self.model.sold:
            refused = ErrorCode.NOT_FOUND
        elif refused is None and car_id in self.model.rivals:
            refused = ErrorCode.CONFLICT
        if self._decide(
            lambda: claims.hold_vehicle(
                self.shop.scope, self.deal_id, int(car_id), op=op, actor=self.shop.sales
            ),
            refused,
        ):
            self.model.holds.add(car_id)

    @rule(car=st.integers(0, 2), by_manager=st.booleans())
    def release(self, car: int, by_manager: bool) -> None:
        """Let a car go; a manager also one that another deal holds."""
        car_id, op = self.shop.cars[car][0], uuid.uuid4()
        in_the_way = car_id in self.model.rivals and not by_manager
        if self._decide(
            lambda: self._release(self.deal_id, int(car_id), op, self._actor(by_manager)),
            ErrorCode.CONFLICT if in_the_way or car_id == self._approved() else None,
        ):
            self.model.holds.discard(car_id)
            self.model.rivals.discard(car_id)

    @rule(car=st.integers(0, 2))
    def hold_in_another_deal(self, car: int) -> None:
        """Another deal wants to hold the car; what this deal holds or is approved for, it may not."""
        car_id, op = self.shop.cars[car][0], uuid.uuid4()
        refused: ErrorCode | None = None
        if car_id in self.model.sold:
            refused = ErrorCode.NOT_FOUND
        elif car_id in self.model.holds or car_id == self._approved():
            refused = ErrorCode.CONFLICT
        if self._decide(
            lambda: claims.hold_vehicle(
                self.shop.scope, self.rival_id, int(car_id), op=op, actor=self.shop.sales
            ),
            refused,
        ):
            self.model.rivals.add(car_id)

    @rule(car=st.integers(0, 2), by_manager=st.booleans())
    def release_in_another_deal(self, car: int, by_manager: bool) -> None:
        """Somebody at the other deal lets the car go; a manager ends this deal's hold, and its approval."""
        car_id, op = self.shop.cars[car][0], uuid.uuid4()
        ours = car_id in self.model.holds or car_id == self._approved()
        if self._decide(
            lambda: self._release(self.rival_id, int(car_id), op, self._actor(by_manager)),
            ErrorCode.CONFLICT if ours and not by_manager else None,
        ):
            self.model.rivals.discard(car_id)
            self.model.holds.discard(car_id)
            agreed = self.model.selected is not None and self.model.selected.vehicle_id == car_id
            if ours and agreed and self.model.state in GUARDED:
                self._work()

    @rule(
        agreed=st.sampled_from(["as agreed", "otherwise", "not at all"]),
        proposed=st.sampled_from(["as proposed", "otherwise"]),
        moved=st.booleans(),
    )
    def look_at_prices(self, agreed: str, proposed: str, moved: bool) -> None:
        """The server prices the deal again: other figures return it to working, unless it moved meanwhile."""
        model, offer = self.model, self.model.selected
        now = None if offer is None or agreed == "not at all" else figures_of(offer)
        if now is not None and agreed == "otherwise":
            now = replace(now, payment_cents=7)
        then = None if model.proposal is None else figures_of(model.proposal)
        if then is not None and proposed == "otherwise":
            then = replace(then, payment_cents=7)
        checked = Checked(
            self._version() - moved, Reason.EDITION_CHANGED, self.shop.rates, agreed=now, proposed=then
        )
        decided = self.shop.run(fall_where_changed(self.shop.scope, self.deal_id, checked))
        other = agreed != "as agreed" or (then is not None and proposed == "otherwise")
        falls = model.state in GUARDED and other and not moved
        assert decided.changed == falls
        if falls:
            self._work()

    # What happens besides ------------------------------------------------------------

    @precondition(lambda self: getattr(self, "done", []))
    @rule(back=st.integers(0, 5))
    def repeat(self, back: int) -> None:
        """Send an earlier command again, also one that changed nothing: it is answered as before, and nothing
        moves, whatever has become of the deal since.
        """
        doing, first = self.done[-1 - back % len(self.done)]
        before = self._last_no()
        again = self.shop.run(doing())
        assert again.reply == first.reply
        assert not again.changed
        assert self._last_no() == before

    @rule()
    def lose(self) -> None:
        """Redis loses what it had."""
        self.lose_log()
        self._relay()

    # What must hold ------------------------------------------------------------

    @invariant()
    def one_story(self) -> None:
        """Rows, fold and log agree with the model, and with each other."""
        if not hasattr(self, "log"):
            return
        deal, parts, history = self.shop.run(self._load())
        model = self.model
        assert (deal.state, parts.fulfilment) == (model.state, model.fulfilment)
        assert {name: codec.plain(deal.structure)[name] for name in model.terms} == model.terms
        assert {lock.field for lock in parts.locks} == model.locks
        assert {hold.vehicle_id for hold in parts.holds} == model.holds
        assert {pin.vehicle_id for pin in parts.pins} == model.pins
        assert self.shop.run(self._reserved()) == self._approved()
        tasks = min(KEPT_TASKS, model.notices + model.requested)
        assert (len(parts.notes), len(parts.tasks)) == (model.notes, tasks)
        asked = {task.trade_id for task in parts.tasks if task.done_by is None and task.trade_id}
        assert asked == model.appraisals
        assert {trade.id: trade.acv_cents for trade in deal.structure.trades} == model.trades
        structure = deal.structure
        assert [line.product_id for line in structure.products] == model.products
        assert structure.declined_products == model.declined
        costs = sum({"gap": 310_00, "theft": 140_00}[each] for each in model.products)
        assert structure.products_cents == 400_00 * len(model.products)
        assert (structure.products_cost_cents or 0) == costs
        known = [acv for acv in model.trades.values() if acv is not None]
        assert deal.structure.trade_acv_cents == (sum(known) if known else None)
        assert (parts.selected is None) == (model.selected is None)
        told = deal_at(history, deal.last_no)
        assert told.version == deal.version
        if told.customer.facts is not UNSET:
            assert told.customer.facts == deal.customer.facts
        assert told.structure == codec.plain(deal.structure)
        for name in (
            *("selected", "selected_outdated", "pins", "locks", "holds", "notes", "tasks", "approval"),
            *("fulfilment", "agreed", "proposal", "contract"),
        ):
            assert getattr(told, name) == getattr(parts, name), name
        assert (parts.proposal is None) == (model.proposal is None)
        self._check_agreed(history)
        stored = [(told.no, codec.decode(told.body)["type"]) for told in parts.story]
        assert stored == [(event.no, event.kind) for event in history.events][-KEPT_EVENTS:][-len(stored) :]
        self._relay()
        assert self._published() == self._expected(deal.last_no)
        self._check_session(HeldDeal.of(deal, parts))

    def _check_agreed(self, history: History) -> None:
        """Whatever came: no decision changed an agreed figure without a step that says so."""
        deal = history.first
        for _, decision in groupby(history.events, key=lambda event: event.at):
            events = list(decision)
            before = deal
            deal = deal_at(history, events[-1].no)
            steps = [event for event in events if event.kind == "state_changed"]
            if before.agreed and before.agreed != deal.agreed:
                assert steps, "agreed figures changed in silence"
            for step in steps:
                fell = step.body["to"] == "working" and step.body["from"] in {"submitted", "approved"}
                if fell and step.body["reason"] not in TRANSITIONS[Action.REOPEN].reasons:
                    assert step.body["figures"]["old"]["total_cents"] > 0
            if deal.state in GUARDED:
                assert deal.selected is not None
                assert deal.agreed == figures_of(deal.selected)
            else:
                assert not deal.proposal
            assert bool(deal.agreed) == (deal.state not in UNAGREED)

    def _work(self) -> None:
        """The deal is working again."""
        self.model.state, self.model.approved_offer, self.model.proposal = DealState.WORKING, None, None

    def _priced(self, action: Action) -> DealOffer | None:
        """Return what an action is about, as it is priced."""
        model = self.model
        if action is Action.COUNTER:
            if model.selected is None:
                return None
            return self._offer_of(model.selected.vehicle_id, 390, kind_of(model.selected))
        offer = model.proposal if action is Action.ACCEPT else model.selected
        return None if offer is None else replace(offer, offer_id=str(uuid.uuid4()))

    def _seen(self, action: Action, priced: DealOffer | None, seen: str) -> AgreedFigures | None:
        """Return the figures that somebody saw."""
        shown = self.model.selected if action is Action.COUNTER else priced
        if shown is None or seen == "nothing":
            return None
        return figures_of(shown) if seen == "what stands" else replace(figures_of(shown), payment_cents=7)

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

    def _check_session(self, stored: HeldDeal) -> None:
        """Let a session hear what the log tells, and compare the deal that it holds with Postgres."""
        head = self.shop.run(self.log.head(deal_channel(self.deal_id)))
        if self.heard[0] != head.epoch:
            # As a session does in a new epoch, and when its channel is opened.
            self.session.forget()
            self.session.read(self.session.begin(), stored)
            self.heard = head.epoch, head.seq
        entries = self.shop.run(self.log.read(deal_channel(self.deal_id), *self.heard, 1_000))
        for entry in entries or ():
            self.session.heard(entry)
            self.heard = entry.epoch, entry.seq
        held = self.session.known
        assert held is not None, "the log told of every decision, in order"
        assert held.whole == stored.whole
        assert held.at(NOW) == stored.at(NOW)

    def _published(self) -> list[str]:
        """Return the kinds of the decisions that the log holds in this epoch, in order."""
        channel = deal_channel(self.deal_id)
        head = self.shop.run(self.log.head(channel))
        entries = self.shop.run(self.log.read(channel, head.epoch, 0, 1_000))
        assert entries is not None
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert head.no is not None
        self._base = head.no - len(entries)
        return [codec.decode(entry.body)["type"] for entry in entries]

    def _expected(self, last_no: int) -> list[str]:
        rows = self.shop.run(
            self.shop.pool.fetch(
                "SELECT kind FROM deal_events WHERE deal_id = $1 AND no > $2 AND no <= $3 ORDER BY no",
                uuid.UUID(self.deal_id),
                self._base,
                last_no,
            )
        )
        return [row["kind"] for row in rows]

    # Parts ------------------------------------------------------------

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

    def _refusal(self, action: Action, by_manager: bool, seen: str) -> ErrorCode | None:
        way, model = TRANSITIONS[action], self.model
        if self._actor(by_manager).role not in way.roles:
            return ErrorCode.FORBIDDEN
        if model.state not in way.sources:
            return ErrorCode.CONFLICT
        if action in {Action.SUBMIT, Action.ACCEPT} and by_manager:
            return ErrorCode.FORBIDDEN
        if action in {Action.SUBMIT, Action.COUNTER, Action.APPROVE} and model.selected is None:
            return ErrorCode.CONFLICT
        by_figures = {Action.SUBMIT, Action.COUNTER, Action.APPROVE, Action.ACCEPT, Action.SIGN}
        if action in by_figures and seen == "something else":
            return ErrorCode.CONFLICT
        has_lender = kind_of(model.selected) is not DealKind.CASH
        lacks_lender = action is Action.SIGN and has_lender and not model.lender_live
        held = action is Action.APPROVE and model.selected and model.selected.vehicle_id in model.rivals
        return ErrorCode.CONFLICT if lacks_lender or held else None

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

    async def _release(self, deal_id: str, car: int, op: uuid.UUID, actor: Actor) -> Decided:
        try:
            return await claims.release_vehicle(self.shop.scope, deal_id, car, op=op, actor=actor)
        except claims.HeldElsewhere:
            decided, _ = await overrides.end_other_holds(self.shop.scope, deal_id, car, op=op, actor=actor)
            return decided

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
