"""uvicorn's server, with draining before shutdown, and with connections from other processes."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

import uvicorn

from server.observe.readiness import say_ready
from server.web.asgi.arrival import TimedHttp
from server.web.handover.routing import TAKEN_OVER
from server.web.handover.taking import Handover


class DrainingServer(uvicorn.Server):
    """Reports when it is ready, and records how it ended."""

    def __init__(
        self,
        config: uvicorn.Config,
        notify_socket: str,
        drain: Callable[[], Coroutine[Any, Any, None]],
        begin_ending: Callable[[], None],
        load_later: Callable[[], None],
        *,
        handover: Handover | None = None,
    ) -> None:
        super().__init__(config)
        self._handover = handover
        self._load_later = load_later
        self._begin_ending = begin_ending
        self._notify_socket = notify_socket
        self._drain = drain
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: asyncio.Task[None] | None = None

    @property
    def failed(self) -> bool:
        """Whether it never started, or the lifespan failed."""
        return not self.started or self.lifespan.should_exit

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report readiness."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            if self._handover is not None:
                self._handover.open(self._take)
            say_ready(self._notify_socket)
            # In a thread, so that neither readiness nor the first search waits for it.
            self._loop.run_in_executor(None, self._load_later)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no connections from other processes any more, and shut down."""
        if self._handover is not None:
            self._handover.close()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain before shutdown on SIGTERM; any further signal ends at once."""
        self._begin_ending()
        if sig != signal.SIGTERM or self._draining is not None or self._loop is None or not self.started:
            super().handle_exit(sig, frame)
            return
        self._loop.call_soon_threadsafe(self._begin_drain, sig, frame)

    def _begin_drain(self, sig: int, frame: FrameType | None) -> None:
        if self._draining is None:
            # New clients go to another process on this port, or to another machine.
            for server in self.servers:
                server.close()
            if self._handover is not None:
                self._handover.close()
            self._draining = asyncio.create_task(self._drain(), name="drain")
            # Whatever happens, the process was told to end.
            self._draining.add_done_callback(lambda _: super(DrainingServer, self).handle_exit(sig, frame))

    async def _take(self, connection: socket.socket, head: bytes) -> None:
        """Serve a connection that another process accepted, from the head of its request on."""
        loop = asyncio.get_running_loop()
        protocol = TimedHttp(
            config=self.config,
            server_state=self.server_state,
            app_state={**self.lifespan.state, TAKEN_OVER: True},
            _loop=loop,
        )
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection)
        if not transport.is_closing():
            protocol.data_received(head)
