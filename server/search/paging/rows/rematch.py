"""Cars that were repriced while a screen shows them: matched and valued again with the current deal."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from protocol import codec
from protocol.channels import deal_of
from protocol.events import MATCH_COLUMNS, OFFER_COLUMNS
from protocol.jobs import JobPointer, ValueJob
from protocol.records import Versions
from server.clock import utc_now
from server.database.core.scope import RowScope
from server.database.deals.deals import Deal, load_deal
from server.log.cars import ShownCars, Unmatched
from server.log.search_log import SearchLog
from server.search.paging.rows.reading import stock_of
from server.search.screening.basis import load_basis
from server.search.screening.names import lease_names_of
from server.search.sql.cursor import read_stock
from server.search.sql.query import RESULT_COLUMNS, build_cars_query
from server.search.sql.shown import shown_columns
from server.search.sql.supplies import Supplies
from server.search.sql.supply import Supply
from server.search.trace import Trace
from server.sharing.lanes import Lane
from server.work.editions import Editions
from server.work.queue import JobQueue, QueueFull

if TYPE_CHECKING:
    from server.finance.plan import Plan
    from server.search.screening.screen import Rejected, Screened

MOST_AT_ONCE = 200
"""How many cars one late chunk may hold. A bulk change takes several chunks."""

log = structlog.get_logger(__name__)


class Rematcher:
    """Matches cars again for channels whose screens show them."""

    def __init__(
        self,
        system: RowScope,
        channels: SearchLog,
        cars: ShownCars,
        queue: JobQueue,
        editions: Editions,
        *,
        supplies: Supplies,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._system = system
        self._channels = channels
        self._cars = cars
        self._queue = queue
        self._today = today
        self._editions = editions
        self._supplies = supplies

    async def rematch(self, channel: str) -> None:
        """Publish the waiting cars again at their new prices, and queue their valuation.

        They become late chunks of the current search. A car that no lender programme takes at its new price
        is published with an offer that says why. If this raises, the cars that were not matched still wait.
        Raises RedisError, asyncpg's errors, TimeoutError, and CommandError and NotInForce as a search does.
        """
        found = await self._cars.unmatched(channel)
        if found is None:
            return
        waiting = sorted(found.cars.items(), key=lambda car: int(car[0]))
        for start in range(0, len(waiting), MOST_AT_ONCE):
            await self._rematch_some(channel, found, dict(waiting[start : start + MOST_AT_ONCE]))

    async def _rematch_some(self, channel: str, found: Unmatched, waiting: dict[str, int]) -> None:
        today = self._today()
        in_force = await self._editions.in_force(today)
        async with read_stock(self._system, Trace()) as reader:
            deal = await load_deal(reader.database, deal_of(channel) or "")
            if deal is None:
                return
            stock = stock_of(deal)
            inventory, _ = await reader.version(stock, deal.id)
            basis = await load_basis(
                reader.database, self._editions.tables, deal, in_force, inventory=inventory, today=today
            )
            cars = [int(car) for car in waiting]
            query = build_cars_query(
                stock, cars, today=today, rebates=basis.rebates, exclusions=basis.exclusions
            )
            rows = await reader.read(query)
            supply = await self._supplies.of(reader, stock, inventory, today)
        place = RESULT_COLUMNS.index("vehicle_id")
        gone = waiting.keys() - {row[place] for row in rows}
        if gone:
            # Outside the deal's scope, or not for sale any more, which another event reports.
            await self._cars.pass_over(channel, {car: waiting[car] for car in gone})
        if not rows:
            return
        from server.finance.plan import plan_deal
        from server.search.screening.screen import screen_rows

        plan = plan_deal(basis.inputs, basis.sheet, leases=basis.leases)
        again = _Again(channel, found, deal, plan, basis.versions, supply)
        screened = screen_rows(plan, rows, supply=supply)
        if len(screened):
            await self._publish(again, screened)
        if screened.rejected:
            await self._publish_rejected(again, rows, screened.rejected)

    async def _publish(self, again: "_Again", screened: "Screened") -> None:
        chunk = await self._match_again(again, screened.columns, screened.numbers)
        if chunk is None:
            return
        try:
            await self._queue.put(again.pointer(chunk))
        except QueueFull:
            log.warning("queue full", search_id=again.search_id, chunk=chunk)

    async def _publish_rejected(
        self, again: "_Again", rows: Sequence[Any], rejected: Sequence["Rejected"]
    ) -> None:
        """Publish cars that are on a screen but cannot become a deal at their new price."""
        read = [dict(zip(RESULT_COLUMNS, rows[each.row_number], strict=True)) for each in rejected]
        cells = {name: [row.get(name) for row in read] for name in (*MATCH_COLUMNS, *RESULT_COLUMNS)}
        cells |= shown_columns(cells, again.supply)
        columns = {name: cells[name] for name in MATCH_COLUMNS}
        chunk = await self._match_again(again, columns, {})
        if chunk is None:
            return
        nothing: dict[str, list[Any]] = {name: [None] * len(read) for name in OFFER_COLUMNS}
        offers = nothing | {
            "vehicle_id": columns["vehicle_id"],
            "rev": columns["rev"],
            "binding": [each.limit.wire for each in rejected],
        }
        await self._channels.offers(
            again.channel,
            search_id=again.search_id,
            chunk=chunk,
            rows=len(read),
            columns=offers,
        )

    async def _match_again(
        self, again: "_Again", columns: dict[str, list[Any]], numbers: dict[str, list[int]]
    ) -> int | None:
        """Publish cars as a late chunk; return its number, or None if they are no longer wanted."""
        return await self._cars.match_again(
            again.channel,
            search_id=again.search_id,
            columns=columns,
            job=codec.encode(again.job(columns, numbers)),
            lane=again.lane,
        )


@dataclass(frozen=True, slots=True)
class _Again:
    """The search that shows the cars, and the deal, plan, versions and supply for matching them now."""

    channel: str
    found: Unmatched
    deal: Deal
    plan: "Plan"
    versions: Versions
    supply: Supply

    @property
    def search_id(self) -> str:
        return self.found.search_id

    @property
    def lane(self) -> Lane:
        return Lane(self.deal.store_id, self.found.by.id)

    def pointer(self, chunk: int) -> JobPointer:
        return JobPointer(
            channel=self.channel,
            search_id=self.search_id,
            chunk=chunk,
            store_id=self.lane.store_id,
            person_id=self.lane.person_id,
            enqueued_at=utc_now(),
        )

    def job(self, columns: dict[str, list[Any]], numbers: dict[str, list[int]]) -> ValueJob:
        lease_names, lease_of = lease_names_of(self.plan, columns)
        return ValueJob(
            search_id=self.search_id,
            deal_version=self.deal.version,
            inputs=self.plan.inputs,
            versions=self.versions,
            vehicle_id=columns["vehicle_id"],
            rev=columns["rev"],
            numbers=numbers,
            lease_names=lease_names,
            lease_of=lease_of,
        )
