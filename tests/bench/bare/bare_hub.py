"""The least that a hub on these parts can be: uvicorn, and one awaited send for each socket and event.

``python -m tests.bench.bare.bare_hub PORT``. A line ``EVENTS SIZE`` on its standard input makes it send so
many events of so many bytes to everybody, all in one turn of its loop.
"""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class BareHub:
    """An ASGI application that takes any socket and tells all of them what it is told."""

    def __init__(self, event: Callable[[int], str]) -> None:
        self._event = event
        self._sends: set[Send] = set()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one socket, request or lifespan."""
        match scope["type"]:
            case "lifespan":
                await receive()
                orders = asyncio.create_task(self._obey())
                await send({"type": "lifespan.startup.complete"})
                await receive()
                orders.cancel()
                await send({"type": "lifespan.shutdown.complete"})
            case "http":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"hello"})
            case "websocket":
                await self._watch(receive, send)

    async def _watch(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self._sends.add(send)
        while (await receive())["type"] == "websocket.receive":
            pass
        self._sends.discard(send)

    async def _obey(self) -> None:
        orders = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(orders)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        while line := await orders.readline():
            events, size = map(int, line.split())
            for _ in range(events):
                text = self._event(size)
                for send in self._sends:
                    await send({"type": "websocket.send", "text": text})


def event_of(size: int) -> str:
    """Return an event as the log keeps it, ``size`` bytes of text long."""
    return '{"type":"note_added","text":"' + "x" * size + '"}'


def main(port: str) -> None:
    """Serve on a port of the loopback interface."""
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=2048)
    config = uvicorn.Config(
        BareHub(event_of),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="error",
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
