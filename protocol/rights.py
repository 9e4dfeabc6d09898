"""What people may do: each right, the scope that a token needs for it, and the roles that have it."""

from enum import StrEnum
from typing import Final

from protocol.records import Role


class TokenScope(StrEnum):
    """What a credential may be used for, within the rights of its owner's role.

    ``load`` is for load testers: 2,000 channels on a connection, and joins are not counted.
    """

    READ = "read"
    WRITE = "write"
    DECIDE = "decide"
    LOAD = "load"


class Right(StrEnum):
    """Something that a role may do. A credential needs ``scope`` to use this right of its owner."""

    scope: TokenScope

    def __new__(cls, name: str, scope: TokenScope) -> "Right":
        right = str.__new__(cls, name)
        right._value_ = name
        right.scope = scope
        return right

    WATCH = "watch", TokenScope.READ
    WALL = "wall", TokenScope.READ
    SEE_COST = "see_cost", TokenScope.READ
    SEARCH = "search", TokenScope.WRITE
    TERMS = "terms", TokenScope.WRITE
    RATE = "rate", TokenScope.WRITE
    PRICE = "price", TokenScope.WRITE
    SELECT = "select", TokenScope.WRITE
    HOLD = "hold", TokenScope.WRITE
    NOTE = "note", TokenScope.WRITE
    SUBMIT = "submit", TokenScope.WRITE
    APPRAISAL = "appraisal", TokenScope.WRITE
    REOPEN = "reopen", TokenScope.WRITE
    LOSE = "lose", TokenScope.WRITE
    ACCEPT = "accept", TokenScope.WRITE
    LIKE = "like", TokenScope.WRITE
    COUNTER = "counter", TokenScope.DECIDE
    APPROVE = "approve", TokenScope.DECIDE
    DECLINE = "decline", TokenScope.DECIDE
    SIGN = "sign", TokenScope.DECIDE
    DELIVER = "deliver", TokenScope.DECIDE
    FUND = "fund", TokenScope.DECIDE
    UNWIND = "unwind", TokenScope.DECIDE
    LENDER = "lender", TokenScope.DECIDE
    LOCK = "lock", TokenScope.DECIDE
    TASK = "task", TokenScope.DECIDE
    ASSIGN = "assign", TokenScope.DECIDE


_SELLING: Final = (
    *(Right.WATCH, Right.SEARCH, Right.TERMS, Right.SELECT, Right.HOLD, Right.NOTE, Right.SUBMIT),
    *(Right.REOPEN, Right.SIGN, Right.LOSE, Right.DELIVER, Right.APPRAISAL, Right.ACCEPT),
    Right.LIKE,
)
RIGHTS: Final = {
    Role.SALESPERSON: _SELLING,
    Role.DESK_MANAGER: (
        *_SELLING,
        *(Right.WALL, Right.SEE_COST, Right.RATE, Right.PRICE, Right.COUNTER, Right.APPROVE, Right.DECLINE),
        *(Right.LOCK, Right.LENDER, Right.FUND, Right.UNWIND, Right.TASK, Right.ASSIGN),
    ),
    Role.OPERATOR: (Right.WATCH, Right.SEARCH, Right.WALL, Right.SEE_COST, Right.NOTE),
    Role.CUSTOMER: (Right.WATCH, Right.LIKE),
}
"""The rights of each role, as ``welcome.user.rights`` lists them. An operator has no rights on deals, and a
customer uses theirs with ``CUSTOMER_COMMANDS`` only, on the deal of the link.
"""
SELLERS: Final = tuple(role for role in Role if Right.SUBMIT in RIGHTS[role])
"""The roles of people who have deals of their own."""

STAFF: Final = tuple(role for role in Role if role is not Role.CUSTOMER)
"""The roles that an account may have."""
