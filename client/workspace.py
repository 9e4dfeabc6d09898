"""The Python client: one connection to a workspace, any number of deals on it.

async with Workspace.connect("ws://127.0.0.1:8000/ws", token) as workspace:
    deal = await workspace.join("deal:42")
    await deal.search(filters=Filters(makes=["Toyota"]), limit=100)
    async for event in deal:
        ...
"""

import asyncio
from types import TracebackType
from typing import Any, Self

from client.backoff import Timing
from client.channel import Channel, Delivery, Refreshed
from client.connection import Connection
from client.deal import Deal
from client.errors import Closed, WorkspaceError
from client.inbox import Inbox, Overflow
from client.session import NO_REASON, Received, Session
from protocol.closing import CloseCode, CommandError, ErrorBody
from protocol.commands import AnyCommand
from protocol.events import Limits, Notice, Reply, Welcome
from protocol.records import User, View


class Workspace:
    """A connection that reconnects automatically, and the deals that are joined on it.

    The error that ends it for good (Refused, Closed) is raised by every waiting command, every iteration and
    every later call.
    """

    def __init__(self, url: str, token: str, *, overflow: Overflow, timing: Timing) -> None:
        self._session = Session()
        self._connection = Connection(url, token, self._session, self._hand_over, timing)
        self._overflow = overflow
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._deals: dict[str, Deal] = {}
        self._running: asyncio.Task[None] | None = None
        self._end: WorkspaceError | None = None

    @classmethod
    def connect(
        cls,
        url: str,
        token: str,
        *,
        overflow: Overflow = Overflow.REFRESH,
        timing: Timing | None = None,
    ) -> Self:
        """Return a workspace for ``async with``, which waits for the first connection.

        ``url`` is the address of the socket, such as ``wss://deals.example/ws``; ``token`` goes into a header
        only. Raises, on entering: Refused, Closed, Unreachable.
        """
        return cls(url, token, overflow=overflow, timing=timing or Timing())

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run())
        try:
            await self._connection.wait_opened()
        except BaseException:
            await self._stop(self._running)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._running is not None:
            await self._stop(self._running)

    @property
    def user(self) -> User:
        """Who this connection is."""
        return self._welcome.user

    @property
    def limits(self) -> Limits:
        """What the server allows a connection."""
        return self._welcome.limits

    @property
    def notice(self) -> Notice | None:
        """The server's current notice about its service; None if all is well."""
        return self._session.notice

    async def join(self, channel: str, view: View = View.MANAGER, *, rows: bool = True) -> Deal:
        """Join a deal and return it once its snapshot is whole. The server caps ``view`` by the user's role.

        Without ``rows`` the deal comes without the cars of its search, now and later.

        Raises CommandError(not_found) for a deal that the user may not see, and ValueError for a channel that
        this workspace has joined already.
        """
        self._check_open()
        if channel in self._deals:
            raise ValueError(f"{channel} is already joined")
        joined = self._session.join(channel, view, rows=rows)
        deal = Deal(joined, Inbox(joined, self._overflow), self._request, lambda: self._leave(joined))
        self._deals[channel] = deal
        self._connection.flush()
        try:
            await deal.joined
        except BaseException:
            await self._leave(joined)
            raise
        return deal

    @property
    def _welcome(self) -> Welcome:
        if self._connection.welcome is None:
            raise RuntimeError("enter the workspace with `async with` first")
        return self._connection.welcome

    async def _request(self, command: AnyCommand) -> dict[str, Any]:
        self._check_open()
        return await self._answer_to(self._session.submit(command))

    async def _answer_to(self, ref: int) -> dict[str, Any]:
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[ref] = answer
        self._connection.flush()
        try:
            return await answer
        finally:
            del self._answers[ref]
            self._session.forget(ref)

    async def _leave(self, channel: Channel) -> None:
        deal = self._deals.pop(channel.name, None)
        if deal is not None:
            await deal.inbox.close()
        if self._end is None and (ref := self._session.leave(channel)) is not None:
            await self._answer_to(ref)

    async def _hand_over(self, received: Received) -> None:
        for ref, reply in received.answers:
            _settle(self._answers.get(ref), reply)
        for channel in received.failed:
            await self._fail(channel)
        for channel, delivery in received.deliveries:
            await self._deliver(channel, delivery)

    async def _deliver(self, channel: Channel, delivery: Delivery) -> None:
        deal = self._deals.get(channel.name)
        if deal is None:
            return
        if deal.joined.done():
            await deal.inbox.put(delivery)
        elif isinstance(delivery, Refreshed):
            deal.joined.set_result(None)

    async def _fail(self, channel: Channel) -> None:
        deal = self._deals.pop(channel.name, None)
        if deal is None:
            return
        error = _command_error(channel.error or NO_REASON)
        if deal.joined.done():
            await deal.inbox.close(error)
        else:
            deal.joined.set_exception(error)

    async def _run(self) -> None:
        try:
            await self._connection.run()
        except WorkspaceError as end:
            await self._finish(end)
        except Exception as fault:
            await self._finish(Closed(CloseCode.INTERNAL, f"an error in this client: {fault!r}"))
            raise
        finally:
            await self._finish(Closed(CloseCode.NORMAL, "the workspace is closed"))

    async def _finish(self, end: WorkspaceError) -> None:
        if self._end is not None:
            return
        self._end = end
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(end)
        for deal in list(self._deals.values()):
            if not deal.joined.done():
                deal.joined.set_exception(end)
            quiet = isinstance(end, Closed) and end.code == CloseCode.NORMAL
            await deal.inbox.close(None if quiet else end)

    async def _stop(self, running: asyncio.Task[None]) -> None:
        running.cancel()
        await asyncio.wait({running})
        if not running.cancelled() and (fault := running.exception()):
            raise fault

    def _check_open(self) -> None:
        if self._end is not None:
            raise self._end


def _settle(answer: asyncio.Future[dict[str, Any]] | None, reply: Reply) -> None:
    if answer is None or answer.done():
        return
    if reply.ok:
        answer.set_result(reply.data if isinstance(reply.data, dict) else {})
    else:
        answer.set_exception(_command_error(reply.error if isinstance(reply.error, ErrorBody) else NO_REASON))


def _command_error(body: ErrorBody) -> CommandError:
    return CommandError(body.code, body.message, **body.detail)
