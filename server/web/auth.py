"""Who is asking: the cookie of a browser or the bearer token of a program, and from which origin.

A cookie counts only with an allowed ``Origin`` wherever a foreign page could use it: on the socket and on
every request that changes something. A bearer token is taken from the header alone, never from the URL.
"""

import datetime as dt
import hashlib
import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import Final

import asyncpg
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from protocol.closing import CommandError, ErrorCode
from server.hub.admission import Admission, Admitted, Refused, SignedOut
from server.settings import Settings
from server.store.credentials import CredentialKind, find_by_token
from server.web.context import WebContext

SESSION_COOKIE: Final = "deal_session"
CSRF_COOKIE: Final = "deal_csrf"
CSRF_FIELD: Final = "csrf_token"
CSRF_HEADER: Final = "x-csrf-token"
SESSION_LENGTH: Final = dt.timedelta(hours=12)


async def identify(pool: asyncpg.Pool, settings: Settings, headers: Headers) -> Admitted | None:
    """Return whose valid credential the headers carry. A bearer token goes before a cookie.

    An account with a public password is nobody's outside demo mode, also with a cookie from the time when it
    was on. A bearer token was made for it by who runs the server, and counts.
    """
    bearer = bearer_token(headers)
    token, kind = (
        (bearer, CredentialKind.BEARER)
        if bearer
        else (cookie(headers, SESSION_COOKIE), CredentialKind.COOKIE)
    )
    if not token:
        return None
    async with pool.acquire() as connection:
        found = await find_by_token(connection, token)
    # A cookie's token in the header, or the reverse, is a credential that leaked from its place.
    if found is None or found[1].kind is not kind:
        return None
    account, credential = found
    if account.demo and kind is CredentialKind.COOKIE and not settings.demo:
        return None
    return Admitted(account, credential)


async def admit(pool: asyncpg.Pool, settings: Settings, headers: Headers) -> Admission:
    """Decide about a request to open a socket, by the rules of the wire protocol."""
    origin = headers.get("origin")
    if origin is not None and origin not in settings.allowed_origins:
        return Refused(403, "This origin may not open the workspace.")
    if origin is None and not bearer_token(headers):
        if cookie(headers, SESSION_COOKIE):
            return Refused(403, "A cookie counts only with an allowed origin.")
        return Refused(401, "Expected the header Authorization: Bearer <token>.")
    admitted = await identify(pool, settings, headers)
    if admitted is not None:
        return admitted
    return SignedOut() if origin is not None else Refused(401, "This token is unknown, expired or revoked.")


def require_same_site(request: Request, given: str | None) -> None:
    """Refuse what a foreign page could have sent: wrong origin, or a CSRF token that is not the cookie's.

    Raises CommandError(forbidden).
    """
    origin = request.headers.get("origin")
    if origin is not None and origin not in request.state.web.settings.allowed_origins:
        raise CommandError(ErrorCode.FORBIDDEN, "This origin may not change anything here.", field="origin")
    seed = cookie(request.headers, CSRF_COOKIE)
    if not seed or not given or not hmac.compare_digest(csrf_token(request, seed).encode(), given.encode()):
        raise CommandError(
            ErrorCode.FORBIDDEN, "This page is out of date: load it again and repeat.", field=CSRF_FIELD
        )


def csrf_seed(request: Request) -> str:
    """Return what the browser's CSRF tokens are made from; a new one where it has none yet."""
    return cookie(request.headers, CSRF_COOKIE) or secrets.token_urlsafe(32)


def csrf_token(request: Request, seed: str) -> str:
    """Return the token that pages repeat in forms and headers.

    It holds for one browser and one session, and only who knows the server's secret can make it: a cookie
    that a neighbouring host planted is worth nothing.
    """
    context: WebContext = request.state.web
    session = cookie(request.headers, SESSION_COOKIE)
    return hmac.new(context.secret, f"csrf\0{seed}\0{session}".encode(), hashlib.sha256).hexdigest()


def set_csrf(request: Request, response: Response, seed: str) -> None:
    """Give the browser what its CSRF tokens are made from."""
    response.set_cookie(
        CSRF_COOKIE, seed, path="/", httponly=True, samesite="lax", secure=_is_secure(request)
    )


def set_session(request: Request, response: Response, token: str) -> None:
    """Sign the browser in."""
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(SESSION_LENGTH.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )


def bearer_token(headers: Headers) -> str:
    """Return the token of an ``Authorization: Bearer`` header, or an empty string."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cookie(headers: Headers, name: str) -> str:
    """Return a cookie's value, or an empty string."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _is_secure(request: Request) -> bool:
    """Return whether the browser speaks https, also to a proxy that does not say so."""
    origins = request.state.web.settings.allowed_origins
    only_https = bool(origins) and all(origin.startswith("https://") for origin in origins)
    return only_https or request.scope["scheme"] == "https"
