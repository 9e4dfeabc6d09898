"""An examination: every probe at its time, with a deadline, and the verdicts on what they found.

It has three steps, so that nothing it does itself is measured: connect; round trips, with nothing else going
on; then all other probes. Each step ends in time also if a dependency hangs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
from redis.asyncio import Redis

from server.clock import utc_now
from server.doctor.catalogue import expected_indexes
from server.doctor.hot_queries import hot_queries
from server.doctor.judging import clock_of, judge
from server.doctor.probes import postgres, processes, replicas
from server.doctor.probes import redis as servers
from server.doctor.probes.deadline import CONNECT_SECONDS, PROBE_SECONDS, Unknown, within
from server.doctor.probes.pings import MOST_SECONDS, PINGS, ping
from server.doctor.probes.plans import read_place, read_plans, today_utc
from server.doctor.report import Measured, Report, report_of
from server.doctor.scripts import script_names
from server.doctor.subjects.clocks import Clock
from server.doctor.subjects.indexes import Index
from server.doctor.subjects.latency import away
from server.doctor.subjects.plans import Plan
from server.doctor.subjects.pools import demand_of
from server.doctor.subjects.processes import ProcessFacts
from server.doctor.verdicts import Severity, Verdict
from server.settings import Settings

WINDOW_SECONDS: Final = 1.0
ANALYZE_SECONDS: Final = 30.0
MOST_PROCESSES: Final = 32

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Options:
    """``analyze`` also runs the hot queries. ``window_seconds`` lie between two looks at what is counted,
    ``patience_seconds`` are what a service or a process may take to answer at all, ``probe_seconds`` what one
    probe may take.

    ``embedded_in`` is the folder of embedded services, if there are any.
    """

    analyze: bool = False
    window_seconds: float = WINDOW_SECONDS
    patience_seconds: float = CONNECT_SECONDS
    probe_seconds: float = PROBE_SECONDS
    pings: int = PINGS
    embedded_in: Path | None = None


async def examine(settings: Settings, options: Options) -> Report:
    """Return the report on an installation. Whatever is away or hangs is a finding in it."""
    at, began = utc_now(), time.monotonic()
    async with AsyncExitStack() as stack:
        examination = _Examination(settings, options, stack)
        await examination.run()
    verdicts = [
        *examination.verdicts,
        *judge(examination.measured(), expected=expected_indexes(), present=examination.indexes),
    ]
    return report_of(
        verdicts,
        examination.measured(),
        at=at,
        seconds=time.monotonic() - began,
        unseen=examination.unseen,
    )


@dataclass(slots=True)
class _Examination:
    settings: Settings
    options: Options
    stack: AsyncExitStack
    verdicts: list[Verdict] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)
    clocks: list[Clock] = field(default_factory=list)
    indexes: dict[str, Index] | None = None
    redis: list[servers.Server] = field(default_factory=list)

    def measured(self) -> Measured:
        return Measured(
            **self.found,
            clocks=tuple(self.clocks),
            indexes=None if self.indexes is None else len(self.indexes),
        )

    async def run(self) -> None:
        owner, application, redis = await self._connect()
        await self._ping(application)
        await asyncio.gather(
            self._look_at_redis(redis),
            self._look_at_postgres(owner, application),
            self._look_at_replicas(),
            self._look_at_processes(),
        )
        self._sum_up()

    async def _connect(
        self,
    ) -> tuple[asyncpg.Connection | None, asyncpg.Connection | None, Redis | None]:
        settings, redis = self.settings, servers.open_redis(self.settings)
        patience, direct = self.options.patience_seconds, postgres.direct_url(settings)
        self.stack.push_async_callback(redis.aclose)
        owner, application, answer = await asyncio.gather(
            within(patience, self._session(settings.database_owner_url, postgres.SESSION)),
            within(patience, self._session(direct, postgres.application_session(settings))),
            within(patience, servers.reach(redis)),
        )
        if isinstance(answer, Unknown):
            self.verdicts.append(away("redis", answer.reason, self._remedy("REDIS_URL", answer)))
        else:
            self.redis, silent = answer
            remedy = "Start it, or let its replica take over (`redis-cli --cluster check`)."
            self.verdicts += [away("redis", reason, remedy, node) for node, reason in silent.items()]
        if isinstance(application, Unknown):
            self.verdicts.append(
                away("postgres", application.reason, self._remedy("DATABASE_URL", application))
            )
        elif isinstance(owner, Unknown):
            self.unseen.append(f"what only the schema's owner sees: {owner.reason}")
        return (
            None if isinstance(owner, Unknown) else owner,
            None if isinstance(application, Unknown) else application,
            None if isinstance(answer, Unknown) else redis,
        )

    async def _session(self, url: str, settings: Mapping[str, str]) -> asyncpg.Connection:
        return await self.stack.enter_async_context(postgres.looking(url, settings))

    def _remedy(self, variable: str, missed: Unknown) -> str:
        folder = self.options.embedded_in
        if missed.is_late:
            where = f"its log in {folder / 'log'}" if folder else "its log"
            return (
                f"Look at {where} and at its machine: is it stopped, out of memory, or waiting for its disk?"
            )
        if folder is None:
            return f"See that it runs, and that {variable} names it as this machine reaches it."
        return (
            f"Start it with the rest: `deal-architect up --data-dir {folder}`. If `up` runs, stop it first;"
            f" its logs are in {folder / 'log'}."
        )

    async def _ping(self, database: asyncpg.Connection | None) -> None:
        async def of(service: str, ask: Callable[[], Awaitable[Any]]) -> None:
            latency = await within(
                MOST_SECONDS + CONNECT_SECONDS, ping(ask, count=self.options.pings, seconds=MOST_SECONDS)
            )
            self._keep(f"{service}_latency", latency, f"{service}'s round trips")

        asked = []
        if self.redis:
            asked.append(of("redis", lambda: servers.ping_all(self.redis)))
        if database is not None:
            statement = await within(CONNECT_SECONDS, database.prepare("SELECT 1"))
            if not isinstance(statement, Unknown):
                asked.append(of("postgres", statement.fetchval))
        await asyncio.gather(*asked)

    async def _look_at_redis(self, redis: Redis | None) -> None:
        if redis is None:
            return
        seconds = self.options.probe_seconds + self.options.window_seconds
        first, *others = self.redis
        scripts, window = script_names(), self.options.window_seconds
        facts, others_facts, queue, clock = await asyncio.gather(
            within(seconds, servers.read_redis(first[1], scripts, window, first[0])),
            asyncio.gather(
                *(within(seconds, servers.read_redis(node, scripts, window, name)) for name, node in others)
            ),
            within(self.options.probe_seconds, servers.read_queue(redis, self.settings.job_lease_ms)),
            within(self.options.probe_seconds, servers.read_redis_clock(first[1])),
        )
        self._keep("redis", facts, "Redis's state")
        for (name, _), seen in zip(others, others_facts, strict=True):
            self._keep(f"redis {name}", seen, f"the state of {name}")
        found = (self.found.pop(f"redis {name}", None) for name, _ in others)
        self.found["redis_nodes"] = tuple(node for node in found if node is not None)
        self._keep("queue", queue, "the queue")
        self._keep_clock(clock, "Redis's clock")

    async def _look_at_postgres(
        self, owner: asyncpg.Connection | None, application: asyncpg.Connection | None
    ) -> None:
        database = owner or application
        if database is None:
            return
        steps: tuple[tuple[str, str, Callable[[], Awaitable[Any]]], ...] = (
            ("clock", "Postgres's clock", lambda: postgres.read_postgres_clock(database)),
            ("transactions", "open transactions", lambda: postgres.read_transactions(database)),
            ("postgres", "Postgres's state", lambda: postgres.read_postgres(database, application)),
            ("tables", "the statistics", lambda: postgres.read_tables(database)),
            ("indexes", "the indexes", lambda: postgres.read_indexes(database)),
            ("folder", "the folder of Postgres", lambda: postgres.read_folder(database)),
        )
        for name, what, step in steps:
            seen = await within(self.options.probe_seconds, step())
            if name == "clock":
                self._keep_clock(seen, what)
            elif name == "indexes" and not isinstance(seen, Unknown):
                self.indexes = seen
            elif isinstance(seen, list):
                self._keep(name, tuple(seen), what)
            else:
                self._keep(name, seen, what)
            if isinstance(seen, Unknown) and database.is_closed():
                return
        if application is not None:
            seconds = ANALYZE_SECONDS if self.options.analyze else self.options.probe_seconds
            self._keep("plans", await within(seconds, self._plans(database, application)), "the plans")

    async def _plans(self, owner: asyncpg.Connection, application: asyncpg.Connection) -> tuple[Plan, ...]:
        place = await read_place(owner)
        if place is None:
            self.unseen.append("the plans: there is no store yet, or this role sees none")
            return ()
        queries = await hot_queries(place, today_utc())
        return tuple(await read_plans(queries, place, application, owner, analyze=self.options.analyze))

    async def _look_at_replicas(self) -> None:
        if self.settings.database_search_urls:
            self.found["replicas"] = await replicas.read_replicas(
                self.settings, self.options.patience_seconds, self.options.probe_seconds
            )

    async def _look_at_processes(self) -> None:
        places, patience = processes.places_of(self.settings.data_dir), self.options.patience_seconds
        if not places:
            self.unseen.append(f"our processes: {processes.why_none(self.settings.data_dir)}")
        if len(places) > MOST_PROCESSES:
            self.unseen.append(f"{len(places) - MOST_PROCESSES} of {len(places)} processes of this machine")
        with ThreadPoolExecutor(MOST_PROCESSES, thread_name_prefix="look") as threads:
            first = await processes.look_at(places[:MOST_PROCESSES], threads, patience)
            await asyncio.sleep(self.options.window_seconds)
            second = await processes.look_at(
                [look.place for look in first if look.vitals is not None], threads, patience
            )
        seen = processes.facts_of(first, second)
        self.found["processes"] = tuple(seen)
        self.clocks += [clock for process in seen if (clock := clock_of(process)) is not None]

    def _sum_up(self) -> None:
        seen: Mapping[str, Any] = self.found
        state, queue = seen.get("postgres"), seen.get("queue")
        own: tuple[ProcessFacts, ...] = seen.get("processes", ())
        self.found["demand"] = demand_of(
            own,
            pool_max=self.settings.pool_max,
            listeners=None if state is None else state.connections.listeners,
            workers_alive=None if queue is None else queue.workers_alive,
        )
        folder = self.found.pop("folder", None)
        self.found["disks"] = tuple(processes.disks_of(self.settings, folder))
        if folder is None and self.options.embedded_in is None and state is not None:
            self.unseen.append("the disk of Postgres: another machine's, or not this role's to see")

    def _keep(self, name: str, seen: Any, what: str) -> None:
        if isinstance(seen, Unknown):
            self._miss(seen, what)
        elif seen is not None:
            self.found[name] = seen

    def _keep_clock(self, seen: Clock | Unknown, what: str) -> None:
        if isinstance(seen, Unknown):
            self._miss(seen, what)
        else:
            self.clocks.append(seen)

    def _miss(self, missed: Unknown, what: str) -> None:
        self.unseen.append(f"{what}: {missed.reason}")
        self.verdicts.append(
            Verdict(
                check="look.partial",
                severity=Severity.WARNING,
                about=what,
                says=f"{what} could not be seen: {missed.reason}",
                remedy="Run the doctor again. If it stays, what it asks hangs, or this role may not ask it.",
                explained_by=("redis.away", "postgres.away", "schema.old", "locks.held"),
            )
        )
