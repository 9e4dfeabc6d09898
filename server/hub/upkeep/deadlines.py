"""Expiry: agreed figures that may have changed, holds whose time is over, old answers.

Every process checks. The deal's row lock ensures that each expiry is decided once.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from protocol import codec
from protocol.closing import CommandError
from protocol.deal.workflow import Reason
from server.clock import utc_now
from server.database.core.scope import RowScope
from server.database.decisions.deciding import forget_ops
from server.database.decisions.edits.claims import expire_hold
from server.database.editions.rates import NotInForce
from server.database.stock.watched import what_is_due
from server.hub.upkeep.price_guard import PriceGuard
from server.hub.upkeep.relay import Relay
from server.hub.upkeep.scenario_watch import ScenarioWatch
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
        guard: PriceGuard,
        scenarios: ScenarioWatch | None = None,
        *,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._system = system
        self._relay = relay
        self._guard = guard
        self._scenarios = scenarios
        self._today = today
        self._day: dt.date | None = None
        self._looked: dt.datetime | None = None
        self._cars: set[str] = set()
        self._customers: set[str] = set()
        self._all = True
        self._announced = False
        self._background = Background(
            self._turn,
            name="deadlines",
            failed="deadlines_not_looked_at",
            outages=OUTAGES,
            retry_seconds=RETRY_SECONDS,
        )

    def heard_of_cars(self, payload: str) -> None:
        """Take a notification of Postgres about cars, or about who holds them."""
        ids = codec.decode(payload)["ids"]
        if ids is None:
            self._all = True
        else:
            self._cars.update(ids)
        self._background.wake()

    def heard_of_facts(self, payload: str) -> None:
        """Take a notification of Postgres about what a deal is made of besides its events."""
        kind, _, name = payload.partition(" ")
        if kind == "customer":
            self._customers.add(name)
        elif kind in {"store", "all"}:
            self._all = True
        else:
            return
        self._background.wake()

    def heard_of_editions(self, _payload: str) -> None:
        """Take a notification of Postgres that an edition of a table was added: it may change any figure."""
        self._announced = True
        self.look()

    def look(self) -> None:
        """Look at everything: notifications may have been missed."""
        self._all = True
        self._background.wake()

    async def run(self) -> None:
        """Let things fall in time, until cancelled."""
        await self._background.run()

    async def _turn(self) -> float:
        cars, customers = self._cars, self._customers
        today = self._today()
        new_day = self._day != today
        announced, everything = self._announced, self._all or new_day
        self._cars, self._customers, self._all, self._announced = set(), set(), False, False
        # What no table that an offer names and no car explains.
        otherwise = Reason.CUSTOMER_CHANGED
        if new_day or announced:
            otherwise = Reason.EDITION_CHANGED if announced else Reason.DAY_CHANGED
        try:
            left = await self._look(None if everything else sorted(cars), sorted(customers), otherwise)
        except OUTAGES:
            self._cars |= cars
            self._customers |= customers
            self._all |= everything
            self._announced |= announced
            raise
        if everything:
            self._day = today
        return left

    async def _look(self, cars: list[str] | None, customers: list[str], otherwise: Reason) -> float:
        """Let fall what is due; return after how many seconds to look again. None looks at all deals."""
        async with self._system.acquire() as database:
            due = await what_is_due(database, cars, customers, self._looked)
        # Holds also expire without a rate sheet, when nothing can be priced.
        for deal_id, vehicle_id in due.over:
            await self._relay.tell(await expire_hold(self._system, deal_id, vehicle_id))
        await self._guard_prices({**due.guarded, otherwise: [*due.guarded.get(otherwise, ()), *due.everyone]})
        if self._scenarios is not None:
            await self._scenarios.look(cars)
        self._looked = due.at
        if cars is None:
            async with self._system.acquire() as database:
                await forget_ops(database)
        if due.next_seconds is None:
            return LONGEST_WAIT_SECONDS
        return min(max(due.next_seconds, LEAST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)

    async def _guard_prices(self, guarded: Mapping[Reason, Sequence[str]]) -> None:
        """Look at deals, each once. One that cannot be looked at now keeps no other one waiting."""
        triggers: dict[str, Reason] = {}
        for reason, deal_ids in guarded.items():
            for deal_id in deal_ids:
                triggers.setdefault(deal_id, reason)
        later: CommandError | None = None
        for deal_id, reason in triggers.items():
            try:
                await self._guard.look(deal_id, reason)
            except CommandError as error:
                later = error
        if later is not None:
            raise later
