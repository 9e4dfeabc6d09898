"""One socket: a reader that handles commands in order, and the delivery to its watchers.

Messages to this connection are sent or queued at once; no sender awaits them.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import structlog

from protocol import codec
from protocol.closing import CloseCode, CommandError, ErrorBody
from protocol.commands import AnyCommand, Cost
from protocol.events import Notice, Reply
from protocol.records import View
from protocol.rights import TokenScope
from server.database.people.credentials import Credential
from server.database.people.offer_links import LinkPass
from server.database.people.security_events import SecurityEvent, SecurityKind
from server.database.people.users import Account
from server.hub.channels.registry import Registry
from server.hub.channels.session import Session, Watcher
from server.hub.connections.replay import Replays
from server.hub.connections.working import still_working
from server.hub.sockets.admission import Admitted
from server.hub.sockets.delivery import Delivery
from server.hub.sockets.limits import limits_of
from server.hub.sockets.reader import Reader, Receive
from server.hub.sockets.wire import Wire
from server.log.channel_log import ChannelLog
from server.observe.attending import ids_of

CLOSE_SECONDS: Final = 2.0
MOST_VIEWS: Final = 100
"""How many views of unwatched channels are remembered, so that a client cannot make them grow forever."""

Send = Callable[[Any], Awaitable[None]]


class Dispatch(Protocol):
    """Handles one command and answers it with exactly one reply."""

    async def __call__(self, connection: "Connection", command: AnyCommand) -> None:
        """Handle the command. It never raises for what a client does."""


class Connection:
    """A socket that was accepted. ``run`` serves it until it ends; it is also the outlet of its watchers."""

    __slots__ = (
        "__weakref__",
        "_admitted",
        "_deadline",
        "_delivery",
        "_dispatch",
        "_ending",
        "_on_flood",
        "_registry",
        "_replays",
        "_views",
        "fast_lane",
        "id",
        "watchers",
    )

    def __init__(
        self,
        admitted: Admitted,
        wire: Wire,
        registry: Registry,
        log: ChannelLog,
        dispatch: Dispatch,
        *,
        on_flood: Callable[[], None] | None = None,
    ) -> None:
        self.id = uuid.uuid4().hex
        self._admitted = admitted
        self.watchers: dict[str, Watcher] = {}
        self._views: dict[str, View] = {}
        self.fast_lane = wire.fast_lane
        self._registry = registry
        self._dispatch = dispatch
        self._on_flood = on_flood
        self._delivery = Delivery(self, wire, registry.turn, registry.traffic)
        self._replays = Replays(self, self._delivery, log)
        self._deadline: asyncio.Timeout | None = None
        self._ending: tuple[CloseCode | None, str] | None = None

    @property
    def account(self) -> Account:
        """The account of the person."""
        return self._admitted.account

    @property
    def credential(self) -> Credential:
        """The credential of the connection."""
        return self._admitted.credential

    @property
    def link(self) -> LinkPass | None:
        """The link of a customer; None for people of the store."""
        return self._admitted.link

    @property
    def origin(self) -> str:
        """The origin of the person's page; empty for a program."""
        return self._admitted.origin

    @property
    def address(self) -> str:
        """The client's address, as our proxy reports it."""
        return self._admitted.address

    @property
    def commands(self) -> int:
        """How many commands the client may send in a window."""
        return limits_of(self.credential).commands

    @property
    def is_closed(self) -> bool:
        """Whether it is about to end."""
        return self._ending is not None

    @property
    def tests_load(self) -> bool:
        """Whether this is a load tester's connection, which joins the channels of hundreds of people."""
        return TokenScope.LOAD in self.credential.scopes

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of events and replies wait for the client. Any thread may ask."""
        return self._delivery.waiting_bytes

    def say(self, *messages: bytes) -> None:
        """Send messages that belong to no channel."""
        for message in messages:
            self._delivery.put(message)

    async def run(self, receive: Receive, send: Send, expires_in_seconds: float) -> None:
        """Serve the socket until one side closes it or the credential expires."""
        try:
            await self._read(receive, expires_in_seconds)
        except Exception as error:
            self._fail(error)
        finally:
            signed_out = self._ending is not None and self._ending[0] is CloseCode.SIGNED_OUT
            for channel in tuple(self.watchers):
                self.detach(channel, for_good=signed_out)
            await self._replays.aclose()
        try:
            await self._say_goodbye(send)
        finally:
            self._delivery.stop()

    def close(self, code: CloseCode | None, reason: str = "") -> None:
        """End the connection with ``code``; None if the client is already gone. The first call counts."""
        if self._ending is None:
            self._ending = code, reason
            if self._deadline is not None and not self._deadline.expired():
                self._deadline.reschedule(0)

    async def handle(self, command: AnyCommand) -> None:
        """Handle a command and answer it. Meanwhile the client hears now and then that it still runs."""
        if command.cost is Cost.FREE:
            await self._dispatch(self, command)
            return
        with still_working(self.say, command.ref):
            await self._dispatch(self, command)

    def flooded(self) -> None:
        """Record that the client flooded."""
        self._logger.warning("flooded")
        if self._on_flood is not None:
            self._on_flood()

    def happened(self, kind: SecurityKind, **fields: Any) -> SecurityEvent:
        """Return a security event of this person and connection, with the current time."""
        return self._admitted.happened(kind, connection_id=self.id, **fields)

    def turn(self, channel: str, view: View) -> None:
        """Record the view in which a channel is joined, whether or not the join succeeds.

        A screen that was turned to a customer keeps the customer's view while its channel is unreachable.
        """
        self._views.pop(channel, None)
        self._views[channel] = view
        if len(self._views) > MOST_VIEWS + len(self.watchers):
            del self._views[next(name for name in self._views if name not in self.watchers)]

    @property
    def shows_customer(self) -> bool:
        """Whether a deal of this screen is turned to a customer."""
        return View.CUSTOMER in self._views.values()

    def view_of(self, channel: str) -> View | None:
        """Return the view in which a channel was last joined; None if it was not joined or was left."""
        return self._views.get(channel)

    def leave(self, channel: str) -> None:
        """Stop serving a channel because the person left it."""
        self.detach(channel, for_good=True)
        self._views.pop(channel, None)

    def reply(self, ref: int, data: dict[str, Any]) -> None:
        """Answer a command."""
        self.say(codec.encode(Reply(ref=ref, ok=True, data=data)))

    def refuse(self, ref: int, error: CommandError) -> None:
        """Answer a command with an error."""
        body = ErrorBody(code=error.code, message=error.message, retry=error.code.retry, detail=error.detail)
        self.say(codec.encode(Reply(ref=ref, ok=False, error=body)))

    def notify(self, notice: Notice) -> None:
        """Send a notice about the service."""
        self.say(codec.encode(notice))

    def send_events(self, channel: str, messages: Sequence[bytes]) -> None:
        """Send events of a channel after the waiting messages."""
        self._delivery.put_events(channel, messages)

    def send_presence(self, channel: str, message: bytes) -> None:
        """Send who is in a channel, in place of an older message that still waits."""
        if channel in self.watchers:
            self._delivery.put_presence(channel, message)

    def send_resync(self, channel: str) -> None:
        """Drop a channel's waiting messages, stop serving it, and send a ``resync``."""
        self._registry.traffic.resyncs += 1
        self.detach(channel)
        self._delivery.put_resync(channel)

    def attach(self, session: Session, watcher: Watcher, snapshot: AsyncGenerator[bytes] | None) -> None:
        """Serve a watcher: first the snapshot, then the events that it lacks, then live."""
        session.watch(watcher)
        self.watchers[watcher.channel] = watcher
        if snapshot is not None or not session.go_live(watcher):
            self._replays.start(session, watcher, snapshot)

    def detach(self, channel: str, *, for_good: bool = False) -> None:
        """Stop serving a channel: none of its messages are queued from here on.

        ``for_good``: the person has left, and has not only lost the connection.
        """
        watcher = self.watchers.pop(channel, None)
        if watcher is not None:
            self._registry.leave(watcher, for_good=for_good)
        self._replays.stop(channel)

    def replay_failed(self, channel: str, error: Exception, *, known: bool) -> None:
        """Report why a replay failed. An error that is not ``known`` ends the connection."""
        if known:
            self._logger.warning("replay_failed", **ids_of(channel), exc_info=error)
        else:
            self._fail(error)

    async def _read(self, receive: Receive, expires_in_seconds: float) -> None:
        """Read until the connection is closed, which also ends the command in progress."""
        try:
            async with asyncio.timeout(expires_in_seconds) as self._deadline:
                await Reader(self, receive).run()
        except TimeoutError:
            if self._deadline is None or not self._deadline.expired():
                raise
            self.close(CloseCode.SIGNED_OUT, "The session has expired.")
        finally:
            self._deadline = None

    def _fail(self, error: Exception) -> None:
        self._logger.error("connection_failed", exc_info=error)
        self.close(CloseCode.INTERNAL, "Something went wrong here.")

    async def _say_goodbye(self, send: Send) -> None:
        code, reason = self._ending or (None, "")
        self._registry.traffic.closes.add("client" if code is None else code.name.lower())
        if code is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._delivery.drained()
                await send({"type": "websocket.close", "code": int(code), "reason": reason})
        except (OSError, TimeoutError):
            self._logger.info("closed_without_goodbye", code=int(code))

    @property
    def _logger(self) -> structlog.stdlib.BoundLogger:
        logger: structlog.stdlib.BoundLogger = structlog.get_logger("hub")
        return logger.bind(connection_id=self.id)
