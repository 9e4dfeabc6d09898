"""Marks scenarios as outdated whose car or rates changed since they were priced. Every process looks."""

import datetime as dt
from collections.abc import Callable, Sequence

from server.clock import utc_now
from server.database.core.scope import RowScope
from server.database.decisions.moves.scenarios import Sheets, deals_to_outdate, outdate_scenarios
from server.database.editions.rates import NotInForce
from server.hub.upkeep.relay import Relay
from server.work.editions import Editions


class ScenarioWatch:
    """Finds the deals with such scenarios and tells what it marked."""

    def __init__(
        self,
        system: RowScope,
        relay: Relay,
        editions: Editions,
        *,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._system = system
        self._relay = relay
        self._editions = editions
        self._today = today

    async def look(self, vehicle_ids: Sequence[str] | None) -> None:
        """Look at the scenarios about some cars; None: at all of them, for the rates too.

        Raises the errors of the services.
        """
        if vehicle_ids is not None and not vehicle_ids:
            return
        try:
            in_force = await self._editions.in_force(self._today())
        except NotInForce:
            # Nothing can be priced. Once there are sheets, all scenarios are looked at.
            return
        sheets = Sheets(in_force.rates, in_force.leases or None)
        async with self._system.acquire() as database:
            due = await deals_to_outdate(database, vehicle_ids, sheets)
        for deal_id in due:
            await self._relay.tell(await outdate_scenarios(self._system, deal_id, sheets))
