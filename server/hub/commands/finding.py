"""``find``: cars of the stock by stock number, VIN or words, each with an offer or the reason for none."""

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import msgspec

from protocol.closing import CommandError, ErrorCode
from protocol.commands import Find
from protocol.events import MATCH_COLUMNS
from protocol.finding import FindReply
from protocol.jobs import NUMBER_COLUMNS
from protocol.money.lending import RiskModel
from server.clock import utc_now
from server.database.core.scope import RowScope, StoreScopes
from server.database.core.standbys.replica import ReplicaFailed
from server.database.deals.deals import Deal
from server.database.editions.rates import NotInForce
from server.database.people.users import Account
from server.hub.commands.quoting.quotes import Quotes
from server.hub.sight.rows_seen import project_rows
from server.hub.sight.sight import Sight
from server.search.paging.rows.reading import stock_of
from server.search.screening.basis import Basis, load_basis
from server.search.sql.columns import rebates_by_name
from server.search.sql.cursor import read_stock
from server.search.sql.finding import find_cars
from server.search.sql.shown import shown_columns
from server.search.sql.supplies import Supplies
from server.search.sql.supply import Supply
from server.search.trace import Trace
from server.sharing.lanes import Lane
from server.work.editions import Editions


class Finding:
    """Answers ``find`` for a deal that the asker may see."""

    def __init__(
        self,
        stores: StoreScopes,
        quotes: Quotes,
        editions: Editions,
        supplies: Supplies,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._stores = stores
        self._quotes = quotes
        self._editions = editions
        self._supplies = supplies
        self._today = today

    async def find(self, command: Find, deal: Deal, account: Account, sight: Sight) -> dict[str, Any]:
        """Return the projected data of the reply. Its columns are those of a search's rows.

        Raises CommandError: invalid for a text without a word or if the terms contradict each other, degraded
        if no rate sheet or no usable risk model is in force, busy if the computation's turn does not come.
        """
        if not command.text.split():
            raise CommandError(ErrorCode.INVALID, "text: expected a word, stock number or VIN", field="text")
        try:
            try:
                found = await self._read(command, deal, self._stores.found(deal.store_id))
            except ReplicaFailed:
                found = await self._read(command, deal, self._stores.of(deal.store_id))
        except NotInForce as error:
            raise CommandError(ErrorCode.DEGRADED, f"No quote is possible: {error}.") from error
        rows, basis = found.rows, found.basis
        columns: dict[str, list[Any]] = {
            name: [row.get(name) for row in rows] for name in dict.fromkeys((*MATCH_COLUMNS, *NUMBER_COLUMNS))
        }
        if rows:
            from server.finance.quoting import offers_found

            without = rebates_by_name([row["rebates_without"] for row in rows])
            numbers = {**{name: columns[name] for name in NUMBER_COLUMNS}, **without}
            lane = Lane(account.store_id, account.id)
            named = list(zip(columns["make"], columns["model"], columns["body"], strict=True))
            offers = await self._quotes.computed(
                lane,
                partial(offers_found, leases=basis.leases, named=named),
                basis.inputs,
                numbers,
                basis.sheet,
                found.model,
            )
            columns |= shown_columns(columns, found.supply)
            columns = {name: columns[name] for name in MATCH_COLUMNS} | offers
        reply = FindReply(rows=len(rows), columns=project_rows(columns, sight), more=found.more)
        return msgspec.structs.asdict(reply)

    async def _read(self, command: Find, deal: Deal, scope: RowScope) -> "_Found":
        stock, today = stock_of(deal), self._today()
        in_force = await self._editions.in_force(today)
        tables = self._editions.tables
        async with read_stock(scope, Trace()) as reader:
            inventory, _ = await reader.version(stock, deal.id)
            basis = await load_basis(
                reader.database, tables, deal, in_force, inventory=inventory, today=today
            )
            rows, more = await find_cars(
                reader,
                stock,
                command.text,
                command.limit,
                today=today,
                rebates=basis.rebates,
                exclusions=basis.exclusions,
            )
            supply = await self._supplies.of(reader, stock, inventory, today)
            return _Found(rows, more, basis, supply, await tables.risk(reader.database, in_force.risk))


class _Found(NamedTuple):
    rows: list[Any]
    more: bool
    basis: Basis
    supply: Supply
    model: RiskModel
