"""Authentication: the cookie of a browser or the bearer token of a program, and the origin.

Where a foreign page could use a cookie, it needs an allowed ``Origin``: on the socket and on every request
that changes something. A bearer token is read from the header only, never from the URL.
"""

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import replace
from typing import Final

import asyncpg
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from protocol.closing import CommandError, ErrorCode
from server.database.people.credentials import CredentialKind, find_by_token
from server.database.people.offer_links import find_link
from server.database.people.security_events import SecurityKind
from server.database.people.security_log import SecurityLog
from server.hub.sockets.admission import Admission, Admitted, Refused, SignedOut
from server.settings import Settings, accepted_secret_of
from server.web.access.context import WebContext
from server.web.access.cookies import cookie_of, name_of
from server.web.access.noting import CSRF_FIELD, address_of, event_of

SESSION_COOKIE: Final = "deal_session"
OFFER_COOKIE: Final = "deal_offer"
CSRF_COOKIE: Final = "deal_csrf"
CSRF_HEADER: Final = "x-csrf-token"
SESSION_LENGTH: Final = dt.timedelta(hours=12)


async def identify(pool: asyncpg.Pool, settings: Settings, asked: HTTPConnection) -> Admitted | None:
    """Return the valid credential of a request. A bearer token takes precedence over a cookie.

    Outside demo mode an account with a public password is rejected, even with a cookie from demo mode. Its
    bearer tokens are valid, because the operator issued them.
    """
    bearer = bearer_token(asked.headers)
    token, kind = (
        (bearer, CredentialKind.BEARER)
        if bearer
        else (cookie(settings, asked, SESSION_COOKIE), CredentialKind.COOKIE)
    )
    if not token:
        return None
    async with pool.acquire() as database:
        found = await find_by_token(database, token)
    # A cookie's token in the header, or the reverse, is a leaked credential.
    if found is None or found[1].kind is not kind:
        return None
    account, credential = found
    if account.demo and kind is CredentialKind.COOKIE and not settings.demo:
        return None
    return Admitted(account, credential, address_of(asked))


async def admit(
    pool: asyncpg.Pool, settings: Settings, security: SecurityLog, asked: HTTPConnection
) -> Admission:
    """Decide on a request to open a socket, by the rules of the wire protocol."""
    if asked.query_params.get("as") == "customer":
        return await admit_customer(pool, settings, security, asked)
    socket = {"what": "socket"}
    origin, bearer = asked.headers.get("origin"), bearer_token(asked.headers)
    if origin is not None and origin not in settings.allowed_origins:
        security.note(event_of(asked, SecurityKind.ORIGIN_REFUSED, detail=socket))
        return Refused(403, "This origin may not open the workspace.")
    if origin is None and not bearer:
        if cookie(settings, asked, SESSION_COOKIE):
            security.note(event_of(asked, SecurityKind.ORIGIN_REFUSED, detail=socket))
            return Refused(403, "A session cookie is accepted only from an allowed origin.")
        return Refused(401, "Expected the header Authorization: Bearer <token>.")
    admitted = await identify(pool, settings, asked)
    if admitted is not None:
        return replace(admitted, origin=origin or "")
    if bearer:
        security.note(event_of(asked, SecurityKind.TOKEN_REFUSED, detail=socket))
    return SignedOut() if origin is not None else Refused(401, "This token is unknown, expired or revoked.")


async def admit_customer(
    pool: asyncpg.Pool, settings: Settings, security: SecurityLog, asked: HTTPConnection
) -> Admission:
    """Decide on a customer's request to open a socket: from our own page, with the cookie of a link.

    No other credential counts, so that a salesperson's browser opens a customer's page as the customer.
    """
    socket = {"what": "offer socket"}
    if asked.headers.get("origin") not in settings.allowed_origins:
        security.note(event_of(asked, SecurityKind.ORIGIN_REFUSED, detail=socket))
        return Refused(403, "This origin may not open the page.")
    token = cookie(settings, asked, OFFER_COOKIE)
    link = await find_link(pool, token) if token else None
    if link is None:
        return SignedOut()
    return Admitted(link.account, link.credential, address_of(asked), link)


def require_own_page(request: Request) -> None:
    """Refuse a request that no page of ours sent: it must have an allowed origin.

    Raises CommandError(forbidden).
    """
    if request.headers.get("origin") not in request.state.web.settings.allowed_origins:
        raise CommandError(ErrorCode.FORBIDDEN, "This origin may not open a link here.", field="origin")


def require_same_site(request: Request, given: str | None) -> None:
    """Refuse requests that a foreign page could have sent: wrong origin, or a CSRF token that is not the
    cookie's.

    Raises CommandError(forbidden).
    """
    origin = request.headers.get("origin")
    if origin is not None and origin not in request.state.web.settings.allowed_origins:
        raise CommandError(ErrorCode.FORBIDDEN, "This origin may not change anything here.", field="origin")
    seed = cookie(request.state.web.settings, request, CSRF_COOKIE)
    if not seed or not given or not _is_ours(request, seed, given):
        raise CommandError(
            ErrorCode.FORBIDDEN, "This page is out of date. Reload it and try again.", field=CSRF_FIELD
        )


def csrf_seed(request: Request) -> str:
    """Return the seed of the browser's CSRF tokens; a new one if it has none yet."""
    return cookie(request.state.web.settings, request, CSRF_COOKIE) or secrets.token_urlsafe(32)


def csrf_token(request: Request, seed: str) -> str:
    """Return the token that pages repeat in forms and headers.

    It is valid for one browser and one session, and only the server's secret can produce it: a cookie planted
    by a neighbouring host is useless.
    """
    context: WebContext = request.state.web
    return _csrf_token(request, seed, context.secret)


def _is_ours(request: Request, seed: str, given: str) -> bool:
    """Return whether a token is of this browser and session, made with our secret or, while that is being
    replaced, with the other one.
    """
    context: WebContext = request.state.web
    other = accepted_secret_of(context.settings)
    own = [_csrf_token(request, seed, secret) for secret in (context.secret, other) if secret]
    return any(hmac.compare_digest(token.encode(), given.encode()) for token in own)


def _csrf_token(request: Request, seed: str, secret: bytes) -> str:
    session = cookie(request.state.web.settings, request, SESSION_COOKIE)
    return hmac.new(secret, f"csrf\0{seed}\0{session}".encode(), hashlib.sha256).hexdigest()


def set_csrf(request: Request, response: Response, seed: str) -> None:
    """Give the browser the seed of its CSRF tokens."""
    secure = is_secure(request.state.web.settings, request)
    response.set_cookie(
        name_of(CSRF_COOKIE, secure=secure), seed, path="/", httponly=True, samesite="lax", secure=secure
    )


def set_session(request: Request, response: Response, token: str) -> None:
    """Sign the browser in."""
    secure = is_secure(request.state.web.settings, request)
    response.set_cookie(
        name_of(SESSION_COOKIE, secure=secure),
        token,
        max_age=int(SESSION_LENGTH.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure,
    )


def set_offer(request: Request, response: Response, token: str, seconds: int) -> None:
    """Let the browser open the customer's page of a link. Its session as a person of the store stays.

    The path is that of the site: with a narrower one, browsers take no ``__Host-`` cookie, and a neighbouring
    host could plant one.
    """
    secure = is_secure(request.state.web.settings, request)
    response.set_cookie(
        name_of(OFFER_COOKIE, secure=secure),
        token,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def end_session(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    secure = is_secure(request.state.web.settings, request)
    # A browser deletes a cookie with the prefix only if the response could have set it.
    response.delete_cookie(
        name_of(SESSION_COOKIE, secure=secure), path="/", httponly=True, samesite="lax", secure=secure
    )


def bearer_token(headers: Headers) -> str:
    """Return the token of an ``Authorization: Bearer`` header, or an empty string."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cookie(settings: Settings, asked: HTTPConnection, name: str) -> str:
    """Return the value of one of our cookies, or an empty string."""
    return cookie_of(asked.headers, name_of(name, secure=is_secure(settings, asked)))


def is_secure(settings: Settings, asked: HTTPConnection) -> bool:
    """Return whether the browser uses https, also to a proxy that does not report it."""
    origins = settings.allowed_origins
    only_https = bool(origins) and all(origin.startswith("https://") for origin in origins)
    return only_https or asked.scope["scheme"] in {"https", "wss"}
