"""Credentials that people and programs present instead of a password: owner, scopes and expiry.

A credential is 256 random bits, shown once; the table holds its SHA-256. ``id`` identifies it in lists and
for revocation. When a change that removes rights commits, Postgres notifies the channel ``people`` with the
owner.
"""

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import asyncpg

from protocol.rights import TokenScope
from server.database.core.pool import Database
from server.database.people.users import ACCOUNT_COLUMNS, Account, account_of

TOKEN_BYTES: Final = 32


class CredentialKind(StrEnum):
    """How a credential is presented: a browser's cookie, a program's header, or a customer's link, which is
    kept elsewhere.
    """

    COOKIE = "cookie"
    BEARER = "bearer"
    LINK = "link"


PERSON_SCOPES: Final = frozenset({TokenScope.READ, TokenScope.WRITE, TokenScope.DECIDE})
"""The scopes of a browser session."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential that is valid now."""

    id: int
    kind: CredentialKind
    scopes: frozenset[TokenScope]
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A bearer token in a list; the token itself is not stored."""

    id: int
    label: str
    scopes: tuple[str, ...]
    created_at: dt.datetime
    expires_at: dt.datetime


_VALID = (
    f"SELECT {ACCOUNT_COLUMNS}, credential_id, kind, scopes, expires_at"  # noqa: S608 - constants
    " FROM credentials JOIN users USING (user_id)"
    " WHERE revoked_at IS NULL AND expires_at > now() AND active AND "
)


async def find_by_token(database: Database, token: str) -> tuple[Account, Credential] | None:
    """Return the credential of ``token``; None if it is not valid."""
    return _found(await database.fetchrow(_VALID + "token_hash = $1", _digest(token)))


async def find_by_id(
    database: Database | asyncpg.Pool, credential_id: int
) -> tuple[Account, Credential] | None:
    """Return the credential with that id; None if it is not valid."""
    return _found(await database.fetchrow(_VALID + "credential_id = $1", credential_id))


async def issue_credential(
    database: Database,
    user_id: str,
    kind: CredentialKind,
    ttl: dt.timedelta,
    *,
    label: str = "",
    scopes: Collection[TokenScope] = PERSON_SCOPES,
) -> str:
    """Store a new credential and return its token, which is not stored."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await database.execute(
        "INSERT INTO credentials (token_hash, user_id, kind, label, scopes, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, now() + $6::interval)",
        _digest(token),
        uuid.UUID(user_id),
        kind,
        label,
        sorted(scopes),
        ttl,
    )
    return token


async def revoke_credential(database: Database, token: str) -> None:
    """Revoke ``token``; an unknown one is not an error."""
    await database.execute(
        "UPDATE credentials SET revoked_at = now() WHERE token_hash = $1 AND revoked_at IS NULL",
        _digest(token),
    )


async def revoke_by_id(database: Database, credential_id: int) -> bool:
    """Revoke the credential with that id; return whether it was valid."""
    done = await database.execute(
        "UPDATE credentials SET revoked_at = now()"
        " WHERE credential_id = $1 AND revoked_at IS NULL AND expires_at > now()",
        credential_id,
    )
    return bool(done == "UPDATE 1")


async def owner_of(database: Database, credential_id: int) -> str | None:
    """Return the login of the credential's owner; None if there is no such credential."""
    login: str | None = await database.fetchval(
        "SELECT login FROM credentials JOIN users USING (user_id) WHERE credential_id = $1", credential_id
    )
    return login


async def revoke_all(database: Database, user_id: str, *, sessions_only: bool = False) -> int:
    """Revoke a person's credentials, tokens too unless ``sessions_only``; return how many were valid."""
    rows = await database.fetch(
        "UPDATE credentials SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL"
        " AND expires_at > now() AND (kind = 'cookie' OR NOT $2) RETURNING 1",
        uuid.UUID(user_id),
        sessions_only,
    )
    return len(rows)


async def list_tokens(database: Database, user_id: str) -> list[Listed]:
    """Return a person's valid bearer tokens, the newest first."""
    rows = await database.fetch(
        "SELECT credential_id, label, scopes, created_at, expires_at FROM credentials"
        " WHERE user_id = $1 AND kind = 'bearer' AND revoked_at IS NULL AND expires_at > now()"
        " ORDER BY created_at DESC, credential_id DESC",
        uuid.UUID(user_id),
    )
    return [
        Listed(row["credential_id"], row["label"], tuple(row["scopes"]), row["created_at"], row["expires_at"])
        for row in rows
    ]


def _found(row: Any) -> tuple[Account, Credential] | None:
    if row is None:
        return None
    scopes = frozenset(TokenScope(scope) for scope in row["scopes"])
    kind = CredentialKind(row["kind"])
    return account_of(row), Credential(row["credential_id"], kind, scopes, row["expires_at"])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
