"""One deal in a client: its state, commands and events."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from client.channel import Channel, Delivery
from client.desk import Desk
from client.inbox import Inbox
from client.presenting import Presenting
from client.rows import Rows
from client.scenarios import Scenarios
from client.wall import WallRows
from protocol import codec
from protocol.commands import (
    DEFAULT_FOUND,
    DEFAULT_MATCHES,
    AnyCommand,
    Cancel,
    Find,
    Focus,
    Frontier,
    History,
    More,
    Painted,
    Position,
    Products,
    Quote,
    Roll,
    Search,
    Terms,
)
from protocol.deal.agreed import HistoryPage
from protocol.deal.structure import StructureChanges
from protocol.events import DealSnapshot, Present, SearchSnapshot
from protocol.finding import FindReply
from protocol.money.menu import ProductsReply
from protocol.money.quotes import FrontierReply, QuoteReply
from protocol.records import Filters, Sort, View


class Deal:
    """A joined deal, or a store's wall. Iterate it for its events; read what it holds at any time.

    ``desk`` has the commands of salesperson and desk, ``presenting`` those about the customer's page,
    ``scenarios`` those of scenarios. The state holds every event that was received, whether or not the reader
    has taken it yet. It survives broken connections: events that were missed follow, or a ``Refreshed`` says
    that the state was replaced. Every command raises CommandError if the server refuses it, and waits while
    there is no connection. ``op`` identifies a command, so that a program can resend it after a restart
    without doing it twice.
    """

    def __init__(
        self,
        channel: Channel,
        inbox: Inbox,
        request: Callable[[AnyCommand], Awaitable[dict[str, Any]]],
        leave: Callable[[], Awaitable[None]],
    ) -> None:
        self._channel = channel
        self._request = request
        self._leave = leave
        self.inbox = inbox
        self.desk = Desk(channel.name, request, lambda: self.state.version)
        self.presenting = Presenting(channel.name, request)
        self.scenarios = Scenarios(channel.name, request, lambda: self.state)
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def channel(self) -> str:
        """The channel's name, ``deal:<id>`` or ``desk:<store>``."""
        return self._channel.name

    @property
    def view(self) -> View:
        """What the server shows of this deal: the view asked for, capped by the user's role."""
        return self._channel.view

    @property
    def position(self) -> Position | None:
        """The position of the state: it includes all events of ``epoch`` up to ``seq``."""
        return self._channel.position

    @property
    def state(self) -> DealSnapshot:
        """The current deal: version, state, customer, structure."""
        if self._channel.deal is None:
            raise RuntimeError(f"{self.channel} has no deal in its snapshot")
        return self._channel.deal

    @property
    def search_state(self) -> SearchSnapshot | None:
        """The latest search, and how far it read when it last paused or ended. ``rows`` has the cars."""
        return self._channel.search

    @property
    def rows(self) -> Rows:
        """The cars of the latest search by ``vehicle_id``, with their offers as these arrive."""
        return self._channel.rows

    @property
    def here(self) -> list[Present]:
        """Who watches the channel, as far as the view shows it."""
        return self._channel.here

    async def focus(self, field: str | None) -> None:
        """Show the others which field of the structure has this person's focus; None: no field."""
        await self._request(Focus(ref=0, channel=self.channel, field=field))

    @property
    def wall(self) -> WallRows:
        """The deals of a wall (``desk:``) by id; a deal's own channel has none."""
        return self._channel.wall

    async def search(
        self,
        *,
        filters: Filters | None = None,
        sort: Sort = Sort.PRICE,
        limit: int = DEFAULT_MATCHES,
        op: uuid.UUID | None = None,
    ) -> str:
        """Search the stock for this deal, for everyone who watches it; return the ``search_id``."""
        command = Search(
            ref=0,
            channel=self.channel,
            op=op or uuid.uuid4(),
            filters=filters or Filters(),
            sort=sort,
            limit=limit,
        )
        return str((await self._request(command))["search_id"])

    async def more(self, search_id: str, token: str, *, op: uuid.UUID | None = None) -> str:
        """Continue a search that ended at its limit, with the ``next`` of its ``search_ended``."""
        command = More(ref=0, channel=self.channel, op=op or uuid.uuid4(), search_id=search_id, token=token)
        return str((await self._request(command))["search_id"])

    async def cancel(self, search_id: str, *, op: uuid.UUID | None = None) -> None:
        """End a running search."""
        await self._request(Cancel(ref=0, channel=self.channel, op=op or uuid.uuid4(), search_id=search_id))

    async def painted(self, search_id: str, stage: str, ms: float, *, after_ms: float = 0) -> None:
        """Report that a stage of a search (one of ``PAINT_STAGES``) was shown ``ms`` after its command was
        sent, and ``after_ms`` after its message came: for the search's trace.
        """
        painted = {"search_id": search_id, "stage": stage, "ms": ms, "after_ms": after_ms}
        await self._request(Painted(ref=0, channel=self.channel, **painted))  # type: ignore[arg-type]

    async def terms(
        self, changes: StructureChanges, *, version: int | None = None, op: uuid.UUID | None = None
    ) -> int:
        """Change the structure, based on ``version`` (the state's, if left out); return the new version."""
        based_on = self.state.version if version is None else version
        command = Terms(ref=0, channel=self.channel, op=op or uuid.uuid4(), version=based_on, changes=changes)
        return int((await self._request(command))["version"])

    async def quote(
        self,
        vehicle_id: str,
        changes: StructureChanges | None = None,
        *,
        programme_id: str | None = None,
        terms_months: Sequence[int] = (),
        cash_down_cents: Sequence[int] = (),
        roll: Roll | None = None,
        grid_programme_id: str | None = None,
        grid_best: bool = False,
        grid_step_cents: int | None = None,
        keep_offer: bool = False,
    ) -> QuoteReply:
        """Price one car with ``changes``, which do not change the deal; the lists are the grid's axes.

        The grid is of the offer's programme, of ``grid_programme_id``, or of the best in each cell. With
        ``keep_offer`` programme and discount are those of the offer without ``changes``.
        """
        command = Quote(
            ref=0,
            channel=self.channel,
            vehicle_id=vehicle_id,
            changes=changes or StructureChanges(),
            programme_id=programme_id,
            terms_months=list(terms_months),
            cash_down_cents=list(cash_down_cents),
            roll=roll,
            grid_programme_id=grid_programme_id,
            grid_best=grid_best,
            grid_step_cents=grid_step_cents,
            keep_offer=keep_offer,
        )
        return codec.convert_known(QuoteReply, await self._request(command))

    async def find(self, text: str, *, limit: int = DEFAULT_FOUND) -> FindReply:
        """Find cars of the stock by stock number, VIN or words, also those that do not fit the deal."""
        command = Find(ref=0, channel=self.channel, text=text, limit=limit)
        return codec.convert_known(FindReply, await self._request(command))

    async def frontier(self, vehicle_id: str) -> FrontierReply:
        """Return one car's structures that no other beats in both payment and NPV."""
        command = Frontier(ref=0, channel=self.channel, vehicle_id=vehicle_id)
        return codec.convert_known(FrontierReply, await self._request(command))

    async def products(self) -> ProductsReply:
        """Return the store's catalogue of F&I products and its packages."""
        command = Products(ref=0, channel=self.channel)
        return codec.convert_known(ProductsReply, await self._request(command))

    @property
    def history(self) -> HistoryPage:
        """The deal's latest events when it was joined; empty in the customer's view."""
        return self._channel.history

    async def older(self, before: int | None = None, *, limit: int = 50) -> HistoryPage:
        """Return up to ``limit`` events before event number ``before``; without one, the latest."""
        command = History(ref=0, channel=self.channel, before=before, limit=limit)
        return codec.convert_known(HistoryPage, await self._request(command))

    async def leave(self) -> None:
        """Stop watching: the iteration ends, and no more events of the deal arrive."""
        await self._leave()

    def __aiter__(self) -> AsyncIterator[Delivery]:
        return self

    async def __anext__(self) -> Delivery:
        return await self.inbox.take()
