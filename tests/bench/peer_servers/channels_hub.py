"""Django Channels as a hub: ``channels_hub.py serve PORT`` or ``channels_hub.py tell``.

It runs in an environment of its own, without anything of ours. ``BENCH_REDIS_URL`` names the Redis of the
channel layer. ``tell`` is another process, as ours is told by another: a line ``EVENTS SIZE`` on its standard
input makes it send so many events of so many bytes to the group.
"""

import asyncio
import os
import socket
import sys

import django
import uvicorn
from django.conf import settings

settings.configure(
    SECRET_KEY="used for nothing here",
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [os.environ["BENCH_REDIS_URL"]], "capacity": 1000},
        }
    },
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

GROUP = "deal"


class Watcher(AsyncWebsocketConsumer):
    """One socket, which is told what its group is told."""

    async def connect(self):
        """Accept, join the group, and say so."""
        await self.accept()
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.send(text_data="ready")

    async def disconnect(self, code):
        """Leave the group."""
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def deal_event(self, event):
        """Pass an event on; it is a text that was encoded by who told it."""
        await self.send(text_data=event["text"])


async def answer(scope, receive, send):
    """Answer any request: whoever asks wants to know whether this process serves."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def serve(port: str) -> None:
    """Serve on a port of the loopback interface."""
    application = ProtocolTypeRouter(
        {"http": answer, "websocket": URLRouter([path("ws", Watcher.as_asgi())])}
    )
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=2048)
    config = uvicorn.Config(
        application,
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        lifespan="off",
        log_level="error",
    )
    uvicorn.Server(config).run(sockets=[listener])


async def tell() -> None:
    """Send to the group what standard input orders."""
    layer, loop = get_channel_layer(), asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        events, size = map(int, line.split())
        text = '{"type":"note_added","text":"' + "x" * size + '"}'
        for _ in range(events):
            await layer.group_send(GROUP, {"type": "deal.event", "text": text})


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        asyncio.run(tell())
