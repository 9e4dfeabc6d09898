"""Security events: sign-ins and refusals, customers viewed, data exported, and from which address.

Rows are append-only. They hold no password, token, amount or customer name. A login is stored only if it
exists, because people type passwords into that field.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from protocol import http
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import FIRST_DATE, LAST_DATE
from protocol.texts import ONE_LINE
from server.database.core.pool import Database

MOST_EVENT_ID: Final = 2**63 - 1
MAX_PAGE: Final = 200


SecurityKind = http.SecurityKind

REFUSALS: Final = frozenset(
    {
        *(SecurityKind.SIGN_IN_REFUSED, SecurityKind.SIGN_IN_THROTTLED, SecurityKind.TOKEN_REFUSED),
        *(SecurityKind.FORBIDDEN, SecurityKind.ORIGIN_REFUSED, SecurityKind.CSRF_REFUSED),
        *(SecurityKind.THROTTLED, SecurityKind.FLOODED),
        *(SecurityKind.OFFER_REFUSED, SecurityKind.OFFER_THROTTLED),
    }
)
"""Events that strangers can cause as often as they like."""


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """An event at the time ``at``.

    ``typed_login`` is what was typed: it becomes ``login`` if that login exists, else a digest.
    """

    kind: SecurityKind
    at: dt.datetime
    address: str = ""
    store_id: str | None = None
    user_id: str | None = None
    login: str = ""
    typed_login: str = field(default="", repr=False)
    login_digest: str = ""
    connection_id: str = ""
    deal_id: str | None = None
    customer_ids: tuple[str, ...] = ()
    detail: Mapping[str, str | int] = field(default_factory=dict)


Note = Callable[[SecurityEvent], None]
"""Takes a security event and returns at once."""


@dataclass(frozen=True, slots=True)
class CountedEvent:
    """An event that happened ``count`` times, the last time at ``until``."""

    event: SecurityEvent
    count: int
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event as the list shows it."""

    id: int
    counted: CountedEvent


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of a query; None means any.

    ``who`` is a login or an address, ``who_digest`` the digest that an unknown login of that text has.
    """

    kind: SecurityKind | None = None
    who: str | None = None
    who_digest: str | None = None
    since: dt.datetime | None = None


LONGEST_WHO: Final = 64
_ONE_LINE: Final = re.compile(ONE_LINE)


def asked_of(kind: str | None, who: str | None, since: str | None, digest: Callable[[str], str]) -> Asked:
    """Return the filters of a question. Raises CommandError(invalid) naming the field."""
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
        None if who is None else digest(who),
        moment,
    )


def _invalid(field: str, expected: str) -> CommandError:
    return CommandError(ErrorCode.INVALID, f"{field}: expected {expected}", field=field)


async def add_events(database: Database, events: Sequence[CountedEvent]) -> None:
    """Write events, all of them of the store of the connection's scope or of none."""
    await database.executemany(
        "INSERT INTO security_events (at, until, count, kind, store_id, user_id, login, login_digest,"
        " address, connection_id, deal_id, customer_ids, detail)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        [_row(counted) for counted in events],
    )


async def add_from_terminal(
    database: Database, kind: SecurityKind, login: str, detail: Mapping[str, str | int]
) -> None:
    """Record what was done at the terminal to the person with ``login``."""
    await database.execute(
        "INSERT INTO security_events (at, until, count, kind, store_id, user_id, login, detail)"
        " SELECT now(), now(), 1, $2, store_id, user_id, login, $3 FROM users WHERE login = $1",
        login,
        kind,
        {"by": "terminal", **detail},
    )


async def owners_of_logins(database: Database, logins: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return id and store of each of ``logins`` that exists, active or not."""
    rows = await database.fetch(
        "SELECT login, user_id::text, store_id FROM users WHERE login = ANY($1::text[])", list(logins)
    )
    return {row["login"]: (row["user_id"], row["store_id"]) for row in rows}


async def list_events(
    database: Database,
    store_id: str | None,
    asked: Asked,
    after: str | None,
    limit: int,
    *,
    unplaced: bool,
) -> tuple[list[ListedEvent], str | None]:
    """Return a page of a store's events, the newest first, and the key of the next page or None.

    ``unplaced`` adds events that belong to no store; without ``store_id`` it returns all stores' events.
    Raises CommandError(invalid) for a key that we did not issue.
    """
    at, event_id = _page_key(after)
    size = max(1, min(limit, MAX_PAGE))
    rows = await database.fetch(
        _LIST,
        *(store_id, unplaced, asked.kind, asked.who, asked.who_digest, asked.since, at, event_id, size + 1),
    )
    page = [ListedEvent(row["event_id"], _counted(row)) for row in rows[:size]]
    if len(rows) <= size:
        return page, None
    return page, _write_key(page[-1].counted.event.at, page[-1].id)


async def purge_events(database: Database, before: dt.date) -> int:
    """Delete events that ended before that day (UTC); return how many. For the owner of the database."""
    moment = dt.datetime.combine(before, dt.time(), dt.UTC)
    done = await database.execute("DELETE FROM security_events WHERE until < $1", moment)
    return int(done.rpartition(" ")[2])


def shown(listed: ListedEvent) -> dict[str, Any]:
    """Return an event as the API and the terminal show it, by FIELDS."""
    counted = listed.counted
    event = counted.event
    return {
        "id": listed.id,
        "at": event.at,
        "until": counted.until,
        "count": counted.count,
        "kind": event.kind,
        "login": event.login,
        "login_digest": event.login_digest,
        "address": event.address,
        "store_id": event.store_id,
        "user_id": event.user_id,
        "connection_id": event.connection_id,
        "deal_id": event.deal_id,
        "customer_ids": event.customer_ids,
        "detail": event.detail,
    }


def parse_moment(text: str) -> dt.datetime | None:
    """Return a day, or a time with its zone, in UTC; None for anything else."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_DATE <= found.date() <= LAST_DATE:
        return None
    if found.tzinfo is None:
        return found.replace(tzinfo=dt.UTC) if len(text) == len("2026-01-31") else None
    return found.astimezone(dt.UTC)


def digest_of(secret: bytes, login: str) -> str:
    """Return the digest of an unknown login: equal for equal logins, and it reveals nothing else."""
    text = f"login\0{login}".encode("utf-8", "surrogatepass")
    return hmac.new(secret, text, hashlib.sha256).hexdigest()[:16]


FIELDS: Final = (
    *("id", "at", "until", "count", "kind", "login", "login_digest", "address", "store_id", "user_id"),
    *("connection_id", "deal_id", "customer_ids", "detail"),
)
"""The fields of an event, in order."""

_LIST: Final = """
SELECT event_id, at, until, count, kind, store_id, user_id::text, login, login_digest, address,
       connection_id, deal_id::text, customer_ids::text[], detail
  FROM security_events
 WHERE ($1::text IS NULL OR store_id = $1 OR ($2 AND store_id IS NULL))
   AND ($3::text IS NULL OR kind = $3)
   AND ($4::text IS NULL OR login = $4 OR address = $4 OR login_digest = $5)
   AND ($6::timestamptz IS NULL OR until >= $6)
   AND (at, event_id) < ($7, $8)
 ORDER BY at DESC, event_id DESC LIMIT $9
"""


def _row(counted: CountedEvent) -> tuple[Any, ...]:
    event = counted.event
    return (
        *(event.at, counted.until, counted.count, event.kind, event.store_id, _uuid(event.user_id)),
        *(event.login, event.login_digest, event.address[:64], event.connection_id, _uuid(event.deal_id)),
        *([uuid.UUID(each) for each in event.customer_ids], dict(event.detail)),
    )


def _uuid(text: str | None) -> uuid.UUID | None:
    return None if text is None else uuid.UUID(text)


def _counted(row: Any) -> CountedEvent:
    event = SecurityEvent(
        kind=SecurityKind(row["kind"]),
        at=row["at"],
        address=row["address"],
        store_id=row["store_id"],
        user_id=row["user_id"],
        login=row["login"],
        login_digest=row["login_digest"],
        connection_id=row["connection_id"],
        deal_id=row["deal_id"],
        customer_ids=tuple(row["customer_ids"]),
        detail=row["detail"],
    )
    return CountedEvent(event, row["count"], row["until"])


def _page_key(after: str | None) -> tuple[dt.datetime, int]:
    """Return where a page begins; without a key, at the newest event."""
    if after is None:
        return dt.datetime.max.replace(tzinfo=dt.UTC), MOST_EVENT_ID
    try:
        at, number = base64.b64decode(after[:100], altchars=b"-_", validate=True).decode().split(" ")
        place = dt.datetime.fromisoformat(at), int(number)
    except (ValueError, binascii.Error):
        place = None
    if (
        place is None
        or place[0].tzinfo != dt.UTC
        or not 0 < place[1] <= MOST_EVENT_ID
        or _write_key(*place) != after
    ):
        raise CommandError(
            ErrorCode.INVALID, "after: expected `next` from a page of this list", field="after"
        )
    return place


def _write_key(at: dt.datetime, event_id: int) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {event_id}".encode()).decode()
