"""What a migration waits for: who holds the locks that it needs, told while it waits."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

LOOK_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 10.0

Say = Callable[[str], None]

# A session of a role that we may not look into has no state and no age.
_HOLDERS: Final = """
SELECT DISTINCT h.pid, coalesce(h.application_name, '') AS program, coalesce(h.usename, '') AS user,
       coalesce(h.state, 'unknown') AS state,
       coalesce(extract(epoch FROM clock_timestamp() - h.xact_start), 0)::int AS seconds,
       coalesce((SELECT string_agg(DISTINCT l.relation::regclass::text, ', ') FROM pg_locks l
                  WHERE l.pid = w.pid AND NOT l.granted AND l.relation IS NOT NULL), 'older transactions')
         AS awaited
  FROM pg_stat_activity w
 CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS b (pid)
  JOIN pg_stat_activity h ON h.pid = b.pid
 WHERE w.application_name = $1 AND w.datname = current_database()
 ORDER BY h.pid
"""


@asynccontextmanager
async def telling_what_it_waits_for(
    database: asyncpg.Connection, program: str, say: Say
) -> AsyncIterator[None]:
    """Tell ``say`` who keeps ``program`` from its locks, as soon as that changes and every ten seconds.

    ``database`` is a session beside it, which nothing else uses meanwhile.
    """
    looking = asyncio.create_task(_look(database, program, say), name="what a migration waits for")
    try:
        yield
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


async def _look(database: asyncpg.Connection, program: str, say: Say) -> None:
    told: tuple[tuple[int, str], ...] = ()
    told_at, clock = 0.0, asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        found = await database.fetch(_HOLDERS, program)
        holders = tuple((row["pid"], row["awaited"]) for row in found)
        if holders and (holders != told or clock() - told_at > AGAIN_SECONDS):
            for row in found:
                name = " ".join(filter(None, (row["program"], row["user"])))
                say(
                    f"waits for {row['awaited']}: process {row['pid']} ({name}) has it,"
                    f" {row['state']}, in a transaction of {row['seconds']} s"
                )
            told_at = clock()
        told = holders
