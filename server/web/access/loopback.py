"""Demo mode is for this machine alone: its passwords are public."""

import re
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from server.settings import is_loopback

HOST: Final = re.compile(
    r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[^][:@]+))(?::[0-9]{1,5})?\Z", re.IGNORECASE
)
FORWARDED: Final = frozenset({"forwarded", "via", "x-real-ip"})
FORWARDED_PREFIX: Final = "x-forwarded-"

REASON: Final = (
    "This server runs in demo mode: it answers only to localhost, and not through a proxy."
    " To serve other machines, set DEAL_DEMO=0.\n"
)


class LoopbackOnly:
    """ASGI middleware that refuses, with 403, requests and sockets from elsewhere or through a proxy.

    A proxy on this machine connects from loopback as a browser does, and so does a page whose host name was
    rebound to this machine. The headers reveal both.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on requests from this machine."""
        if scope["type"] == "lifespan" or comes_from_here(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        await PlainTextResponse(REASON, 403)(scope, receive, send)


def comes_from_here(headers: Headers) -> bool:
    """Return whether a request names a loopback host and came without a proxy."""
    if was_passed_on(headers):
        return False
    hosts = headers.getlist("host")
    found = HOST.match(hosts[0]) if len(hosts) == 1 else None
    return found is not None and is_loopback((found["address"] or found["name"]).lower())


def was_passed_on(headers: Headers) -> bool:
    """Return whether a request shows that a proxy forwarded it."""
    return any(name in FORWARDED or name.startswith(FORWARDED_PREFIX) for name in headers)
