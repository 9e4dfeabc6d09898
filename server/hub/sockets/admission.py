"""Who may open a socket. The web layer decides; the hub acts on it before it accepts the socket."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection

from server.database.people.credentials import Credential
from server.database.people.offer_links import LinkPass
from server.database.people.security_events import SecurityEvent, SecurityKind
from server.database.people.users import Account


@dataclass(frozen=True, slots=True)
class Admitted:
    """A person with a valid credential, or a customer with a link."""

    account: Account
    credential: Credential
    address: str = ""
    """The client's address, as our proxy reports it."""
    link: LinkPass | None = None
    """The customer's link; None for people of the store."""
    origin: str = ""
    """The origin of the page that asks; empty for a program."""

    def happened(self, kind: SecurityKind, **fields: Any) -> SecurityEvent:
        """Return a security event of this person, with the current time."""
        account, link = self.account, self.link
        if link is not None:
            # Nobody's account: the link tells who it was.
            whose = {"deal_id": link.deal_id, **fields}
            whose["detail"] = {"link": link.link_id, **fields.get("detail", {})}
            return SecurityEvent(
                kind, dt.datetime.now(dt.UTC), self.address, store_id=account.store_id, **whose
            )
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
    """Our page without a valid session: accepted, then closed with 4001, because a page cannot read a 401."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not upgraded: ``status`` is the HTTP status, ``reason`` is the text for a person."""

    status: int
    reason: str
    retry_after_seconds: int | None = None


Admission = Admitted | SignedOut | Refused
Admit = Callable[[HTTPConnection], Awaitable[Admission]]
"""Decides on an upgrade request."""
