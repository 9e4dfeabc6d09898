"""JSON responses, and the mapping of errors to them, or to pages for browsers."""

from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from protocol import codec
from protocol.closing import CommandError, ErrorBody, ErrorCode
from server.observe.failing import retry_detail
from server.web.access.noting import note_refusal
from server.web.error_pages import error_page, wants_page

STATUS: Final = {
    ErrorCode.INVALID: 422,
    ErrorCode.UNAUTHORIZED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.LOCKED: 423,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.BUSY: 503,
    ErrorCode.DEGRADED: 503,
    ErrorCode.SUPERSEDED: 409,
    ErrorCode.INTERNAL: 500,
}

BAD_REQUEST: Final = 400


def answer(value: Any, status: int = 200) -> Response:
    """Return ``value`` as a JSON response."""
    return Response(codec.encode(value), status, media_type="application/json")


async def refuse(request: Request, error: Exception) -> Response:
    """Return a CommandError as ``{error: {code, message, retry, detail}}`` with its HTTP status."""
    if not isinstance(error, CommandError):
        raise error
    note_refusal(request, error)
    body = ErrorBody(
        code=error.code, message=error.message, retry=error.code.retry, detail=dict(error.detail)
    )
    # Without a body, the request itself is invalid.
    malformed = error.code is ErrorCode.INVALID and request.method in {"GET", "HEAD"}
    status = BAD_REQUEST if malformed else STATUS[error.code]
    response = (
        error_page(request, status, detail=error.message)
        if wants_page(request)
        else answer({"error": body}, status)
    )
    if error.code is ErrorCode.UNAUTHORIZED:
        response.headers["www-authenticate"] = "Bearer"
    if "retry_after_seconds" in error.detail:
        response.headers["retry-after"] = str(error.detail["retry_after_seconds"])
    return response


async def explain(request: Request, error: Exception) -> Response:
    """Answer Starlette's refusals, such as an unknown path or method, in the form of our errors."""
    if not isinstance(error, HTTPException):
        raise error
    code = {404: ErrorCode.NOT_FOUND, 413: ErrorCode.TOO_LARGE}.get(error.status_code, ErrorCode.INVALID)
    body = ErrorBody(code=code, message=error.detail, retry=False, detail={})
    response = (
        error_page(request, error.status_code)
        if wants_page(request)
        else answer({"error": body}, error.status_code)
    )
    response.headers.update(error.headers or {})
    if "allow" in response.headers:
        response.headers["allow"] = ", ".join(_methods_of(request))
    return response


def _methods_of(request: Request) -> list[str]:
    """Return the methods of all routes of a path; Starlette reports only those of the first."""
    found = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for route in found for method in getattr(route, "methods", None) or ()})


async def part_from(request: Request, error: Exception) -> Response:
    """Give no answer: the client disconnected during its request, which is not our error."""
    return Response(status_code=400)


async def degrade(request: Request, error: Exception) -> Response:
    """Answer a request that failed because of Postgres or Redis: it may be sent again."""
    reason = CommandError(
        ErrorCode.DEGRADED,
        "The database is not responding right now. Try again in a moment.",
        **retry_detail(error),
    )
    return await refuse(request, reason)
