"""What must hold, whatever was done: rows, fold and log agree with the model, and with each other."""

import uuid
from itertools import groupby

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from msgspec import UNSET

from protocol import codec
from protocol.channels import deal_channel
from protocol.deal.agreed import GUARDED, UNAGREED, figures_of
from protocol.deal.workflow import (
    TRANSITIONS,
    Action,
)
from protocol.deal_fold import KEPT_TASKS
from server.database.deals.history import History, deal_at
from server.database.deals.story import KEPT_EVENTS
from server.hub.channels.live_deal import HeldDeal
from tests.flow.deals.desk.machine.shop import (
    NOW,
    DeskShop,
)


class OneStory(DeskShop):
    """The invariant, and losses that it must survive."""

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
        assert told.salesperson == deal.salesperson
        assert deal.salesperson.id == model.seller
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
        if any(entry.body.startswith(b'{"type":"deal_assigned"') for entry in entries or ()):
            # What the new salesperson may give away is in Postgres only: the deal is read again.
            self.session.read(self.session.begin(), stored)
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
