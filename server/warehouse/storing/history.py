"""Loans and payments: checked row by row, and written to the files of the history, never to Postgres.

A page's batch is named after the place where it begins, so that a page which is read again replaces its file.
Rows of the overlap are written again, to another batch, and counted as unchanged.
"""

import datetime as dt
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg

from server.database.importing.flaws import Flaw, FlawKind
from server.history.aggregates.files import LOAN_COLUMNS, PAYMENT_COLUMNS, STATUSES, HistoryFiles
from server.warehouse.fields import HISTORY_FIELDS, What
from server.warehouse.layout import Table
from server.warehouse.reading.keyset import KEY, NEWEST, Position, moment_of
from server.warehouse.rejects import REJECTED, Reject
from server.warehouse.storing.storing import Advance, Stored

_MAY_LACK: Final = frozenset({"tier", "pti_bp", "value_cents", "days_past_due", "recovery_cents"})
"""What a row may leave open."""

LONGEST_TEXT: Final = 200
MOST: Final = {"BIGINT": 2**63 - 1, "INTEGER": 2**31 - 1}


class HistoryStoring:
    """Writes pages of loans or payments below ``folder``; not in a ``dry`` run. Rows before ``known_to`` were
    read by an earlier run.
    """

    def __init__(
        self,
        database: asyncpg.Connection,
        table: Table,
        folder: Path,
        *,
        known_to: dt.datetime | None,
        dry: bool,
    ) -> None:
        self._database = database
        self._known_to = known_to
        self._what = table.what
        self._constants = table.mapped.constants
        self._files = None if dry else HistoryFiles(folder)
        if self._files is not None:
            self._files.sweep()
        columns = LOAN_COLUMNS if table.what is What.LOANS else PAYMENT_COLUMNS
        self._reads = [(name, *read_of(name, columns[name])) for name in HISTORY_FIELDS[table.what]]

    async def store(self, rows: Sequence[Any], begins: str, advance: Advance) -> Stored:
        """Write a page to its files, then note that in the database: a break between them writes it again."""
        done = Stored()
        done.tally.read = len(rows)
        good = [one for row in rows if (one := self._judge(row, done)) is not None]
        if self._files is not None and rows:
            write = self._files.write_loans if self._what is What.LOANS else self._files.write_payments
            # Without any good row the batch is written too: what it held before is gone.
            write(begins, good)
        async with self._database.transaction():
            await advance(self._database, done.tally)
        return done

    def _judge(self, row: Any, done: Stored) -> tuple[Any, ...] | None:
        cells: list[Any] = []
        for name, read, may_lack in self._reads:
            text = self._constants[name] if name in self._constants else row[name]
            try:
                if text is None or text == "":
                    if not may_lack:
                        raise ValueError("is missing")
                    cells.append(None)
                else:
                    cells.append(read(text))
            except ValueError as error:
                kind = FlawKind.UNREADABLE if text else FlawKind.MISSING
                done.tally.rejected += 1
                done.rejects.append(Reject(row[KEY], REJECTED, [Flaw(kind, f"{name}: {error}")]))
                return None
        at = moment_of(row[NEWEST])
        is_new = self._known_to is None or at >= self._known_to
        done.tally.added += is_new
        done.tally.unchanged += not is_new
        cells.append(at.isoformat())
        return tuple(cells)


def batch_name(position: Position) -> str:
    """Return the name of the batch that begins after a position."""
    stamp = position.at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S%f")
    if position.id is None:
        return stamp
    return f"{stamp}-{hashlib.sha256(position.id.encode()).hexdigest()[:16]}"


def read_of(name: str, kind: str) -> tuple[Callable[[str], Any], bool]:
    """Return how a column's texts are read, which raises ValueError, and whether it may lack one."""
    reads: Mapping[str, Callable[[str], Any]] = {
        "VARCHAR": _status if name == "status" else _text,
        "DATE": _date,
        "BIGINT": _whole(MOST["BIGINT"]),
        "INTEGER": _whole(MOST["INTEGER"]),
        "DOUBLE": _number,
    }
    return reads[kind], name in _MAY_LACK


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT or "\0" in text:
        raise ValueError(f"expected at most {LONGEST_TEXT} characters, found {len(text):,}")
    return text


def _status(text: str) -> str:
    if text not in STATUSES:
        raise ValueError(f"expected one of {', '.join(STATUSES)}, found {text[:40]!r}")
    return text


def _date(text: str) -> str:
    try:
        dt.date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"expected a date such as 2026-01-31, found {text[:40]!r}") from None
    return text[:10]


def _whole(most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            raise ValueError(f"expected a whole number, found {text[:40]!r}") from None
        if abs(found) > most:
            raise ValueError(f"expected at most {most:,}, found {text[:40]}")
        return found

    return read


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"expected a number, found {text[:40]!r}")
    return found
