"""``GET /api/security-events``: security events, for a store's managers and operators."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocol.closing import CommandError, ErrorCode
from protocol.records import Role
from protocol.rights import RIGHTS, Right
from server.database.people.security_events import Asked, asked_of, list_events, shown
from server.web.answers import answer
from server.web.api import limit_of, require_identity, scope_of


async def security_events(request: Request) -> Response:
    """``GET /api/security-events?kind=&who=&since=&after=&limit=``: the store's events, the newest first.

    ``who`` is a login or an address. Operators also see events that belong to no store: unknown logins and
    tokens.
    """
    identity = await require_identity(request)
    role = identity.account.role
    if Right.SEE_COST not in RIGHTS[role]:
        raise CommandError(ErrorCode.FORBIDDEN, "Only managers may list security events.", field="role")
    asked, limit = _asked(request), limit_of(request)
    async with scope_of(request, identity).acquire() as database:
        events, following = await list_events(
            database,
            identity.account.store_id,
            asked,
            request.query_params.get("after") or None,
            limit,
            unplaced=role is Role.OPERATOR,
        )
    return answer({"events": [shown(event) for event in events], "next": following})


routes: Final = (Route("/api/security-events", security_events, methods=["GET"]),)


def _asked(request: Request) -> Asked:
    """Return the filters of a query. Raises CommandError(invalid) naming the parameter."""
    kind, who, since = (request.query_params.get(name) or None for name in ("kind", "who", "since"))
    return asked_of(kind, who, since, request.state.web.security.digest)
