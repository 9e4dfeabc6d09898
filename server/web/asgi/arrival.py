"""A deadline for the arrival of a request, and a check that its end is unambiguous.

A slow client holds a connection for a limited time. A request head that two parsers may read differently is
refused.
"""

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from server.web.asgi.heads import ClearHeads

REQUEST_SECONDS: Final = 15.0
"""From the start of a connection, or the end of its last response, until the next request is complete."""


class TimedHttp(H11Protocol):
    """uvicorn's HTTP protocol with a deadline for requests, their bodies and upgrades included.

    uvicorn itself limits only the idle time between requests, which any byte ends.
    """

    request_seconds = REQUEST_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = self._heads = ClearHeads()
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline for the first request."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the deadline."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Stop the deadline if the request is complete."""
        super().data_received(data)
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request, with our reason if we found the fault, and close."""
        super().send_400_response(self._heads.fault or msg)

    def on_response_complete(self) -> None:
        """Start the deadline for the next request."""
        super().on_response_complete()
        self._watch()

    def _watch(self) -> None:
        upgraded = self.transport.get_protocol() is not self
        arriving = self.conn.their_state in {h11.IDLE, h11.SEND_BODY}
        if upgraded or not arriving or self.transport.is_closing():
            self._stop()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.request_seconds, self._give_up)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        self.transport.abort()
