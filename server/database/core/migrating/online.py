"""Revisions that run while people work: their files end with ``.online.sql``.

Each step is a statement by itself, outside a transaction, under a line ``-- step: NAME``. A migration that
was interrupted runs all steps again, so each must do nothing if it is done:

- ``CREATE INDEX CONCURRENTLY IF NOT EXISTS``: an invalid index that an interrupted one left is dropped first.
- ``-- step: NAME, repeated``: a statement that changes some rows, until it changes none. It stands for a
  change of many rows, a batch at a time, so that nobody waits for all of them.
- Whatever else may be repeated. ``VALIDATE CONSTRAINT`` needs no such file: it keeps nobody out.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import asyncpg

ONLINE: Final = ".online.sql"
LOCK_TIMEOUT: Final = "1s"
STATEMENT_TIMEOUT: Final = "15min"
PAUSE_SECONDS: Final = 0.02
"""Between two batches, for others and for replicas."""

_STEP: Final = re.compile(r"^-- step: ([^,\n]+)(, repeated)?$", re.MULTILINE)
_INDEX: Final = re.compile(
    r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+IF\s+NOT\s+EXISTS\s+(\w+)", re.IGNORECASE
)

_CONCURRENTLY: Final = re.compile(r"CREATE\s+(?:UNIQUE\s+)?INDEX", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """A statement of an online revision."""

    name: str
    statement: str
    repeated: bool

    @property
    def index(self) -> str | None:
        """The index that it builds beside what people do; None if it builds none."""
        found = _INDEX.search(self.statement)
        return None if found is None else found[1]


def steps_of(text: str) -> Iterator[Step]:
    """Yield the steps of a file. Raises ValueError for a file without one, and for an index that could not be
    found again after an interruption.
    """
    marks = list(_STEP.finditer(text))
    if not marks:
        raise ValueError("an online revision needs lines like `-- step: NAME`")
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        step = Step(mark[1].strip(), text[mark.end() : end].strip(), mark[2] is not None)
        if step.index is None and _CONCURRENTLY.search(step.statement):
            raise ValueError(f"step {step.name}: an index must be created `CONCURRENTLY IF NOT EXISTS name`")
        yield step


async def run_online(database: asyncpg.Connection, text: str) -> None:
    """Run the steps of a file. Raises what asyncpg raises; then it can be run again."""
    for step in steps_of(text):
        # What builds an index waits for older transactions, but nobody waits behind it.
        building = step.index is not None
        await _set(database, lock_timeout="0" if building else LOCK_TIMEOUT)
        await _set(database, statement_timeout="0" if building else STATEMENT_TIMEOUT)
        if step.index is not None:
            await _drop_invalid(database, step.index)
        while _changed(await database.execute(step.statement)) and step.repeated:  # noqa: ASYNC110 - batches
            await asyncio.sleep(PAUSE_SECONDS)


async def _set(database: asyncpg.Connection, **settings: str) -> None:
    for name, value in settings.items():
        await database.execute("SELECT set_config($1, $2, false)", name, value)


async def _drop_invalid(database: asyncpg.Connection, index: str) -> None:
    invalid = await database.fetchval(
        "SELECT c.oid::regclass::text FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid"
        " WHERE c.relname = $1 AND c.relnamespace = current_schema()::regnamespace AND NOT x.indisvalid",
        index,
    )
    if invalid is not None:
        await database.execute(f"DROP INDEX CONCURRENTLY {invalid}")


def _changed(status: str) -> int:
    """Return how many rows a statement changed, by what Postgres says of it."""
    count = status.rpartition(" ")[2]
    return int(count) if count.isdecimal() else 0
