"""One socket: a reader that handles commands in order, an outbox, and one writer that empties it.

Whatever others send to this connection is queued at once and awaited by nobody. What this connection asked
for and can wait (rows of a snapshot, replay) is pulled by a task of its own join, a part at a time, as the
outbox runs empty.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, Final, Protocol

import structlog
from redis.exceptions import RedisError

from protocol import codec
from protocol.closing import CloseCode, CommandError, ErrorBody, ErrorCode
from protocol.commands import AnyCommand, Join
from protocol.events import Notice, Reply
from protocol.records import View
from server.hub.admission import Admitted
from server.hub.limits import RESYNC_WINDOW_SECONDS, WRITE_SECONDS, CommandRate, Pace
from server.hub.outbox import Outbox, OutboxFull
from server.hub.registry import Registry
from server.hub.session import Phase, Session, Watcher
from server.hub.views import project_event
from server.push.log import ChannelLog, Entry
from server.store.credentials import TokenScope
from server.store.security_events import SecurityEvent, SecurityKind

CLOSE_SECONDS: Final = 2.0
EVENTS_PER_READ: Final = 50
LINES_PER_TURN: Final = 16
MOST_VIEWS: Final = 100
"""Of channels that are not watched: a client that asks for ever more is no reason to remember them all."""

PULLED_BYTES: Final = 128 * 1024
"""How much of a replay is queued at a time."""

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Dispatch(Protocol):
    """Handles one command and answers it with exactly one reply."""

    async def __call__(self, connection: "Connection", command: AnyCommand) -> None:
        """Never raises for what a client does."""


class _Closing(Exception):
    """Ends the connection's tasks."""


class Connection:
    """A socket that was accepted. ``run`` serves it until it ends; it is also the outlet of its watchers."""

    def __init__(
        self,
        admitted: Admitted,
        receive: Receive,
        send: Send,
        registry: Registry,
        log: ChannelLog,
        *,
        on_flood: Callable[[], None] | None = None,
    ) -> None:
        self.id = uuid.uuid4().hex
        self.account, self.credential = admitted.account, admitted.credential
        self._admitted = admitted
        self.watchers: dict[str, Watcher] = {}
        self._views: dict[str, View] = {}
        self._receive = receive
        self._send = send
        self._registry = registry
        self._log = log
        self._on_flood = on_flood
        self._rate = CommandRate()
        self._outbox = Outbox()
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._tasks: asyncio.TaskGroup
        self._replays: dict[str, asyncio.Task[None]] = {}
        # Whether the frame in hand went out: a closing connection sends what is queued only behind whole
        # frames.
        self._sent_whole = True
        self._last_resync = -RESYNC_WINDOW_SECONDS
        self._loop = asyncio.get_running_loop()
        self._closed: asyncio.Future[tuple[CloseCode | None, str]] = self._loop.create_future()
        self._logger = structlog.get_logger("hub").bind(connection=self.id, user=self.account.login)

    async def run(self, greeting: Sequence[bytes], dispatch: Dispatch, expires_in_seconds: float) -> None:
        """Serve the socket, ``greeting`` first, until one side closes it or the credential expires."""
        expiry = self._loop.call_later(
            expires_in_seconds, self.close, CloseCode.SIGNED_OUT, "The session has expired."
        )
        for message in greeting:
            self._put(message)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._write(), name="write")
                tasks.create_task(self._read(dispatch), name="read")
                await asyncio.shield(self._closed)
                raise _Closing
        except* _Closing:
            pass
        except* Exception:
            self._logger.exception("connection_failed")
            self.close(CloseCode.INTERNAL, "Something went wrong here.")
        finally:
            expiry.cancel()
            signed_out = self._closed.done() and self._closed.result()[0] is CloseCode.SIGNED_OUT
            for channel in tuple(self.watchers):
                self.detach(channel, for_good=signed_out)
        await self._say_goodbye()

    def close(self, code: CloseCode | None, reason: str = "") -> None:
        """End the connection with ``code``; None where the client is gone already. The first call counts."""
        if not self._closed.done():
            self._closed.set_result((code, reason))

    def happened(self, kind: SecurityKind, **fields: Any) -> SecurityEvent:
        """Return a security event of now, of this person at this connection."""
        return self._admitted.happened(kind, connection_id=self.id, **fields)

    def turn(self, channel: str, view: View) -> None:
        """Take note of the view in which a channel is asked for, whether or not the join succeeds.

        A screen that was turned round to a customer stays so while its channel is out of reach.
        """
        self._views.pop(channel, None)
        self._views[channel] = view
        if len(self._views) > MOST_VIEWS + len(self.watchers):
            del self._views[next(name for name in self._views if name not in self.watchers)]

    def view_of(self, channel: str) -> View | None:
        """Return the view in which a channel was last asked for; None where it was not, or was left."""
        return self._views.get(channel)

    def leave(self, channel: str) -> None:
        """Serve a channel no more, because the person left it."""
        self.detach(channel, for_good=True)
        self._views.pop(channel, None)

    def reply(self, ref: int, data: dict[str, Any]) -> None:
        """Answer a command."""
        self._put(codec.encode(Reply(ref=ref, ok=True, data=data)))

    def refuse(self, ref: int, error: CommandError) -> None:
        """Answer a command with an error."""
        body = ErrorBody(code=error.code, message=error.message, retry=error.code.retry, detail=error.detail)
        self._put(codec.encode(Reply(ref=ref, ok=False, error=body)))

    def notify(self, notice: Notice) -> None:
        """Tell the person something about the service."""
        self._put(codec.encode(notice))

    def send_event(self, channel: str, message: bytes) -> None:
        """Queue an event. A client that falls behind joins again; twice in a minute, it comes back later."""
        now = self._loop.time()
        given_up = self._outbox.put_event(channel, message, now)
        for late in given_up:
            self.send_resync(late)
        if given_up:
            if now - self._last_resync < RESYNC_WINDOW_SECONDS:
                self.close(CloseCode.TOO_SLOW, "This connection does not keep up.")
            self._last_resync = now
        self._wake()

    def send_presence(self, channel: str, message: bytes) -> None:
        """Queue who is in a channel; only the latest of it waits."""
        if channel in self.watchers:
            self._outbox.put_presence(channel, message, self._loop.time())
            self._wake()

    def send_resync(self, channel: str) -> None:
        """Drop what waits of a channel, serve it no more, and say so."""
        self.detach(channel)
        self._outbox.put_resync(channel, self._loop.time())
        self._wake()

    def attach(self, session: Session, watcher: Watcher, snapshot: AsyncGenerator[bytes] | None) -> None:
        """Serve a watcher: first what it asked for, then what it lacks, then live."""
        session.watchers.add(watcher)
        self.watchers[watcher.channel] = watcher
        if snapshot is not None or not session.go_live(watcher):
            replay = self._replay(session, watcher, snapshot)
            self._replays[watcher.channel] = self._tasks.create_task(replay, name=f"replay {watcher.channel}")

    def detach(self, channel: str, *, for_good: bool = False) -> None:
        """Serve a channel no more: nothing of it is queued from here on.

        ``for_good`` where the person has left, and is not only out of reach.
        """
        watcher = self.watchers.pop(channel, None)
        if watcher is not None:
            self._registry.leave(watcher, for_good=for_good)
        replay = self._replays.pop(channel, None)
        if replay is not None and replay is not asyncio.current_task():
            replay.cancel()

    async def _read(self, dispatch: Dispatch) -> None:
        while not self._closed.done():
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                if message.get("code") == CloseCode.TOO_MANY_COMMANDS:
                    self._flooded()
                self.close(None)
                return
            text = message.get("text")
            if text is None:
                self.close(CloseCode.PROTOCOL_ERROR, "Expected text frames.")
                return
            for place, line in enumerate(codec.lines_of(text), 1):
                await self._take(line, dispatch)
                if self._closed.done():
                    return
                if place % LINES_PER_TURN == 0:
                    # What is refused waits for nothing, and would keep everybody else waiting.
                    await asyncio.sleep(0)

    async def _take(self, line: str, dispatch: Dispatch) -> None:
        pace = self._rate.count(self._loop.time())
        if pace is Pace.FLOOD:
            self._flooded()
            self.close(CloseCode.TOO_MANY_COMMANDS, "Too many commands.")
            return
        if codec.is_blank(line):
            return
        try:
            command = codec.decode_command(line)
        except codec.ProtocolError as error:
            self.close(CloseCode.PROTOCOL_ERROR, str(error))
            return
        except codec.InvalidMessage as error:
            detail = {"field": error.field, "expected": error.expected}
            self.refuse(error.ref, CommandError(ErrorCode.INVALID, str(error), **detail))
            return
        if isinstance(command, Join) and TokenScope.LOAD in self.credential.scopes:
            # A load tester opens what hundreds of people would, one by one.
            self._rate.forgive()
        elif pace is Pace.LIMITED:
            self.refuse(
                command.ref, CommandError(ErrorCode.RATE_LIMITED, "Too many commands: wait a little.")
            )
            return
        await dispatch(self, command)

    def _flooded(self) -> None:
        self._logger.warning("flooded")
        if self._on_flood is not None:
            self._on_flood()

    async def _write(self) -> None:
        while True:
            await self._filled.wait()
            while messages := self._outbox.take():
                try:
                    async with asyncio.timeout(WRITE_SECONDS):
                        await self._send_frame(messages)
                except TimeoutError:
                    self.close(CloseCode.TOO_SLOW, "This connection does not keep up.")
                    return
                except OSError:
                    # The client has gone; uvicorn's own exception is an OSError too.
                    self.close(None)
                    return
            self._filled.clear()
            self._drained.set()

    async def _replay(
        self, session: Session, watcher: Watcher, snapshot: AsyncGenerator[bytes] | None
    ) -> None:
        """Send the rows of the snapshot, then events from the log until the watcher has caught up."""
        try:
            if snapshot is not None:
                await self._send_rows(watcher, snapshot)
            while not session.go_live(watcher) and watcher.phase is Phase.REPLAYING:
                entries = await self._log.read(
                    watcher.channel, watcher.epoch, watcher.position, EVENTS_PER_READ
                )
                if not entries:
                    break
                await self._send_replay(watcher, entries)
        except (RedisError, OSError, TimeoutError):
            self._logger.warning("replay_failed", channel=watcher.channel, exc_info=True)
        if watcher.phase is Phase.REPLAYING:
            # The log moved on without this watcher, or is out of reach: only a new snapshot helps.
            self.send_resync(watcher.channel)
        elif self._replays.get(watcher.channel) is asyncio.current_task():
            del self._replays[watcher.channel]

    async def _send_rows(self, watcher: Watcher, snapshot: AsyncGenerator[bytes]) -> None:
        async with aclosing(snapshot) as messages:
            async for message in messages:
                await self._room()
                if watcher.phase is not Phase.REPLAYING:
                    return
                self._pull(watcher.channel, message)

    async def _send_replay(self, watcher: Watcher, entries: list[Entry]) -> None:
        size = 0
        for entry in entries:
            if size == 0:
                await self._room()
            if watcher.phase is not Phase.REPLAYING:
                return
            message = project_event(entry, watcher.sight)
            self._pull(watcher.channel, message)
            watcher.position = entry.seq
            size = (size + len(message)) if size + len(message) < PULLED_BYTES else 0

    async def _room(self) -> None:
        """Wait until nothing is queued, so that what is pulled never waits behind itself."""
        while len(self._outbox):
            await self._drained.wait()

    def _pull(self, channel: str, message: bytes) -> None:
        self._outbox.put_pulled(channel, message, self._loop.time())
        self._wake()

    def _put(self, message: bytes) -> None:
        try:
            self._outbox.put(message, self._loop.time())
        except OutboxFull:
            self.close(CloseCode.TOO_SLOW, "This connection does not keep up.")
        self._wake()

    def _wake(self) -> None:
        self._drained.clear()
        self._filled.set()

    async def _say_goodbye(self) -> None:
        code, reason = self._closed.result()
        if code is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._sent_whole and (messages := self._outbox.take()):
                    await self._send_frame(messages)
                await self._send({"type": "websocket.close", "code": int(code), "reason": reason})
        except (OSError, TimeoutError):
            self._logger.info("closed_without_goodbye", code=int(code))

    async def _send_frame(self, messages: list[bytes]) -> None:
        self._sent_whole = False
        await self._send({"type": "websocket.send", "text": codec.join_frame(messages).decode()})
        self._sent_whole = True
