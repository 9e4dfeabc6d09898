"""The steps of a deal, from its offer to its end, and what lenders and prices do to them."""

import datetime as dt
import uuid

from hypothesis import strategies as st
from hypothesis.stateful import rule
from msgspec.structs import replace

from protocol.closing import ErrorCode
from protocol.deal.agreed import GUARDED, AgreedFigures, figures_of
from protocol.deal.deal_parts import DealOffer, LenderTerms
from protocol.deal.workflow import (
    CREDIT_REASONS,
    STEPS,
    TRANSITIONS,
    Action,
    Closing,
    Fulfilment,
    LenderStatus,
    Reason,
)
from protocol.records import DealKind, DealState, Tier
from server.clock import utc_now
from server.database.decisions.agreement import lenders, offers
from server.database.decisions.moves import workflow
from server.database.decisions.moves.price_guard import Checked, fall_where_changed
from tests.flow.deals.desk.machine.people import People
from tests.flow.deals.desk.machine.shop import TODAY
from tests.flow.deals.figures.offer_kinds import kind_of

DECISIONS = frozenset({Action.COUNTER, Action.APPROVE, Action.DECLINE})


class Steps(People):
    """Rules: steps, lenders and prices."""

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
        if way.target is DealState.SUBMITTED:
            self.model.involved = {actor.id}
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
        manager = self.shop.manager.id
        match self.model.state:
            case DealState.WORKING if self.model.selected is None:
                self.select(car, 400, kind)
            case DealState.WORKING if self.model.seller == manager:
                self.assign(to_manager=False)
            case DealState.SUBMITTED if manager in {self.model.seller, *self.model.involved}:
                # The manager is refused: it is submitted anew, with another offer.
                self.act(Action.APPROVE, on_credit=False, by_manager=True, seen="what stands")
                self.select(car, 401, kind)
            case DealState.SUBMITTED if counters and signs:
                self.assign(to_manager=True)
                self.assign(to_manager=False)
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

    def _refusal(self, action: Action, by_manager: bool, seen: str) -> ErrorCode | None:
        way, model, actor = TRANSITIONS[action], self.model, self._actor(by_manager)
        if actor.role not in way.roles:
            return ErrorCode.FORBIDDEN
        if model.state not in way.sources:
            return ErrorCode.CONFLICT
        not_theirs = action in {Action.SUBMIT, Action.ACCEPT} and by_manager and actor.id != model.seller
        if not_theirs or (action in DECISIONS and actor.id in {model.seller, *model.involved}):
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
