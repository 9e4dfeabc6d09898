"""uvicorn with our WebSocket protocol around a small application, in the test's loop, and what it parses."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.server import ServerProtocol

from server.hub.sockets.limits import FRAME_BYTES, IntakeRate
from server.web.asgi.intake import IntakeTurns
from server.web.asgi.passing import PassableWebSocket

Application = Callable[[Any, Any, Any], Awaitable[None]]
GUARD_SECONDS = 60.0


class Parsed:
    """What the parser was given: frames by turn of the loop, and those behind our own close frame."""

    def __init__(self) -> None:
        self.by_turn: Counter[int] = Counter()
        self.after_close = 0
        self._turn = 0
        self._next: asyncio.Handle | None = None

    @property
    def frames(self) -> int:
        """How many there were in all."""
        return self.by_turn.total()

    def note(self, closed: bool) -> None:
        """Take note of a frame."""
        self.by_turn[self._turn] += 1
        self.after_close += closed
        if self._next is None:
            # Runs in the next turn of the loop: from then on another turn counts.
            self._next = asyncio.get_running_loop().call_soon(self._turn_over)

    def _turn_over(self) -> None:
        self._next = None
        self._turn += 1


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Parsed:
    """Watch the parser of every connection of the test."""
    seen, receive = Parsed(), ServerProtocol.recv_frame

    def recv_frame(self: ServerProtocol, frame: Any) -> None:
        seen.note(self.close_sent is not None)
        receive(self, frame)

    monkeypatch.setattr(ServerProtocol, "recv_frame", recv_frame)
    return seen


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything that a client sends come at one time, however long it takes: no allowance grows back."""
    take = IntakeRate.take
    monkeypatch.setattr(
        IntakeRate, "take", lambda rate, frames, size, _now: take(rate, frames, size, rate._since)
    )


@asynccontextmanager
async def serving(app: Application) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    """Serve an application; the port, and the server with its connections."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        ws=PassableWebSocket,
        http="h11",
        lifespan="off",
        log_config=None,
        ws_max_size=FRAME_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    served = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        # As our lifespan does.
        server.lifespan.state["turns"] = IntakeTurns()
        yield listener.getsockname()[1], server
    finally:
        server.should_exit = True
        await served
        listener.close()


async def all_gone(server: uvicorn.Server) -> None:
    """Return when the server has no connection left."""
    async with asyncio.timeout(GUARD_SECONDS):
        while server.server_state.connections:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
