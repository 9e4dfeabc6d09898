"""Security headers for every HTTP response."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.settings import host_of, is_loopback

# Nothing inline and nothing foreign. 'self' in connect-src covers the socket of the same host and port.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
# Pages and responses hold customers' data, so no cache may store them. Client files set their own policy.
PRIVATE: Final = "no-store"
# A year, for this host only: we do not decide for the rest of the operator's domain.
HTTPS_ONLY: Final = "max-age=31536000"


def is_https_only(origins: Sequence[str]) -> bool:
    """Return whether all origins are https, and none is loopback, where other programs share the host."""
    return bool(origins) and all(
        origin.startswith("https://") and not is_loopback(host_of(origin)) for origin in origins
    )


class SecurityHeaders:
    """ASGI middleware that adds HEADERS, and ``no-store`` if a response does not mention caching.

    With ``https_only`` browsers are told to use https from then on. They obey it only over https, so the TLS
    proxy may also answer plain http with a redirect.
    """

    def __init__(self, app: ASGIApp, *, https_only: bool = False) -> None:
        self._app = app
        self._headers = HEADERS | ({"strict-transport-security": HTTPS_ONLY} if https_only else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the response's headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", PRIVATE)
            await send(message)

        await self._app(scope, receive, send_with_headers)
