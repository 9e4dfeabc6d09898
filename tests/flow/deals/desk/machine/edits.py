"""What people put into a deal: terms, trades, products, the customer, locks and notes."""

import uuid

from hypothesis import strategies as st
from hypothesis.stateful import rule

from protocol.closing import ErrorCode
from protocol.deal.agreed import GUARDED
from protocol.deal.customers import CustomerChanges
from protocol.deal.product_lines import ProductLine
from protocol.deal.structure import StructureChanges
from protocol.deal.trades import TradeChanges
from protocol.deal.workflow import (
    APPRAISABLE,
    EDITABLE,
)
from protocol.records import DealState
from server.database.decisions.deciding import Decided
from server.database.decisions.edits import locks_and_notes as remarks
from server.database.decisions.edits import terms, trades
from server.database.decisions.moves import customers
from tests.flow.deals.desk.machine.shop import LOCKABLE, PRODUCTS, TODAY, TRADES, DeskShop


class Edits(DeskShop):
    """Rules: what people put into the deal."""

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
