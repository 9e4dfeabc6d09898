"""The customer's own page: its shell, which needs no session, and what opens a link.

The token of a link is behind the ``#`` of its address, which browsers send to nobody. The page posts it, and
gets the cookie that its socket presents.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.presenting import OfferSession, OfferToken
from server.clock import utc_now
from server.database.people.security_events import SecurityEvent, SecurityKind
from server.web.access.auth import require_own_page, set_offer
from server.web.access.noting import address_of, note
from server.web.access.offer_door import NoSuchLink
from server.web.answers import answer
from server.web.bodies import body_of
from server.web.error_pages import templates

JSON: Final = "application/json"
MAX_BODY_BYTES: Final = 1024
PAGE_HEADERS: Final = {
    # No link of the page, and no request of it, says where the customer came from.
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
}


async def show_page(request: Request) -> Response:
    """``GET /offer``: the page of every link. It is the same for all, and knows none."""
    return templates().TemplateResponse(request, "offer.html", headers=PAGE_HEADERS)


async def open_session(request: Request) -> Response:
    """``POST /api/offer-session {token}``: open a link."""
    require_own_page(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise CommandError(ErrorCode.INVALID, f"content-type: expected {JSON}", field="content-type")
    try:
        token = codec.decode_as(OfferToken, await body_of(request, MAX_BODY_BYTES)).token
    except codec.FieldError as error:
        raise CommandError(ErrorCode.INVALID, str(error), field=error.field) from None
    try:
        link = await request.state.web.offers.open(token, address_of(request))
    except NoSuchLink:
        _note(request, SecurityKind.OFFER_REFUSED)
        raise CommandError(
            ErrorCode.NOT_FOUND, "This link is no longer valid. Ask your salesperson for a new one."
        ) from None
    except CommandError as error:
        if error.code is ErrorCode.RATE_LIMITED:
            _note(request, SecurityKind.OFFER_THROTTLED)
        raise
    # Who sees a customer's figures from outside is recorded before they are sent.
    await request.state.web.security.record(
        SecurityEvent(
            SecurityKind.OFFER_OPENED,
            utc_now(),
            address_of(request),
            store_id=link.store_id,
            deal_id=link.deal_id,
            detail={"link": link.link_id},
        )
    )
    response = answer(OfferSession(channel=link.channel, expires_at=link.expires_at))
    seconds = max(1, int((link.expires_at - utc_now()).total_seconds()))
    set_offer(request, response, token, seconds)
    return response


routes: Final = (
    Route("/offer", show_page, methods=["GET"]),
    Route("/api/offer-session", open_session, methods=["POST"]),
)


def _note(request: Request, kind: SecurityKind) -> None:
    note(request, kind)
    request.state.noted = True
