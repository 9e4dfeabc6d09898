"""Storing a risk model that was calibrated from a history, with what it was made from."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from protocol.money.lending import RiskCurve
from server.database.editions.writing import RISK, Edition, begun_on, is_stored, store_version
from server.errors import UNUSABLE_INPUT, UserError


class EditionTaken(UserError):
    """The version's name or its first day is that of another risk model; nothing was stored."""

    exit_code = UNUSABLE_INPUT

    def __init__(self, option: str, expected: str) -> None:
        super().__init__(option, expected)
        self.option = option
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.option}: expected {self.expected}; nothing was stored"


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a calibrated model was made from; ``replaces`` is the older version, ``bands`` go in as JSON.

    ``payments`` are the rows of its months' files, ``loans`` those of the loans' files that can be used.
    """

    replaces: str
    made_by: str
    software_version: str
    as_of: dt.date
    first_month: str
    last_month: str
    payments: int
    loans: int
    bands: Sequence[dict[str, Any]]


async def check_free(database: asyncpg.Connection, edition: Edition) -> None:
    """Raise EditionTaken if another risk model has the name or the first day."""
    if await is_stored(database, RISK, edition.version):
        raise EditionTaken("--version", f"a name that no other risk model has, not {edition.version}")
    taken = await begun_on(database, RISK, edition.effective_from)
    if taken is not None:
        raise EditionTaken(
            "--effective",
            f"a day on which no other risk model begins: {taken} begins {edition.effective_from}",
        )


async def followed_by(database: asyncpg.Connection, day: dt.date) -> tuple[str, dt.date] | None:
    """Return the next risk model that begins after a day, and its first day; none if there is none."""
    row = await database.fetchrow(
        "SELECT risk_version, effective_from FROM risk_models WHERE effective_from > $1"
        " ORDER BY effective_from LIMIT 1",
        day,
    )
    return None if row is None else (row["risk_version"], row["effective_from"])


async def store_calibration(
    database: asyncpg.Connection, edition: Edition, curves: Sequence[RiskCurve], made_from: Calibration
) -> None:
    """Store the model and what it was made from, both or neither.

    Raises EditionTaken, also if another model than the one that it was compared with is in force by now.
    """
    async with database.transaction():
        await database.execute(f"LOCK TABLE {RISK.head} IN SHARE ROW EXCLUSIVE MODE")
        await check_free(database, edition)
        await _check_replaced(database, edition, made_from.replaces)
        await store_version(database, RISK, edition, curves)
        await database.execute(
            "INSERT INTO calibrations (risk_version, replaces, made_by, software_version, as_of, first_month,"
            " last_month, payments, loans, bands) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            edition.version,
            made_from.replaces,
            made_from.made_by,
            made_from.software_version,
            made_from.as_of,
            made_from.first_month,
            made_from.last_month,
            made_from.payments,
            made_from.loans,
            list(made_from.bands),
        )


async def _check_replaced(database: asyncpg.Connection, edition: Edition, replaces: str) -> None:
    now = await database.fetchval(
        "SELECT risk_version FROM risk_models WHERE effective_from <= $1"
        " ORDER BY effective_from DESC LIMIT 1",
        edition.effective_from,
    )
    if now != replaces:
        raise EditionTaken(
            "--effective",
            f"a day on which {replaces} is in force, with which the new model was compared, but now that is"
            f" {now}: calibrate again",
        )
