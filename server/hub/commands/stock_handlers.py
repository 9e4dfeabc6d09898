"""Handlers for search, terms and quotes."""

from typing import Any

from protocol import commands
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.deal.trades import only_appraises
from protocol.records import DealState, View
from server.clock import utc_now
from server.database.core.scope import StoreScopes
from server.database.decisions.agreement.appraisals import appraise
from server.database.decisions.deciding import digest_of
from server.database.decisions.edits.terms import change_terms
from server.hub.commands.finding import Finding
from server.hub.commands.offer_pricing import Repricing
from server.hub.commands.quoting.catalogues import Catalogues
from server.hub.commands.quoting.contract_quotes import asks_for_contract, contract_quote
from server.hub.commands.quoting.quotes import Quotes
from server.hub.commands.registration import handles
from server.hub.connections.authority import Authority, actor_of, view_of
from server.hub.connections.connection import Connection
from server.hub.sight.asking import hidden_order, not_here
from server.hub.sight.questions import Questions, check_conceded, check_visible
from server.hub.sight.sight import sight_of
from server.hub.upkeep.relay import Relay
from server.observe.attending import command_arrived, command_wait
from server.search.paging.searches import MoreRequest, SearchRequest, SearchService


class StockHandlers:
    """What the commands about stock and money do."""

    def __init__(
        self,
        *,
        stores: StoreScopes,
        authority: Authority,
        relay: Relay,
        searches: SearchService,
        quotes: Quotes,
        finding: Finding,
        questions: Questions,
        catalogues: Catalogues,
        repricing: Repricing,
    ) -> None:
        self._stores = stores
        self._authority = authority
        self._relay = relay
        self._searches = searches
        self._quotes = quotes
        self._finding = finding
        self._questions = questions
        self._catalogues = catalogues
        self._repricing = repricing

    @handles(commands.Search)
    async def search(self, connection: Connection, command: commands.Search) -> None:
        """Begin a search."""
        deal = await self._authority.deal(connection.account, command)
        hidden = hidden_order(command.filters, command.sort, view_of(connection, command.channel))
        if hidden is not None:
            raise not_here(hidden)
        request = SearchRequest(
            channel=command.channel,
            op=command.op,
            deal=deal,
            filters=command.filters,
            sort=command.sort,
            limit=command.limit,
            actor=actor_of(connection.account),
            asked=_asked(connection, command),
            arrived=command_arrived(),
            waited=command_wait(),
        )
        connection.reply(command.ref, {"search_id": await self._searches.search(request)})

    @handles(commands.More)
    async def more(self, connection: Connection, command: commands.More) -> None:
        """Go on with a search."""
        deal = await self._authority.deal(connection.account, command)
        request = MoreRequest(
            channel=command.channel,
            op=command.op,
            deal=deal,
            search_id=command.search_id,
            token=command.token,
            asked=_asked(connection, command),
            arrived=command_arrived(),
            waited=command_wait(),
        )
        connection.reply(command.ref, {"search_id": await self._searches.more(request)})

    @handles(commands.Cancel)
    async def cancel(self, connection: Connection, command: commands.Cancel) -> None:
        """End a search."""
        await self._authority.deal(connection.account, command)
        await self._searches.cancel(command.channel, command.search_id)
        connection.reply(command.ref, {})

    @handles(commands.Revalue)
    async def revalue(self, connection: Connection, command: commands.Revalue) -> None:
        """Try again to value cars that were given up."""
        await self._authority.deal(connection.account, command)
        asked = _asked(connection, command)
        await self._searches.revalue(command.channel, command.op, command.vehicle_id, asked=asked)
        connection.reply(command.ref, {})

    @handles(commands.Terms)
    async def terms(self, connection: Connection, command: commands.Terms) -> None:
        """Decide in Postgres and publish; the process that publishes first repeats the last search."""
        held = await self._authority.held(connection.account, command)
        deal = held.deal
        sight = sight_of(view_of(connection, command.channel), connection.account)
        check_visible(command.changes, sight.view)
        check_conceded(command.changes, sight, deal.discount_authority_cents, deal.structure)
        scope, actor = self._stores.of(deal.store_id), actor_of(connection.account)
        given: dict[str, Any] = {"op": command.op, "based_on": command.version, "actor": actor}
        if held.whole.state is DealState.SUBMITTED and _only_appraises(command.changes):
            priced = await self._repricing.with_changes(held, connection.account, command.changes)
            result = await appraise(scope, deal.id, command.changes, **given, priced=priced)
        else:
            result = await change_terms(scope, deal.id, **given, changes=command.changes)
        await self._relay.tell(result)
        connection.reply(command.ref, result.reply)

    @handles(commands.Quote)
    async def quote(self, connection: Connection, command: commands.Quote) -> None:
        """Price one car."""
        account = connection.account
        held = await self._authority.held(account, command)
        deal, contract = held.at(utc_now()), held.whole.contract or None
        sight = sight_of(view_of(connection, command.channel), account)
        if contract is not None and asks_for_contract(command, contract):
            scope = self._stores.of(deal.store_id)
            connection.reply(command.ref, await contract_quote(scope, deal.id, contract, sight))
            return
        asked = [command.changes, command.programme_id, command.roll]
        axes = [command.terms_months, command.cash_down_cents, command.grid_step_cents]
        grid_of = [command.grid_programme_id, command.grid_best, command.keep_offer]
        await self._questions.check(deal, account, sight, command.vehicle_id, [*asked, *axes, *grid_of])
        connection.reply(command.ref, await self._quotes.quote(command, deal, account, sight))

    @handles(commands.Products)
    async def products(self, connection: Connection, command: commands.Products) -> None:
        """Show the catalogue of F&I products."""
        deal = await self._authority.deal(connection.account, command)
        view = view_of(connection, command.channel)
        connection.reply(command.ref, await self._catalogues.reply(deal, view))

    @handles(commands.Find)
    async def find(self, connection: Connection, command: commands.Find) -> None:
        """Find cars of the stock."""
        deal = await self._authority.deal(connection.account, command)
        sight = sight_of(view_of(connection, command.channel), connection.account)
        connection.reply(command.ref, await self._finding.find(command, deal, connection.account, sight))

    @handles(commands.Frontier)
    async def frontier(self, connection: Connection, command: commands.Frontier) -> None:
        """List one car's best structures."""
        deal = await self._authority.deal(connection.account, command)
        view = view_of(connection, command.channel)
        if view is View.CUSTOMER:
            # Its ends are the most discount and the most cash there may be.
            raise CommandError(ErrorCode.FORBIDDEN, "The customer view has no frontier.", field="channel")
        sight = sight_of(view, connection.account)
        await self._questions.check(deal, connection.account, sight, command.vehicle_id)
        connection.reply(command.ref, await self._quotes.frontier(command, deal, connection.account, sight))


def _only_appraises(changes: StructureChanges) -> bool:
    """Return whether ``changes`` set cash values of trades and nothing else."""
    given = dict(changes.items())
    trades = given.pop("trades", [])
    return only_appraises(trades) and (given.keys() == {"trade_acv_cents"} or (bool(trades) and not given))


def _asked(connection: Connection, command: commands.Search | commands.More | commands.Revalue) -> str:
    """Return a digest of who sends the command and what it asks for: all but what is new each time."""
    given = {name: getattr(command, name) for name in command.__struct_fields__ if name not in {"ref", "op"}}
    return digest_of(actor_of(connection.account), (commands.tag_of(type(command)), given)).hex()
