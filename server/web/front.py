"""Dispatch: sockets go straight to their endpoint, requests go through Starlette.

A socket lives for hours, and each layer in between would stay in memory that long.
"""

from collections.abc import Awaitable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

SOCKET_PATH: Final = "/ws"


class Front:
    """The ASGI application of a web process. ``requests`` refuses sockets on other paths."""

    def __init__(self, sockets: ASGIApp, requests: ASGIApp) -> None:
        self._sockets = sockets
        self._requests = requests

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Dispatch a socket, a request or the lifespan."""
        is_socket = scope["type"] == "websocket" and scope["path"] == SOCKET_PATH
        return (self._sockets if is_socket else self._requests)(scope, receive, send)


def endpoint(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
    """Serve a socket with the endpoint that the lifespan created."""
    served: Awaitable[None] = scope["state"]["socket"](scope, receive, send)
    return served
