"""The HTTP API: the deals and customers that a page needs before its socket is open."""

import uuid
from dataclasses import asdict
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocol import codec
from protocol.channels import deal_channel
from protocol.closing import CommandError, ErrorCode
from protocol.deal.customers import CustomerFacts
from protocol.deal.structure import Structure
from protocol.http import NewDeal
from protocol.records import DealKind
from protocol.rights import RIGHTS, Right, TokenScope
from server.database.core.scope import RowScope, StoreScopes
from server.database.deals import customers, deals, finding
from server.database.deals.audit import audit_csv, audit_json
from server.database.deals.history import load_history
from server.database.deals.new_deals import create_deal as begin_deal
from server.database.decisions.moves.customers import create_customer as add_customer
from server.database.people.credentials import CredentialKind
from server.database.people.security_events import SecurityKind
from server.hub.commands.papers import Shown
from server.hub.commands.store_handlers import listed
from server.hub.sight.asking import hidden_facts, not_here, widest_view
from server.hub.sight.questions import check_conceded, check_visible
from server.hub.sight.sight import sight_of
from server.hub.sockets.admission import Admitted
from server.web.access.auth import CSRF_HEADER, identify, require_same_site
from server.web.access.noting import event_of, note
from server.web.answers import answer
from server.web.bodies import body_of

PAGE: Final = 50
MAX_PAGE: Final = 200
LIMIT_DIGITS: Final = 9
MAX_BODY_BYTES: Final = 64 * 1024


async def list_deals(request: Request) -> Response:
    """``GET /api/deals?after=&limit=``: the store's deals, the most recently changed first."""
    identity = await require_identity(request)
    limit = limit_of(request)
    async with scope_of(request, identity).acquire() as database:
        rows, following = await deals.list_deals(
            database, identity.account.store_id, request.query_params.get("after") or None, limit
        )
    seen = tuple(dict.fromkeys(row.customer_id for row in rows))
    note(request, SecurityKind.CUSTOMERS_LISTED, identity, customer_ids=seen, detail={"what": "deals"})
    return answer({"deals": [listed(row) for row in rows], "next": following})


async def create_deal(request: Request) -> Response:
    """``POST /api/deals {customer_id, structure?}``: create a deal for a customer of the caller's store.

    It needs the right ``terms`` and sets only fields of the role's widest view, like the command ``terms``.
    """
    identity = await require_identity(request, TokenScope.WRITE)
    if identity.credential.kind is CredentialKind.COOKIE:
        require_same_site(request, request.headers.get(CSRF_HEADER))
    role = identity.account.role
    if Right.TERMS not in RIGHTS[role]:
        raise CommandError(ErrorCode.FORBIDDEN, "Your role may not create deals.", field="role")
    try:
        wanted = codec.decode_as(NewDeal, await body_of(request, MAX_BODY_BYTES))
    except codec.FieldError as error:
        raise CommandError(ErrorCode.INVALID, str(error), field=error.field) from None
    changes = wanted.structure or None
    if changes is not None:
        sight = sight_of(widest_view(role), identity.account)
        check_visible(changes, sight.view)
        check_conceded(changes, sight, identity.account.discount_authority_cents, Structure())
    async with scope_of(request, identity).acquire() as database:
        paced = TokenScope.LOAD not in identity.credential.scopes
        deal = await begin_deal(database, identity.account, wanted.customer_id, changes, paced=paced)
    return answer({"id": deal.id, "channel": deal_channel(deal.id), "version": deal.version}, 201)


async def audit(request: Request) -> Response:
    """``GET /api/deals/{id}/audit?format=json|csv``: everything about a deal, for managers of its store."""
    identity = await require_identity(request)
    form = request.query_params.get("format", "json")
    if form not in {"json", "csv"}:
        raise CommandError(ErrorCode.INVALID, "format: expected json or csv", field="format")
    async with scope_of(request, identity).acquire() as database:
        history = await load_history(database, request.path_params["deal_id"])
    if history is None or history.store_id != identity.account.store_id:
        raise CommandError(ErrorCode.NOT_FOUND, "There is no such deal.", field="deal_id")
    if Right.SEE_COST not in RIGHTS[identity.account.role]:
        raise CommandError(ErrorCode.FORBIDDEN, "Only managers may export the audit.", field="role")
    # An export is recorded before it is sent.
    await request.state.web.security.record(
        event_of(
            request,
            SecurityKind.EXPORTED,
            identity,
            deal_id=history.first.id,
            customer_ids=(history.first.customer.id,),
            detail={"what": "audit", "format": form},
        )
    )
    content = audit_json(history) if form == "json" else audit_csv(history)
    media_type = "application/json" if form == "json" else "text/csv; charset=utf-8"
    name = f"deal-{history.first.id}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(content, headers=headers, media_type=media_type)


async def paper(request: Request) -> Response:
    """``GET /api/deals/{id}/paper.pdf?cars=A,B,C``: the customer's paper, for who may watch the deal.

    ``pencil`` or ``kind`` says what the screen shows of a single car.
    """
    identity = await require_identity(request)
    cars = [each for each in request.query_params.get("cars", "").split(",") if each]
    deal_id = request.path_params["deal_id"]
    content = await request.state.web.papers.paper(deal_id, cars, identity.account, _shown(request))
    # What leaves the house is recorded before it is sent.
    await request.state.web.security.record(
        event_of(request, SecurityKind.EXPORTED, identity, deal_id=deal_id, detail={"what": "paper"})
    )
    headers = {
        "content-disposition": f'inline; filename="deal-{deal_id}.pdf"',
        "cache-control": "no-store",
    }
    return Response(content, headers=headers, media_type="application/pdf")


def _shown(request: Request) -> Shown:
    """Return what a paper is asked to show. Raises CommandError(invalid)."""
    pencil, kind = request.query_params.get("pencil"), request.query_params.get("kind")
    if kind is not None and kind not in set(DealKind):
        raise CommandError(ErrorCode.INVALID, "kind: expected a way to pay", field="kind")
    try:
        return Shown(
            None if pencil is None else str(uuid.UUID(pencil)), None if kind is None else DealKind(kind)
        )
    except ValueError:
        raise CommandError(ErrorCode.INVALID, "pencil: expected its id", field="pencil") from None


async def find_customers(request: Request) -> Response:
    """``GET /api/customers?q=``: customers of the caller's store whose name contains ``q``, by name."""
    identity = await require_identity(request)
    name = request.query_params.get("q", "")[:100]
    if "\0" in name:
        raise CommandError(ErrorCode.INVALID, "q: expected text without NUL", field="q")
    async with scope_of(request, identity).acquire() as database:
        found = await customers.find_customers(database, identity.account.store_id, name, limit_of(request))
    seen = tuple(row.id for row in found)
    note(request, SecurityKind.CUSTOMERS_LISTED, identity, customer_ids=seen, detail={"what": "customers"})
    return answer({"customers": [{"id": row.id, "name": row.name, "city": row.city} for row in found]})


async def create_customer(request: Request) -> Response:
    """``POST /api/customers``: add a customer, with a co-buyer if there is one, to the caller's store.

    It needs the right ``terms`` and takes only facts of the role's widest view.
    """
    identity = await require_identity(request, TokenScope.WRITE)
    if identity.credential.kind is CredentialKind.COOKIE:
        require_same_site(request, request.headers.get(CSRF_HEADER))
    role = identity.account.role
    if Right.TERMS not in RIGHTS[role]:
        raise CommandError(ErrorCode.FORBIDDEN, "Your role may not add customers.", field="role")
    try:
        facts = codec.decode_as(CustomerFacts, await body_of(request, MAX_BODY_BYTES))
    except codec.FieldError as error:
        raise CommandError(ErrorCode.INVALID, str(error), field=error.field) from None
    hidden = hidden_facts(facts, widest_view(role))
    if hidden:
        raise not_here(hidden[0])
    async with scope_of(request, identity).acquire() as database:
        customer_id = await add_customer(database, identity.account.store_id, facts)
    return answer({"id": customer_id}, 201)


async def find(request: Request) -> Response:
    """``GET /api/find?q=``: customers and deals of the store by name, phone, deal or stock number."""
    identity = await require_identity(request)
    text = request.query_params.get("q", "")[:100]
    if "\0" in text:
        raise CommandError(ErrorCode.INVALID, "q: expected text without NUL", field="q")
    async with scope_of(request, identity).acquire() as database:
        found, rows = await finding.find(database, identity.account.store_id, text)
    seen = tuple(dict.fromkeys([row.id for row in found] + [row.customer_id for row in rows]))
    note(request, SecurityKind.CUSTOMERS_LISTED, identity, customer_ids=seen, detail={"what": "found"})
    return answer({"customers": [asdict(row) for row in found], "deals": [listed(row) for row in rows]})


routes: Final = (
    Route("/api/deals", list_deals, methods=["GET"]),
    Route("/api/deals", create_deal, methods=["POST"]),
    Route("/api/deals/{deal_id}/audit", audit, methods=["GET"]),
    Route("/api/deals/{deal_id}/paper.pdf", paper, methods=["GET"]),
    Route("/api/customers", find_customers, methods=["GET"]),
    Route("/api/customers", create_customer, methods=["POST"]),
    Route("/api/find", find, methods=["GET"]),
)


def scope_of(request: Request, identity: Admitted) -> RowScope:
    """Return the caller's scope: the rows of their store."""
    stores: StoreScopes = request.state.web.stores
    return stores.of(identity.account.store_id)


async def require_identity(request: Request, scope: TokenScope = TokenScope.READ) -> Admitted:
    """Return the caller. Raises CommandError: unauthorized; rate_limited; forbidden without the scope."""
    identity = await identify(request.state.web.pool, request.state.web.settings, request)
    if identity is None:
        raise CommandError(
            ErrorCode.UNAUTHORIZED, "Sign in, or send the header Authorization: Bearer <token>."
        )
    request.state.admitted = identity
    request.state.web.requests.check(identity.account.id)
    if scope not in identity.credential.scopes:
        raise CommandError(ErrorCode.FORBIDDEN, f"This token lacks the scope {scope}.", field="scope")
    return identity


def limit_of(request: Request) -> int:
    """Return the page length. Raises CommandError(invalid)."""
    text = request.query_params.get("limit", str(PAGE))
    # Python refuses to parse a number with thousands of digits.
    if not (text.isascii() and text.isdigit() and len(text) <= LIMIT_DIGITS and 1 <= int(text) <= MAX_PAGE):
        raise CommandError(ErrorCode.INVALID, f"limit: expected 1 to {MAX_PAGE}", field="limit")
    return int(text)
