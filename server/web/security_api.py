"""``GET /api/security-events``: security events, for a store's managers and operators."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocol.closing import CommandError, ErrorCode
from protocol.records import Role
from protocol.rights import RIGHTS, Right
from protocol.texts import ONE_LINE
from server.database.people.security_events import Asked, SecurityKind, list_events, parse_moment, shown
from server.web.answers import answer
from server.web.api import limit_of, require_identity, scope_of

LONGEST_WHO: Final = 64
_ONE_LINE: Final = re.compile(ONE_LINE)


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
    params = request.query_params
    kind, who, since = (params.get(name) or None for name in ("kind", "who", "since"))
    if kind is not None and kind not in set(SecurityKind):
        raise _invalid("kind", "one of " + ", ".join(SecurityKind))
    if who is not None and (len(who) > LONGEST_WHO or not _ONE_LINE.match(who)):
        raise _invalid("who", f"a login or an address, of at most {LONGEST_WHO} characters")
    moment = None if since is None else parse_moment(since)
    if since is not None and moment is None:
        raise _invalid("since", "a day such as 2026-01-31, or a time with its UTC offset")
    who = None if who is None else who.strip().lower()
    return Asked(
        None if kind is None else SecurityKind(kind),
        who,
        None if who is None else request.state.web.security.digest(who),
        moment,
    )


def _invalid(field: str, expected: str) -> CommandError:
    return CommandError(ErrorCode.INVALID, f"{field}: expected {expected}", field=field)
