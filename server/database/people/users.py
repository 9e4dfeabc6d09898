"""Accounts and their passwords, which are hashed with argon2id and checked off the event loop."""

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from protocol.records import Role
from protocol.rights import SELLERS
from server.database.core.pool import Database
from server.database.people.passwords import is_easily_guessed

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LONGEST_PASSWORD: Final = 1024  # characters: hashing longer ones only burns CPU time
SHORTEST_PASSWORD: Final = 12
FEWEST_CHARACTERS: Final = 5
# The hash of an unused password, so that an unknown login takes the same time as a wrong password.
NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$bm9ib2R5LWhhcy1pdA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)  # fmt: skip

ACCOUNT_COLUMNS: Final = (
    "user_id, login, name, role, store_id, discount_authority_cents, demo,"
    " (SELECT score_edges_cents FROM stores WHERE stores.store_id = users.store_id) AS score_edges_cents,"
    " (SELECT npv_floor_cents FROM stores WHERE stores.store_id = users.store_id) AS npv_floor_cents,"
    " (SELECT guard_key FROM stores WHERE stores.store_id = users.store_id) AS guard_key"
)


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may use the workspace, and how much they may give away.

    A ``demo`` account has a public password. If the person's store hides NPVs from its salespeople,
    ``score_edges_cents`` are the lowest NPVs of the scores 2 to 5. ``npv_floor_cents`` and ``guard_key`` are
    the store's too.
    """

    id: str
    login: str
    name: str
    role: Role
    store_id: str
    discount_authority_cents: int = 0
    demo: bool = False
    score_edges_cents: tuple[int, ...] | None = None
    npv_floor_cents: int = 0
    guard_key: str = field(default="", repr=False)


async def find_by_login(database: Database, login: str) -> Account | None:
    """Return the active account with that login, or None."""
    row = await database.fetchrow(
        f"SELECT {ACCOUNT_COLUMNS} FROM users WHERE login = $1 AND active",  # noqa: S608 - constants
        login,
    )
    return None if row is None else account_of(row)


async def salesperson_of(database: Database, deal_id: str) -> Account | None:
    """Return the account of a deal's salesperson; None if there is no such deal."""
    try:
        key = uuid.UUID(deal_id)
    except ValueError:
        return None
    row = await database.fetchrow(
        f"SELECT {ACCOUNT_COLUMNS} FROM users"  # noqa: S608 - a constant
        " WHERE user_id = (SELECT salesperson_id FROM deals WHERE deal_id = $1)",
        key,
    )
    return None if row is None else account_of(row)


async def sellers_of(database: Database, store_id: str) -> list[Account]:
    """Return the active people of a store to whom a deal can be assigned, by name."""
    rows = await database.fetch(
        f"SELECT {ACCOUNT_COLUMNS} FROM users"  # noqa: S608 - constants
        " WHERE store_id = $1 AND active AND role::text = ANY ($2) ORDER BY name, user_id",
        store_id,
        SELLERS,
    )
    return [account_of(row) for row in rows]


async def load_password(database: Database, login: str) -> tuple[Account | None, str]:
    """Return the active account with that login, if any, and the hash to check a password against.

    If there is no such account, or it has no password, no password matches the hash.
    """
    row = await database.fetchrow(
        f"SELECT {ACCOUNT_COLUMNS}, password_hash FROM users WHERE login = $1 AND active",  # noqa: S608 - constants
        login,
    )
    if row is None:
        return None, NOBODY
    return account_of(row), row["password_hash"] or NOBODY


async def store_password(database: Database, user_id: str, password_hash: str) -> None:
    """Replace the hash of a person's password."""
    await database.execute(
        "UPDATE users SET password_hash = $2 WHERE user_id = $1", uuid.UUID(user_id), password_hash
    )


def hash_password(password: str) -> str:
    """Return the argon2id hash of ``password``; takes tens of milliseconds and 64 MiB."""
    return _hasher().hash(password)


def password_fits(stored: str, password: str) -> bool:
    """Return whether ``password`` matches the hash ``stored``; as costly as ``hash_password``."""
    if len(password) > LONGEST_PASSWORD:
        return False
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def hash_is_outdated(stored: str) -> bool:
    """Return whether a hash was made with weaker parameters than those of today."""
    return _hasher().check_needs_rehash(stored)


def _hasher() -> "PasswordHasher":
    """Return what hashes. Its library is imported here: a web process is ready before it is needed."""
    from argon2 import PasswordHasher

    return PasswordHasher()


def password_fault(password: str, login: str) -> str | None:
    """Return the requirement that a new password fails; None if it is acceptable."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"expected {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
    if len(set(password)) < FEWEST_CHARACTERS:
        return f"expected at least {FEWEST_CHARACTERS} different characters"
    if login.lower() in password.lower():
        return "expected one that does not contain the login"
    if is_easily_guessed(password, login):
        return "expected one that is harder to guess: more than common words, sequences and repetitions"
    return None


def account_of(row: Any) -> Account:
    """Return the account in a row that has ACCOUNT_COLUMNS."""
    return Account(
        str(row["user_id"]),
        row["login"],
        row["name"],
        Role(row["role"]),
        row["store_id"],
        row["discount_authority_cents"],
        row["demo"],
        None if row["score_edges_cents"] is None else tuple(row["score_edges_cents"]),
        row["npv_floor_cents"],
        str(row["guard_key"]),
    )
