"""Expiry: approvals whose car or rates changed, holds whose time is over, old answers.

Every process checks. The deal's row lock ensures that each expiry is decided once.
"""

import datetime as dt
from collections.abc import Callable
from typing import Final

import structlog

from protocol import codec
from protocol.closing import CommandError
from server.clock import utc_now
from server.database.core.scope import RowScope
from server.database.decisions.claims import expire_hold
from server.database.decisions.deciding import forget_ops
from server.database.decisions.workflow import fall_where_outdated
from server.database.editions.rates import NotInForce
from server.database.editions.versions import rates_in_force
from server.database.stock.watched import what_is_due
from server.hub.upkeep.relay import Relay
from server.observe.background import Background
from server.observe.failing import SERVICE_FAILS

LONGEST_WAIT_SECONDS: Final = 60.0
"""How long a new day with new rates may go unnoticed. ``sign`` checks for itself."""

LEAST_WAIT_SECONDS: Final = 0.05
RETRY_SECONDS: Final = 1.0
OUTAGES: Final = (*SERVICE_FAILS, CommandError, NotInForce)


class Deadlines:
    """Ends what has expired. All methods except ``run`` only record work, and return at once."""

    def __init__(
        self,
        system: RowScope,
        relay: Relay,
        *,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._system = system
        self._relay = relay
        self._today = today
        self._day: dt.date | None = None
        self._cars: set[str] = set()
        self._all = True
        self._background = Background(
            self._turn,
            name="deadlines",
            failed="deadlines_not_looked_at",
            outages=OUTAGES,
            retry_seconds=RETRY_SECONDS,
        )
        self._logger = structlog.get_logger("deadlines")

    def heard_of_cars(self, payload: str) -> None:
        """Take a notification of Postgres about cars, or about who holds them."""
        ids = codec.decode(payload)["ids"]
        if ids is None:
            self._all = True
        else:
            self._cars.update(ids)
        self._background.wake()

    def look(self, _payload: str = "") -> None:
        """Look at everything: rates changed, or notifications may have been missed."""
        self._all = True
        self._background.wake()

    async def run(self) -> None:
        """Let things fall in time, until cancelled."""
        await self._background.run()

    async def _turn(self) -> float:
        cars, everything = self._cars, self._all or self._day != self._today()
        self._cars, self._all = set(), False
        try:
            return await self._look(None if everything else sorted(cars))
        except OUTAGES:
            self._cars |= cars
            self._all |= everything
            raise

    async def _look(self, cars: list[str] | None) -> float:
        """Let fall what is due; return after how many seconds to look again. None looks at all approvals."""
        today = self._today()
        async with self._system.acquire() as database:
            due = await what_is_due(database, cars)
        # Holds also expire without a rate sheet, when approvals cannot be checked.
        for deal_id, vehicle_id in due.over:
            await self._relay.tell(await expire_hold(self._system, deal_id, vehicle_id))
        await self._check_approvals(due.approved, today)
        if cars is None:
            async with self._system.acquire() as database:
                await forget_ops(database)
            self._day = today
        if due.next_seconds is None:
            return LONGEST_WAIT_SECONDS
        return min(max(due.next_seconds, LEAST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)

    async def _check_approvals(self, deals: list[str], today: dt.date) -> None:
        if not deals:
            return
        async with self._system.acquire() as database:
            rates = await rates_in_force(database, today)
        for deal_id in deals:
            decided = await fall_where_outdated(self._system, deal_id, rates)
            if decided.changed:
                self._logger.info("approval_fell", deal_id=deal_id)
                await self._relay.tell(decided)
