"""The least that a web process on these parts can be: uvicorn, a pool, a Redis connection, an echo."""

import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import asyncpg
import uvicorn
from redis.asyncio import Redis

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Hello:
    """An ASGI application that answers 200 to any request and sends back what a socket brings."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self._database_url, self._redis_url = database_url, redis_url

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request, socket or lifespan."""
        match scope["type"]:
            case "lifespan":
                await self._live(receive, send)
            case "http":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"hello"})
            case "websocket":
                await self._echo(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        pool = asyncpg.create_pool(self._database_url, min_size=2, max_size=10)
        async with pool, Redis.from_url(self._redis_url) as redis:
            await redis.ping()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _echo(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})


def main(port: str, database_url: str, redis_url: str) -> None:
    """Serve on a port of the loopback interface."""
    listener = socket.create_server(("127.0.0.1", int(port)))
    config = uvicorn.Config(
        Hello(database_url, redis_url),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="error",
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
