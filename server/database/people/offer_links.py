"""The links of customers: whoever opens one is the customer of one deal, and nobody else.

A token is 256 bits that only the server's secret can produce; the table holds its SHA-256. When a link is
revoked, Postgres notifies the channel ``people`` with its id.
"""

import base64
import datetime as dt
import hashlib
import hmac
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from protocol.channels import deal_channel
from protocol.records import Actor, Role
from protocol.rights import TokenScope
from server.database.core.pool import Database
from server.database.people.credentials import Credential, CredentialKind
from server.database.people.users import Account

CUSTOMER: Final = "Customer"
"""The name under which the store's people see a customer, in presence and in events."""

CUSTOMER_SCOPES: Final = frozenset({TokenScope.READ, TokenScope.WRITE})
_DIGEST_CHARACTERS: Final = 16


@dataclass(frozen=True, slots=True)
class LinkPass:
    """A link that is valid now, and its deal."""

    link_id: str
    deal_id: str
    store_id: str
    expires_at: dt.datetime

    @property
    def channel(self) -> str:
        """The only channel that the link opens."""
        return deal_channel(self.deal_id)

    @property
    def account(self) -> Account:
        """The customer as the sockets know people: by the link, of the deal's store."""
        return Account(self.link_id, "", CUSTOMER, Role.CUSTOMER, self.store_id)

    @property
    def actor(self) -> Actor:
        """The customer as the actor of events."""
        return Actor(id=self.link_id, name=CUSTOMER, role=Role.CUSTOMER)

    @property
    def credential(self) -> Credential:
        """What the customer's connection may be used for, and until when."""
        return Credential(0, CredentialKind.LINK, CUSTOMER_SCOPES, self.expires_at)


@dataclass(frozen=True, slots=True)
class LinkSecrets:
    """Derives tokens and digests from the server's secret, each kind apart from the others.

    While it is being replaced, other processes may derive tokens from the secret that is ``accepted``.
    """

    secret: bytes = field(repr=False)
    accepted: bytes = field(default=b"", repr=False)

    def token(self, deal_id: str, op: uuid.UUID, user_id: str) -> str:
        """Return the token of the link that a person makes with ``op``: the same each time."""
        return self.tokens(deal_id, op, user_id)[0]

    def tokens(self, deal_id: str, op: uuid.UUID, user_id: str) -> tuple[str, ...]:
        """Return the token for a new link; then, if there is another secret, what a process that has it made
        of the same ``op``.
        """
        text = f"link\0{deal_id}\0{op}\0{user_id}"
        secrets = (self.secret, self.accepted) if self.accepted else (self.secret,)
        macs = [_mac(secret, text) for secret in secrets]
        return tuple(base64.urlsafe_b64encode(mac).decode().rstrip("=") for mac in macs)

    def address(self, address: str) -> str:
        """Return the digest of an address: equal for equal ones, and it reveals nothing else."""
        return _mac(self.secret, f"address\0{address}").hex()[:_DIGEST_CHARACTERS]


def _mac(secret: bytes, text: str) -> bytes:
    return hmac.new(secret, f"offer\0{text}".encode(), hashlib.sha256).digest()


def hash_of(token: str) -> bytes:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def find_link(database: Database | asyncpg.Pool, token: str) -> LinkPass | None:
    """Return the link of a token; None for any that is not valid, whatever the reason."""
    return _found(await database.fetchrow("SELECT * FROM link_by_token($1)", hash_of(token)))


async def find_link_by_id(database: Database | asyncpg.Pool, link_id: str) -> LinkPass | None:
    """Return the link with that id; None if it is not valid."""
    return _found(await database.fetchrow("SELECT * FROM link_by_id($1)", uuid.UUID(link_id)))


def _found(row: Any) -> LinkPass | None:
    if row is None:
        return None
    return LinkPass(str(row["link_id"]), str(row["deal_id"]), row["store_id"], row["expires_at"])
