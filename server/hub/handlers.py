"""The commands of a client, one function each. A command is answered by exactly one reply."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg
import structlog
from redis.exceptions import RedisError

from protocol import commands
from protocol.closing import CommandError, ErrorCode
from protocol.commands import AnyCommand, tag_of
from protocol.records import Actor, Role, View
from server.hub.connection import Connection
from server.hub.join import Joiner
from server.hub.limits import COMMAND_SECONDS
from server.hub.quotes import Quotes
from server.hub.relay import Relay
from server.hub.views import hidden_fields, widest_view
from server.push.log import ChannelLog, utc_now
from server.search.stream import MoreRequest, SearchRequest, SearchService
from server.store.deals import Deal, change_terms, last_no, load_deal
from server.store.users import Account

NOT_SEARCHED_BY: Final = frozenset({"tier_source", "payment_min_cents"})
"""Fields of a structure that no search result depends on: one is provenance, one sorts."""

UNAVAILABLE: Final = (RedisError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What a failing Redis or database raises."""

SEARCH_ATTEMPTS: Final = 3


class Handlers:
    """What the commands do; calling it handles one."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        log: ChannelLog,
        joiner: Joiner,
        relay: Relay,
        searches: SearchService,
        quotes: Quotes,
    ) -> None:
        self._pool = pool
        self._log = log
        self._joiner = joiner
        self._relay = relay
        self._searches = searches
        self._quotes = quotes
        self._logger = structlog.get_logger("hub")
        self._handlers: dict[type, Callable[[Connection, Any], Awaitable[None]]] = {
            commands.Join: self._join,
            commands.Leave: self._leave,
            commands.Search: self._search,
            commands.More: self._more,
            commands.Cancel: self._cancel,
            commands.Terms: self._terms,
            commands.Quote: self._quote,
            commands.Frontier: self._frontier,
            commands.Ping: self._ping,
        }

    async def __call__(self, connection: Connection, command: AnyCommand) -> None:
        """Handle a command and answer it; what fails is the answer, never an exception."""
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                await self._handlers[type(command)](connection, command)
        except CommandError as error:
            connection.refuse(command.ref, error)
        except UNAVAILABLE as error:
            self._logger.warning("command_degraded", command=tag_of(type(command)), error=repr(error))
            connection.refuse(
                command.ref, CommandError(ErrorCode.DEGRADED, "A service is out of reach: try again shortly.")
            )
        except Exception:
            self._logger.exception("command_failed", command=tag_of(type(command)))
            connection.refuse(command.ref, CommandError(ErrorCode.INTERNAL, "Something went wrong here."))

    async def _join(self, connection: Connection, command: commands.Join) -> None:
        deal = await self._deal(connection.account, command.channel)
        await self._joiner.join(connection, command, deal)

    async def _leave(self, connection: Connection, command: commands.Leave) -> None:
        connection.detach(command.channel)
        connection.reply(command.ref, {})

    async def _search(self, connection: Connection, command: commands.Search) -> None:
        deal = await self._deal(connection.account, command.channel)
        request = SearchRequest(
            channel=command.channel,
            op=command.op,
            deal=deal,
            filters=command.filters,
            sort=command.sort,
            limit=command.limit,
            actor=actor_of(connection.account),
        )
        connection.reply(command.ref, {"search_id": await self._searches.search(request)})

    async def _more(self, connection: Connection, command: commands.More) -> None:
        deal = await self._deal(connection.account, command.channel)
        request = MoreRequest(
            channel=command.channel,
            op=command.op,
            deal=deal,
            search_id=command.search_id,
            token=command.token,
        )
        connection.reply(command.ref, {"search_id": await self._searches.more(request)})

    async def _cancel(self, connection: Connection, command: commands.Cancel) -> None:
        await self._deal(connection.account, command.channel)
        await self._searches.cancel(command.channel, command.search_id)
        connection.reply(command.ref, {})

    async def _terms(self, connection: Connection, command: commands.Terms) -> None:
        """Decide in Postgres, relay, search again; a command that is resent after a failure does what is
        left.
        """
        deal = await self._deal(connection.account, command.channel)
        hidden = hidden_fields(command.changes, self._view(connection, command.channel))
        if hidden:
            raise CommandError(ErrorCode.FORBIDDEN, f"{hidden[0]} is not part of this view.", field=hidden[0])
        result = await change_terms(
            self._pool,
            deal.id,
            op=command.op,
            based_on=command.version,
            changes=command.changes,
            actor=actor_of(connection.account),
        )
        await self._relay.publish(deal.id)
        if any(name not in NOT_SEARCHED_BY for name, _ in command.changes.items()):
            await self._search_again(command, deal.id, result.version, actor_of(connection.account))
        connection.reply(command.ref, result.reply)

    async def _quote(self, connection: Connection, command: commands.Quote) -> None:
        deal = await self._deal(connection.account, command.channel)
        view = self._view(connection, command.channel)
        connection.reply(command.ref, await self._quotes.quote(command, deal, connection.account, view))

    async def _frontier(self, connection: Connection, command: commands.Frontier) -> None:
        deal = await self._deal(connection.account, command.channel)
        view = self._view(connection, command.channel)
        connection.reply(command.ref, await self._quotes.frontier(command, deal, view))

    async def _ping(self, connection: Connection, command: commands.Ping) -> None:
        connection.reply(command.ref, {"server_time": utc_now()})

    async def _search_again(self, command: commands.Terms, deal_id: str, version: int, actor: Actor) -> None:
        """Repeat the last search with the deal as it stands now, unless that has been done."""
        for _ in range(SEARCH_ATTEMPTS):
            last = await self._log.search(command.channel)
            if last is None or last.deal_version >= version:
                return
            deal = await self._load(deal_id)
            request = SearchRequest(
                channel=command.channel,
                op=uuid.uuid5(command.op, f"search at version {deal.version}"),
                deal=deal,
                filters=last.filters,
                sort=last.sort,
                limit=last.limit,
                actor=actor,
            )
            try:
                await self._searches.search(request)
            except CommandError as error:
                if error.code.retry:
                    raise
                # The decision stands; that nothing can be searched with it is no reason to refuse it.
                self._logger.info("not_searched_again", deal_id=deal_id, error=str(error))
                return
            # Two edits at once may begin their searches in the other order: the last search must be the
            # newest's.
            async with self._pool.acquire() as connection:
                version = await last_no(connection, deal_id)

    async def _deal(self, account: Account, channel: str) -> Deal:
        """Return the channel's deal. Raises CommandError where the account may not see it."""
        kind, _, name = channel.partition(":")
        if kind == "desk":
            if account.role is Role.SALESPERSON:
                raise CommandError(ErrorCode.FORBIDDEN, "The desk wall is for managers.", field="channel")
            raise CommandError(
                ErrorCode.NOT_FOUND, "This server does not serve the desk wall yet.", field="channel"
            )
        deal = await self._load(name)
        if deal.store_id != account.store_id:
            raise _no_such_deal()
        return deal

    async def _load(self, deal_id: str) -> Deal:
        async with self._pool.acquire() as connection:
            deal = await load_deal(connection, deal_id)
        if deal is None:
            raise _no_such_deal()
        return deal

    def _view(self, connection: Connection, channel: str) -> View:
        watcher = connection.watchers.get(channel)
        return widest_view(connection.account.role) if watcher is None else watcher.view


def actor_of(account: Account) -> Actor:
    """Return the account as events name it."""
    return Actor(id=account.id, name=account.name, role=account.role)


def _no_such_deal() -> CommandError:
    return CommandError(ErrorCode.NOT_FOUND, "There is no such deal.", field="channel")
