"""Cars that a deal and its rival hold."""

import uuid

from hypothesis import strategies as st
from hypothesis.stateful import rule

from protocol.closing import ErrorCode
from protocol.deal.agreed import GUARDED
from protocol.records import Actor
from server.database.decisions.agreement import overrides
from server.database.decisions.deciding import Decided
from server.database.decisions.edits import claims
from tests.flow.deals.desk.machine.shop import (
    DeskShop,
)


class Cars(DeskShop):
    """Rules: holds of the deal and of its rival."""

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

    async def _release(self, deal_id: str, car: int, op: uuid.UUID, actor: Actor) -> Decided:
        try:
            return await claims.release_vehicle(self.shop.scope, deal_id, car, op=op, actor=actor)
        except claims.HeldElsewhere:
            decided, _ = await overrides.end_other_holds(self.shop.scope, deal_id, car, op=op, actor=actor)
            return decided
