"""The socket under a session: connect, read, write, detect silence, reconnect."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from client.backoff import Timing, comes_back, pause_before
from client.channel import Channel
from client.errors import Closed, Refused, Unreachable, WorkspaceError
from client.session import Received, Session
from protocol import codec
from protocol.closing import CloseCode, retry_after
from protocol.commands import AnyCommand
from protocol.events import Welcome

SUBPROTOCOL = Subprotocol("deal.v1")
MAX_SENT_FRAME_BYTES = 64 * 1024
MAX_RECEIVED_FRAME_BYTES = 4 * 1024 * 1024
"""A server may put its whole outbox, 1 MiB, into one frame."""
CLOSE_TIMEOUT_SECONDS = 1.0


class Ending(NamedTuple):
    """How a connection ended."""

    code: int
    reason: str


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        # The token is only for the host that the caller named.
        return exc


class Connection:
    """Runs a session over one socket after another.

    ``hand_over`` is awaited with the result of each message, in order; the socket is not read meanwhile.
    """

    def __init__(
        self,
        url: str,
        token: str,
        session: Session,
        hand_over: Callable[[Received], Awaitable[None]],
        timing: Timing,
    ) -> None:
        self._url = url
        self._token = token
        self._session = session
        self._hand_over = hand_over
        self._timing = timing
        self._chance = random.Random()  # noqa: S311 - spreads clients in time, guards nothing  # nosec B311
        self._wake = asyncio.Event()
        self._opened: asyncio.Future[None] | None = None
        self._children: set[asyncio.Task[None]] = set()
        self._last_failure = ""
        self.welcome: Welcome | None = None

    def flush(self) -> None:
        """Send what waits in the session's outbox."""
        self._wake.set()

    async def wait_opened(self) -> None:
        """Return when the server has said welcome. Raises Unreachable if it does not in time, or what ended
        ``run``."""
        self._opened = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._timing.open_timeout):
                await self._opened
        except TimeoutError:
            raise Unreachable(self._url, self._last_failure) from None

    async def run(self) -> None:
        """Keep reconnecting until that is pointless, then raise Refused or Closed."""
        try:
            await self._run()
        except WorkspaceError as end:
            if self._opened is not None and not self._opened.done():
                self._opened.set_exception(end)
            raise

    async def _run(self) -> None:
        clock = asyncio.get_running_loop()
        attempt = 0
        while True:
            began = clock.time()
            ending = await self._connect_once()
            if not comes_back(ending.code):
                raise Closed(ending.code, ending.reason)
            self._last_failure = ending.reason
            if clock.time() - began >= self._timing.stable_after:
                attempt = 0
            await asyncio.sleep(pause_before(attempt, ending.code, self._timing, self._chance))
            attempt += 1

    async def _connect_once(self) -> Ending:
        try:
            socket = await dial(self._url, self._token, self._timing.open_timeout)
        except InvalidStatus as refused:
            status = refused.response.status_code
            if status == 429 or status >= 500:
                return Ending(CloseCode.ABNORMAL, f"HTTP status {status}")
            raise Refused(status) from None
        except (OSError, EOFError, InvalidHandshake) as error:
            return Ending(CloseCode.ABNORMAL, str(error))
        try:
            return await self._serve(socket)
        finally:
            await socket.close()

    async def _serve(self, socket: ClientConnection) -> Ending:
        self._session.connected()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._children.add(tasks.create_task(self._write(socket)))
                ending = await self._read(socket, tasks)
                for child in self._children:
                    child.cancel()
        finally:
            self._children.clear()
            lost = self._session.disconnected()
        await self._hand_over(lost)
        return ending

    async def _read(self, socket: ClientConnection, tasks: asyncio.TaskGroup) -> Ending:
        asked = False
        while True:
            try:
                async with asyncio.timeout(self._timing.ping_patience if asked else self._timing.silence):
                    frame = await socket.recv()
            except TimeoutError:
                if asked:
                    return Ending(CloseCode.ABNORMAL, "the server is silent")
                asked = True
                self._session.ping()
                self.flush()
                continue
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else CloseCode.ABNORMAL
                return Ending(code, closed.rcvd.reason if closed.rcvd else "the connection broke")
            asked = False
            try:
                await self._take(frame, tasks)
            except codec.FieldError as error:
                return Ending(
                    CloseCode.PROTOCOL_ERROR,
                    f"the server sent a message that does not match the protocol: {error}",
                )

    async def _take(self, frame: str | bytes, tasks: asyncio.TaskGroup) -> None:
        for message in codec.decode_messages(frame):
            if isinstance(message, Welcome):
                self.welcome = message
                if self._opened is not None and not self._opened.done():
                    self._opened.set_result(None)
            received = self._session.receive(message)
            self.flush()
            for channel in received.postponed:
                child = tasks.create_task(self._rejoin_later(channel))
                self._children.add(child)
                child.add_done_callback(self._children.discard)
            await self._hand_over(received)

    async def _rejoin_later(self, channel: Channel) -> None:
        pause = pause_before(channel.setbacks, CloseCode.ABNORMAL, self._timing, self._chance)
        asked = retry_after(channel.error.detail) if channel.error is not None else None
        await asyncio.sleep(pause + (asked or 0.0))
        self._session.rejoin(channel)
        self.flush()

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            commands = self._session.take_outbox()
            if not commands:
                self._wake.clear()
                await self._wake.wait()
            try:
                for frame in frames_of(commands):
                    await socket.send(frame)
            except ConnectionClosed:
                return  # the reader sees it too, and why; what was not sent is sent again


def dial(url: str, token: str, open_timeout: float) -> connect:
    """Return what opens a socket at ``url`` with the settings of this client when it is awaited."""
    return _Connect(
        url,
        additional_headers={"Authorization": f"Bearer {token}"},
        subprotocols=[SUBPROTOCOL],
        compression=None,
        ping_interval=None,
        open_timeout=open_timeout,
        close_timeout=CLOSE_TIMEOUT_SECONDS,
        max_size=MAX_RECEIVED_FRAME_BYTES,
    )


def frames_of(commands: list[AnyCommand]) -> Iterator[str]:
    """Yield the commands in as few frames as a server takes."""
    waiting: list[bytes] = []
    size = 0
    for encoded in map(codec.encode, commands):
        if waiting and size + len(encoded) + 1 > MAX_SENT_FRAME_BYTES:
            yield codec.join_frame(waiting).decode()
            waiting, size = [], 0
        waiting.append(encoded)
        size += len(encoded) + 1
    if waiting:
        yield codec.join_frame(waiting).decode()
