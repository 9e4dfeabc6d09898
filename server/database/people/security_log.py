"""Writes security events: each one to the log at once, and in batches to the table that managers list.

The caller does not wait, except for an export, which waits for its row. During an outage of PostgreSQL
refusals continue. Rows wait up to a bound; beyond it they are dropped and counted in a row about lost events.
"""

import asyncio
import dataclasses
import datetime as dt
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

import asyncpg
import structlog

from server.database.core.scope import StoreScopes, everything
from server.database.people.security_events import (
    REFUSALS,
    CountedEvent,
    SecurityEvent,
    SecurityKind,
    add_events,
    digest_of,
    owners_of_logins,
)
from server.database.people.security_tally import Tally
from server.observe.attending import well_formed
from server.observe.failing import POSTGRES_FAILS

FLUSH_SECONDS: Final = 1.0
WRITE_SECONDS: Final = 5.0
MOST_WAITING: Final = 10_000
"""The most rows that wait for PostgreSQL in a process; beyond it, refusals are dropped first."""


LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")


class SecurityLog:
    """Collects the events of one process. ``secret`` keys the digests of unknown logins."""

    def __init__(
        self, pool: asyncpg.Pool, secret: bytes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stores = StoreScopes(pool)
        # As the application's role, without a store's scope.
        self._unplaced = everything(pool)
        self._secret = secret
        self._clock = clock
        self._tally = Tally()
        self._waiting: list[CountedEvent] = []
        self._lost: Counter[SecurityKind] = Counter()
        self._logger = structlog.get_logger("security")
        self._writing = asyncio.Lock()

    def digest(self, login: str) -> str:
        """Return the digest of an unknown login: equal for equal logins, and it reveals nothing else."""
        return digest_of(self._secret, login)

    def note(self, event: SecurityEvent) -> None:
        """Take an event and return at once."""
        self._keep(self._tally.add(self._marked(event), self._clock()))

    async def record(self, event: SecurityEvent) -> None:
        """Take an event, and return when its row is written. Raises what asyncpg raises, and TimeoutError."""
        counted = CountedEvent(event, 1, event.at)
        self._log(counted)
        async with asyncio.timeout(WRITE_SECONDS):
            await self._write(event.store_id, [counted])

    async def run(self) -> None:
        """Write the collected events every second until cancelled; what cannot be written waits."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except POSTGRES_FAILS as error:
                self._logger.warning("security_events_wait", rows=len(self._waiting), error=error)

    async def flush(self, *, ended: bool = False) -> None:
        """Write the waiting events; with ``ended`` also those that are still being counted. Raises what
        asyncpg raises.
        """
        self._keep(self._tally.close() if ended else self._tally.over(self._clock()))
        async with self._writing, asyncio.timeout(WRITE_SECONDS):
            taken, self._waiting = self._waiting, []
            try:
                taken = await self._placed(taken)
                # A store's batch is one transaction, so nothing is written twice.
                for store_id in dict.fromkeys(each.event.store_id for each in taken):
                    await self._write(store_id, [each for each in taken if each.event.store_id == store_id])
                    taken = [each for each in taken if each.event.store_id != store_id]
            finally:
                self._waiting = taken + self._waiting
            await self._write_losses()

    async def aclose(self) -> None:
        """Write the remaining events if possible."""
        try:
            await self.flush(ended=True)
        except POSTGRES_FAILS as error:
            self._logger.error("security_events_lost", rows=len(self._waiting), error=error)

    def _marked(self, event: SecurityEvent) -> SecurityEvent:
        """Return an event with the digest of the typed login, and without text that cannot be a login."""
        typed = event.typed_login
        if not typed:
            return event
        known = typed if LOGIN.fullmatch(typed) else ""
        return dataclasses.replace(event, typed_login=known, login_digest=self.digest(typed))

    def _log(self, counted: CountedEvent) -> None:
        event = counted.event
        fields = {
            "count": counted.count,
            "store": event.store_id,
            "user": event.user_id,
            "login_digest": event.login_digest,
            "address_digest": self.digest(event.address) if event.address else "",
            "connection_id": event.connection_id,
            "deal": well_formed(event.deal_id),
            "customers": list(event.customer_ids),
            **event.detail,
        }
        self._logger.info(event.kind.value, **{name: value for name, value in fields.items() if value})

    def _keep(self, rows: Sequence[CountedEvent]) -> None:
        for counted in rows:
            self._log(counted)
        self._waiting += rows
        over = len(self._waiting) - MOST_WAITING
        if over <= 0:
            return
        # Refusals first; of the rest the oldest.
        refusals = (place for place, each in enumerate(self._waiting) if each.event.kind in REFUSALS)
        doomed = set(islice(refusals, over))
        oldest = (place for place in range(len(self._waiting)) if place not in doomed)
        doomed = doomed | set(islice(oldest, over - len(doomed)))
        for place in doomed:
            self._lost[self._waiting[place].event.kind] += self._waiting[place].count
        self._waiting = [each for place, each in enumerate(self._waiting) if place not in doomed]
        self._logger.error("security_events_lost", rows=over)

    async def _write_losses(self) -> None:
        lost, now = self._lost.copy(), dt.datetime.now(dt.UTC)
        if lost:
            kinds = {str(kind): count for kind, count in lost.items()}
            event = SecurityEvent(SecurityKind.EVENTS_LOST, now, detail=kinds)
            await self._write(None, [CountedEvent(event, lost.total(), now)])
            self._lost -= lost

    async def _placed(self, rows: Sequence[CountedEvent]) -> list[CountedEvent]:
        """Return the rows with login, person and store if the typed login exists."""
        typed = sorted({each.event.typed_login for each in rows if each.event.typed_login})
        if not typed:
            return list(rows)
        async with self._unplaced.acquire() as database:
            owners = await owners_of_logins(database, typed)
        return [
            dataclasses.replace(each, event=_placed(each.event, owners.get(each.event.typed_login)))
            for each in rows
        ]

    async def _write(self, store_id: str | None, rows: Sequence[CountedEvent]) -> None:
        scope = self._unplaced if store_id is None else self._stores.of(store_id)
        async with scope.acquire() as database:
            await add_events(database, rows)


def _placed(event: SecurityEvent, owner: tuple[str, str] | None) -> SecurityEvent:
    if owner is None:
        return dataclasses.replace(event, typed_login="")
    user_id, store_id = owner
    return dataclasses.replace(
        event,
        login=event.typed_login,
        typed_login="",
        login_digest="",
        user_id=user_id,
        store_id=store_id,
    )
