"""Who may open a socket, as the hub sees it. The web layer decides; the hub acts before it accepts."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection

from server.database.people.credentials import Credential
from server.database.people.security_events import SecurityEvent, SecurityKind
from server.database.people.users import Account


@dataclass(frozen=True, slots=True)
class Admitted:
    """A person with a credential that is valid now."""

    account: Account
    credential: Credential
    address: str = ""
    """Where the request comes from, as a proxy of ours says it."""

    def happened(self, kind: SecurityKind, **fields: Any) -> SecurityEvent:
        """Return a security event of now, of this person."""
        account = self.account
        return SecurityEvent(
            kind,
            dt.datetime.now(dt.UTC),
            self.address,
            store_id=account.store_id,
            user_id=account.id,
            login=account.login,
            **fields,
        )


@dataclass(frozen=True, slots=True)
class SignedOut:
    """A page of ours without a valid session: accepted and closed with 4001, because a page cannot read a
    401.
    """


@dataclass(frozen=True, slots=True)
class Refused:
    """Not upgraded: the HTTP ``status`` says why, ``reason`` says it to a person."""

    status: int
    reason: str
    retry_after_seconds: int | None = None


Admission = Admitted | SignedOut | Refused
Admit = Callable[[HTTPConnection], Awaitable[Admission]]
"""Decides from the upgrade request."""
