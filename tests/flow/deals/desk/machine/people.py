"""Whose deal it is, and who may therefore not decide about it."""

import uuid

from hypothesis import strategies as st
from hypothesis.stateful import rule

from protocol.closing import ErrorCode
from protocol.deal.workflow import Fulfilment
from protocol.records import DealState
from server.database.decisions.moves.assigning import assign_deal
from tests.flow.deals.desk.machine.shop import DeskShop


class People(DeskShop):
    """Rules: the desk assigns the deal."""

    @rule(to_manager=st.booleans(), on_what_stands=st.booleans())
    def assign(self, to_manager: bool, on_what_stands: bool = True) -> None:
        """Give the deal to the salesperson or to the manager, by what the desk sees or saw before."""
        model, person = self.model, self._actor(to_manager).id
        approved = model.state in {DealState.APPROVED, DealState.SIGNED}
        over = model.state is DealState.LOST or model.fulfilment in {Fulfilment.FUNDED, Fulfilment.UNWOUND}
        late = model.assigned and not on_what_stands
        changes = person != model.seller
        op, version = uuid.uuid4(), self._version() if on_what_stands else 0
        taken = self._decide(
            lambda: assign_deal(
                self.shop.scope, self.deal_id, person, based_on=version, op=op, actor=self.shop.manager
            ),
            ErrorCode.CONFLICT if over or (changes and (late or (to_manager and approved))) else None,
        )
        if taken and changes:
            model.involved.add(model.seller)
            model.seller, model.assigned = person, True
