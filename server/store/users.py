"""Who may sign in: accounts, passwords and credentials.

A credential is 256 random bits, given out once; the table holds its SHA-256. Passwords are argon2id and are
checked off the event loop.
"""

import asyncio
import datetime as dt
import hashlib
import secrets
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from protocol.records import Role
from server.store.pool import Connection

TOKEN_BYTES = 32
LONGEST_PASSWORD = 1024  # characters: hashing longer ones is only a way to keep us busy
# The hash of a password that nobody has: an unknown login costs the same time as a wrong password.
NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$bm9ib2R5LWhhcy1pdA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)  # fmt: skip

_ACCOUNT = "user_id, login, name, role, store_id, discount_authority_cents"


class CredentialKind(StrEnum):
    """How a credential comes in: a browser's cookie, or the header of a program."""

    COOKIE = "cookie"
    BEARER = "bearer"


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may use the workspace, and the largest discount that they may give."""

    id: str
    login: str
    name: str
    role: Role
    store_id: str
    discount_authority_cents: int = 0


async def find_by_token(
    connection: Connection, token: str
) -> tuple[Account, CredentialKind, dt.datetime] | None:
    """Return whose credential ``token`` is, its kind and when it expires; None where it counts no longer."""
    row = await connection.fetchrow(
        f"SELECT {_ACCOUNT}, kind, expires_at FROM credentials JOIN users USING (user_id)"  # noqa: S608 - constants
        " WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > now() AND active",
        _digest(token),
    )
    if row is None:
        return None
    return _account(row), CredentialKind(row["kind"]), row["expires_at"]


async def find_by_login(connection: Connection, login: str) -> Account | None:
    """Return the active account of that login, or None."""
    row = await connection.fetchrow(
        f"SELECT {_ACCOUNT} FROM users WHERE login = $1 AND active",  # noqa: S608 - constants
        login,
    )
    return None if row is None else _account(row)


async def verify_password(connection: Connection, login: str, password: str) -> Account | None:
    """Return the account where ``password`` is its password, else None, in the same time."""
    row = await connection.fetchrow(
        f"SELECT {_ACCOUNT}, password_hash FROM users WHERE login = $1 AND active",  # noqa: S608 - constants
        login,
    )
    stored = None if row is None else row["password_hash"]
    fits = await asyncio.to_thread(_fits, stored or NOBODY, password)
    return _account(row) if fits and stored else None


def hash_password(password: str) -> str:
    """Return the argon2id hash of ``password``; takes tens of milliseconds and 64 MiB."""
    return PasswordHasher().hash(password)


async def issue_credential(
    connection: Connection, user_id: str, kind: CredentialKind, ttl: dt.timedelta, label: str = ""
) -> str:
    """Store a new credential and return its token, which is kept nowhere else."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await connection.execute(
        "INSERT INTO credentials (token_hash, user_id, kind, label, expires_at)"
        " VALUES ($1, $2, $3, $4, now() + $5::interval)",
        _digest(token),
        uuid.UUID(user_id),
        kind,
        label,
        ttl,
    )
    return token


async def revoke_credential(connection: Connection, token: str) -> None:
    """Make ``token`` count no longer, from now on; an unknown one is no error."""
    await connection.execute(
        "UPDATE credentials SET revoked_at = now() WHERE token_hash = $1 AND revoked_at IS NULL",
        _digest(token),
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _fits(stored: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return PasswordHasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _account(row: Any) -> Account:
    return Account(
        str(row["user_id"]),
        row["login"],
        row["name"],
        Role(row["role"]),
        row["store_id"],
        row["discount_authority_cents"],
    )
