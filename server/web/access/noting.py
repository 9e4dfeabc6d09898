"""Records security events of HTTP requests and sign-ins."""

import datetime as dt
import ipaddress
from typing import Any, Final

from starlette.requests import HTTPConnection, Request

from protocol.closing import CommandError, ErrorCode
from server.database.people.security_events import SecurityEvent, SecurityKind
from server.hub.sockets.admission import Admitted
from server.web.access.addresses import UNKNOWN

CSRF_FIELD: Final = "csrf_token"


def address_of(asked: HTTPConnection) -> str:
    """Return the address that a request comes from, as a trusted proxy states it; ``unknown`` if there is
    none.
    """
    host = asked.client.host[:64] if asked.client else ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return UNKNOWN


def event_of(
    asked: HTTPConnection, kind: SecurityKind, admitted: Admitted | None = None, **fields: Any
) -> SecurityEvent:
    """Return a new event with its address and, if known, its person."""
    if admitted is not None:
        return admitted.happened(kind, **fields)
    return SecurityEvent(kind, dt.datetime.now(dt.UTC), address_of(asked), **fields)


def note(request: Request, kind: SecurityKind, admitted: Admitted | None = None, **fields: Any) -> None:
    """Record an event, without waiting."""
    request.state.web.security.note(event_of(request, kind, admitted, **fields))


def note_refusal(request: Request, error: CommandError) -> None:
    """Record a refused request, if the refusal is about the caller and not about the content, and nothing
    was recorded yet.
    """
    kind = _kind_of(error)
    if kind is None or getattr(request.state, "noted", False):
        return
    if kind is SecurityKind.TOKEN_REFUSED and "authorization" not in request.headers:
        return
    endpoint = request.scope.get("endpoint")
    what = f"{request.method} {getattr(endpoint, '__name__', 'page')}"
    admitted = getattr(request.state, "admitted", None)
    note(request, kind, admitted, detail={"what": what, "code": error.code.value})


def _kind_of(error: CommandError) -> SecurityKind | None:
    if error.code is ErrorCode.FORBIDDEN:
        by_field = {"origin": SecurityKind.ORIGIN_REFUSED, CSRF_FIELD: SecurityKind.CSRF_REFUSED}
        return by_field.get(str(error.detail.get("field")), SecurityKind.FORBIDDEN)
    return _KINDS.get(error.code)


_KINDS: Final = {
    ErrorCode.UNAUTHORIZED: SecurityKind.TOKEN_REFUSED,
    ErrorCode.RATE_LIMITED: SecurityKind.THROTTLED,
    # For another store's deal or customer the answer is "not found".
    ErrorCode.NOT_FOUND: SecurityKind.FORBIDDEN,
}
