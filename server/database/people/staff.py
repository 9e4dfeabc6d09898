"""Stores and their people, as the owner of the database manages them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from protocol.records import MAX_CENTS, Role
from protocol.texts import ONE_LINE
from server.database.people.users import hash_password, password_fault
from server.errors import UserError

FIRST_STRUCTURE: Final[Mapping[str, Any]] = {
    "cash_down_cents": 0,
    "trade_credit": True,
    # By the rules of the customer's address.
    "tax_rate_bp": None,
    "terms_months": [36, 48, 60, 72],
}
"""The defaults of a new store's deals until its own fees are set."""

FIRST_CASH_STEP_CENTS: Final = 50_00
FIRST_GRID_STEP_CENTS: Final = 500_00
CASH_STEP_CENTS: Final = (1, 1_000_00)
GRID_STEP_CENTS: Final = (10_00, 10_000_00)
"""The smallest and the largest steps; the table checks the same."""

MAX_NAME_BYTES: Final = 100
"""The maximum length of a person's name: it appears next to everything that the person does."""


class StaffError(UserError):
    """A requested change of a person or a store is invalid."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(field, expected)
        self.field, self.expected = field, expected

    def __str__(self) -> str:
        return f"{self.field}: {self.expected}"


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the list of people."""

    login: str
    name: str
    role: str
    store_id: str
    active: bool
    demo: bool


async def add_store(
    database: asyncpg.Connection,
    store_id: str,
    *,
    name: str,
    state: str,
    group_id: str,
    like: str | None = None,
) -> None:
    """Add a store, and its group if it is new. ``like`` names a store whose terms are copied.

    Raises StaffError.
    """
    _check_seen("name", name)
    async with database.transaction():
        if await database.fetchval("SELECT 1 FROM stores WHERE store_id = $1", store_id):
            raise StaffError("store", f"{store_id} already exists")
        model = await database.fetchrow("SELECT * FROM stores WHERE store_id = $1", like)
        if like is not None and model is None:
            raise StaffError("like", f"there is no store {like}")
        try:
            await database.execute(
                "INSERT INTO store_groups (group_id, name) VALUES ($1, $1) ON CONFLICT DO NOTHING", group_id
            )
            await database.execute(
                "INSERT INTO stores (store_id, group_id, name, state, default_structure, standard_markup_bp,"
                " npv_floor_cents, product_cost_share_bp, markup_cap_bp, cash_step_cents, grid_step_cents)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                *(store_id, group_id, name, state),
                *_terms_of(model),
            )
        except asyncpg.CheckViolationError as error:
            raise StaffError(*_fault(error)) from None


async def set_steps(
    database: asyncpg.Connection, store_id: str, *, cash_cents: int | None, grid_cents: int | None
) -> None:
    """Set the step to which a store's found cash is rounded up, and that of its pencil grid; None leaves it.

    Raises StaffError.
    """
    _check_amount("cash-step-cents", cash_cents, *CASH_STEP_CENTS)
    _check_amount("grid-step-cents", grid_cents, *GRID_STEP_CENTS)
    done = await database.execute(
        "UPDATE stores SET cash_step_cents = coalesce($2, cash_step_cents),"
        " grid_step_cents = coalesce($3, grid_step_cents) WHERE store_id = $1",
        *(store_id, cash_cents, grid_cents),
    )
    if done != "UPDATE 1":
        raise StaffError("store", f"there is no store {store_id}")


async def set_score_edges(
    database: asyncpg.Connection, store_id: str, edges_cents: Sequence[int] | None
) -> None:
    """Show a store's salespeople scores instead of NPVs, or NPVs again if ``edges_cents`` is None.

    The edges are the lowest NPVs of the scores 2 to 5, ascending. Raises StaffError.
    """
    for edge in edges_cents or ():
        _check_amount("score-edges", edge, -MAX_CENTS, MAX_CENTS)
    try:
        done = await database.execute(
            "UPDATE stores SET score_edges_cents = $2 WHERE store_id = $1",
            *(store_id, None if edges_cents is None else list(edges_cents)),
        )
    except asyncpg.CheckViolationError:
        raise StaffError("score-edges", "expected four increasing amounts") from None
    if done != "UPDATE 1":
        raise StaffError("store", f"there is no store {store_id}")


async def list_stores(database: asyncpg.Connection) -> list[tuple[str, str, str, str]]:
    """Return id, name, state and group of each store, in the order they were added."""
    rows = await database.fetch("SELECT store_id, name, state, group_id FROM stores ORDER BY added_no")
    return [tuple(row) for row in rows]


async def add_user(
    database: asyncpg.Connection,
    login: str,
    *,
    name: str,
    role: Role,
    store_id: str,
    password: str,
    discount_authority_cents: int = 0,
) -> None:
    """Add a person who may sign in. Raises StaffError."""
    _check_password(password, login)
    _check_name(name)
    _check_amount("discount-authority-cents", discount_authority_cents, 0, MAX_CENTS)
    try:
        await database.execute(
            "INSERT INTO users (login, name, role, store_id, discount_authority_cents, password_hash)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            *(login, name, role, store_id, discount_authority_cents, hash_password(password)),
        )
    except asyncpg.UniqueViolationError:
        raise StaffError("login", f"{login} is taken") from None
    except asyncpg.ForeignKeyViolationError:
        raise StaffError("store", f"there is no store {store_id}") from None
    except asyncpg.CheckViolationError as error:
        raise StaffError(*_fault(error)) from None


async def change_user(database: asyncpg.Connection, login: str, changes: Mapping[str, object]) -> None:
    """Change columns of a person: name, role, store_id, active, discount_authority_cents.

    Raises StaffError.
    """
    _check_name(str(changes.get("name", "")))
    _check_amount("discount-authority-cents", changes.get("discount_authority_cents"), 0, MAX_CENTS)
    columns = ", ".join(f"{name} = ${place}" for place, name in enumerate(changes, 2))
    try:
        done = await database.execute(
            f"UPDATE users SET {columns} WHERE login = $1",  # noqa: S608 - names of our own
            *(login, *changes.values()),
        )
    except asyncpg.ForeignKeyViolationError:
        raise StaffError("store", f"there is no store {changes['store_id']}") from None
    except asyncpg.CheckViolationError as error:
        raise StaffError(*_fault(error)) from None
    _require_one(done, login)


async def set_password(database: asyncpg.Connection, login: str, password: str) -> None:
    """Give a person a new password, which ends all their sessions. Raises StaffError."""
    _check_password(password, login)
    async with database.transaction():
        done = await database.execute(
            "UPDATE users SET password_hash = $2, demo = false WHERE login = $1",
            *(login, hash_password(password)),
        )
        _require_one(done, login)
        await database.execute(
            "UPDATE credentials SET revoked_at = now() FROM users"
            " WHERE users.user_id = credentials.user_id AND login = $1 AND kind = 'cookie'"
            " AND revoked_at IS NULL",
            login,
        )


async def list_people(database: asyncpg.Connection, store_id: str | None) -> list[Person]:
    """Return the people of a store, or of all, by store and login."""
    rows = await database.fetch(
        "SELECT login, name, role, store_id, active, demo FROM users"
        " WHERE store_id = $1 OR $1 IS NULL ORDER BY store_id, login",
        store_id,
    )
    return [Person(*row) for row in rows]


def _terms_of(model: Any) -> tuple[Any, ...]:
    if model is None:
        return dict(FIRST_STRUCTURE), 0, 0, 10_000, None, FIRST_CASH_STEP_CENTS, FIRST_GRID_STEP_CENTS
    names = (
        *("standard_markup_bp", "npv_floor_cents", "product_cost_share_bp", "markup_cap_bp"),
        *("cash_step_cents", "grid_step_cents"),
    )
    return model["default_structure"], *(model[name] for name in names)


def _check_password(password: str, login: str) -> None:
    fault = password_fault(password, login)
    if fault is not None:
        raise StaffError("password", fault)


def _check_amount(field: str, cents: object, least: int, most: int) -> None:
    if isinstance(cents, int) and not least <= cents <= most:
        raise StaffError(field, f"expected {least} to {most}")


def _check_name(name: str) -> None:
    check_line("name", name)


def check_line(field: str, text: str) -> None:
    """Raise StaffError unless ``text`` is one line of visible characters, short enough to be listed."""
    if len(text.encode(errors="surrogatepass")) > MAX_NAME_BYTES:
        raise StaffError(field, f"expected at most {MAX_NAME_BYTES} bytes")
    _check_seen(field, text)


def _check_seen(field: str, text: str) -> None:
    if not re.match(ONE_LINE, text):
        raise StaffError(field, "expected one line without control or invisible characters")


def _require_one(done: str, login: str) -> None:
    if done != "UPDATE 1":
        raise StaffError("login", f"there is no user {login}")


_EXPECTED: Final = {
    "users_login_check": ("login", "expected lowercase letters, digits and . _ @ -, at most 63 characters"),
    "users_name_check": ("name", "expected at least one character"),
    "stores_store_id_check": (
        "store",
        "expected lowercase letters, digits and -, at most 63 characters, a letter first",
    ),
    "store_groups_group_id_check": (
        "group",
        "expected lowercase letters, digits and -, at most 63 characters, a letter first",
    ),
    "stores_state_check": ("state", "expected two capital letters, such as OH"),
    "stores_name_check": ("name", "expected at least one character"),
}


def _fault(error: asyncpg.CheckViolationError) -> tuple[str, str]:
    return _EXPECTED.get(error.constraint_name or "", ("value", str(error)))
