"""The doctor beside real processes: what was broken on purpose is the first thing that it names."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import jsonschema_rs
import msgspec
import pytest
from msgspec import structs
from redis.asyncio import Redis as AsyncRedis

from protocol.jobs import JobPointer
from server.clock import utc_now
from server.doctor.catalogue import catalogue_text, expected_indexes
from server.doctor.examination import Options, examine
from server.doctor.hot_queries import IN_FUNCTIONS
from server.doctor.probes.postgres import looking, read_indexes
from server.doctor.probes.redis import read_queue
from server.doctor.profiling import sampling
from server.doctor.profiling.sampling import sample, target_for
from server.doctor.profiling.stacks import costs_of
from server.doctor.redis_watch.watching import watch_redis
from server.doctor.report import Report
from server.doctor.verdicts import Severity
from server.observe.probe.asking import NoAnswer, vitals_of
from server.settings import Settings
from server.work.queue import JobQueue
from tests.doctor.generated import SCHEMA, schema_text
from tests.doctor.installation import Installation, open_installation, played, until
from tests.services import ROOT, open_folder
from tests.services.slow_proxy import slow_proxy

pytestmark = pytest.mark.flow

QUICK = Options(window_seconds=0.02, pings=5, patience_seconds=30.0, probe_seconds=30.0)
TIMED = frozenset(
    {"redis.slow", "postgres.slow", "process.blocked", "process.lag", "redis.busy", "look.partial"}
)
"""What a busy machine may cause by itself."""


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """One for all tests of the module: each mends what it broke."""
    with open_folder(in_memory=True) as folder, open_installation(folder) as made:
        yield made


@pytest.fixture
async def owner(installation: Installation) -> AsyncIterator[asyncpg.Connection]:
    """The schema's owner, who breaks and mends."""
    database = await asyncpg.connect(installation.settings.database_owner_url)
    yield database
    await database.close()


async def first(
    settings: Settings, options: Options = QUICK, *, broken: str = ""
) -> tuple[str, Severity, Report]:
    """Return the first finding's check and severity, and the whole report. What a busy machine causes is
    passed over, unless it is what was ``broken``.
    """
    report = await examine(settings, options)
    found = [each for each in report.findings if each.check not in TIMED - {broken}]
    assert found, report
    return found[0].check, found[0].severity, structs.replace(report, findings=found)


def run(installation: Installation, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``doctor`` as an operator does, beside the processes that run."""
    ours = {name for name in os.environ if name.startswith("DEAL_")} | {"DATABASE_URL", "REDIS_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        [sys.executable, "-m", "server", "doctor", "--data-dir", str(installation.folder), *words],
        cwd=ROOT,
        env=kept | {"COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_healthy_installation_has_no_fault(installation: Installation) -> None:
    """The command says so with exit code 0, in JSON of the documented shape, and without a secret."""
    done = run(installation, "--json")
    report = msgspec.json.decode(done.stdout, type=Report)

    found = {finding.check: finding for finding in report.findings if finding.check not in TIMED}
    assert {check for check, each in found.items() if each.severity is not Severity.NOTE} == set()
    assert done.returncode == report.exit_code
    if set(found) == {finding.check for finding in report.findings}:
        assert done.returncode == 0
    jsonschema_rs.validate(msgspec.json.decode(SCHEMA.read_bytes()), msgspec.json.decode(done.stdout))
    assert done.stderr == ""
    assert report.unseen == []
    assert (installation.folder / "redis.password").read_text().strip() not in done.stdout
    assert {process.kind for process in report.measured.processes} == {"web", "worker"}
    assert report.measured.queue is not None
    assert report.measured.queue.workers_alive == 1
    assert [plan.query for plan in report.measured.plans if plan.error] == []


def test_the_schema_of_the_report_is_documented() -> None:
    """Written by ``python -m tests.doctor.generated``."""
    assert SCHEMA.read_bytes() == schema_text()


async def test_the_catalogue_of_indexes_is_that_of_a_migrated_database(installation: Installation) -> None:
    """If a migration changes an index, run ``python -m tests.doctor.generated``."""
    async with looking(installation.settings.database_owner_url) as database:
        found = await read_indexes(database)

    assert catalogue_text(found) == catalogue_text(expected_indexes())


async def test_statements_inside_functions_are_those_of_the_functions(owner: asyncpg.Connection) -> None:
    """EXPLAIN does not enter a function, so the doctor repeats what is in it."""
    named = {name: name for name in ("locked_deal", "given_op", "grams", "own_group", "words", "backwards")}
    for query, (function, text) in IN_FUNCTIONS.items():
        source = " ".join(
            (await owner.fetchval("SELECT prosrc FROM pg_proc WHERE proname = $1", function)).split()
        )
        places = named | {"store": "public.scope_store()", "most": "most"}
        into = " INTO store_id, state, version, last_no, structure, salesperson_id, selected_offer,"
        assert text.format(**places, into=f"{into} fulfilment, at, agreed, proposal") in " ".join(
            source.split()
        ), query


async def test_a_dropped_index(installation: Installation, owner: asyncpg.Connection) -> None:
    """It comes before the sorts that it leaves to the searches, and the statement that makes it is given."""
    names = ("vehicles_group_by_price", "vehicles_store_by_price")
    await owner.execute(f"DROP INDEX {', '.join(names)}")
    try:
        check, severity, report = await first(installation.settings)
    finally:
        for name in names:
            await owner.execute(expected_indexes()[name].made_by)

    assert (check, severity) == ("indexes.missing", Severity.FAULT)
    assert report.findings[0].about == "vehicles"
    assert "Make it again: CREATE INDEX vehicles_" in report.findings[0].remedy
    sort = next(finding for finding in report.findings if finding.check == "plans.sort")
    assert sort.says.startswith("search by price in the store")
    assert "Sort on vehicles" in sort.says
    assert report.exit_code == 4


async def test_statistics_that_nobody_keeps(installation: Installation, owner: asyncpg.Connection) -> None:
    """Most cars changed, and autovacuum was told to stay away."""
    await owner.execute("ALTER TABLE vehicles SET (autovacuum_enabled = off)")
    await owner.execute("UPDATE vehicles SET mileage = mileage + 1")
    await owner.execute("SELECT pg_stat_force_next_flush()")
    try:
        check, severity, report = await first(installation.settings)
    finally:
        await owner.execute("ALTER TABLE vehicles RESET (autovacuum_enabled)")
        await owner.execute("VACUUM ANALYZE vehicles")

    assert (check, severity) == ("statistics.stale", Severity.FAULT)
    assert report.findings[0].remedy.startswith("ANALYZE vehicles;")


async def test_a_held_lock(installation: Installation, owner: asyncpg.Connection) -> None:
    """Its holder is named, and who waits for it, without a value of their statements."""
    other = await asyncpg.connect(installation.settings.database_owner_url)
    deal_id = await owner.fetchval("SELECT deal_id::text FROM deals LIMIT 1")
    statement = f"UPDATE deals SET structure = structure WHERE deal_id = '{deal_id}'"  # noqa: S608 - an id of ours
    waited = "SELECT bool_or(clock_timestamp() - waitstart > '500 ms') FROM pg_locks WHERE NOT granted"
    try:
        async with owner.transaction():
            await owner.execute(f"SELECT FROM deals WHERE deal_id = '{deal_id}' FOR UPDATE")
            waiting = asyncio.create_task(other.execute(statement))
            while not await owner.fetchval(waited):  # noqa: ASYNC110 - Postgres knows
                await asyncio.sleep(0.02)
            check, severity, report = await first(installation.settings)
            pid = owner.get_server_pid()
        await waiting
    finally:
        await other.close()

    assert (check, severity) == ("locks.held", Severity.FAULT)
    assert report.findings[0].about == f"pid {pid}"
    assert "UPDATE deals SET structure = structure WHERE deal_id = ?" in report.findings[0].says
    assert deal_id not in report.findings[0].says


async def test_a_slow_redis(installation: Installation, tmp_path: Path) -> None:
    """Two round trips of a search, 30 ms each."""
    with open_folder() as folder:
        proxy, target = folder / "slow.sock", installation.folder / "run" / "redis.sock"
        url = installation.settings.redis_url.replace(str(target), str(proxy))
        settings = replace(installation.settings, redis_url=url, redis_uid=None)
        async with slow_proxy(proxy, target, 0.03):
            check, severity, report = await first(settings, broken="redis.slow")

    assert (check, severity) == ("redis.slow", Severity.FAULT)
    assert report.measured.redis_latency is not None
    assert report.measured.redis_latency.p50_ms >= 30
    assert report.findings[0].share >= 0.6


@contextmanager
def configured(installation: Installation, **options: str) -> Iterator[None]:
    """Set options of Redis, and put them back."""
    with installation.redis as redis:
        before = {name: redis.config_get(name)[name] for name in options}
        for name, value in options.items():
            redis.config_set(name, value)
        try:
            yield
        finally:
            for name, value in before.items():
                redis.config_set(name, value)


async def test_a_redis_that_may_evict_and_one_that_does(installation: Installation) -> None:
    """The policy alone is a warning. Keys that are gone are a fault, before the policy."""
    with configured(installation, **{"maxmemory-policy": "allkeys-lru"}):
        report = await examine(installation.settings, QUICK)
        warned = [finding for finding in report.findings if finding.check not in TIMED]
        with installation.redis as redis:
            redis.eval(BALLAST, 0)  # made by the server, so that no client's buffer holds as much
            less = int(redis.info("memory")["used_memory"]) - 2**19
            with configured(installation, maxmemory=str(less)):
                redis.set("more", b"x")
                check, severity, evicting = await first(installation.settings)
            redis.flushdb()
            redis.config_resetstat()

    assert [(each.check, each.severity) for each in warned] == [("redis.policy", Severity.WARNING)]
    assert (check, severity) == ("redis.evicting", Severity.FAULT)
    assert "redis.policy" in [finding.check for finding in evicting.findings]


BALLAST = "for i = 1, 2000 do redis.call('SET', 'ballast:' .. i, string.rep('x', 1000)) end"
Played = Callable[[], dict[str, Any]]


def web(**more: Any) -> Played:
    """Return what a web process of this test says of itself."""
    return lambda: {"kind": "web", "pid": os.getpid(), "now": time.time()} | more


async def test_a_pool_that_does_not_suffice(installation: Installation) -> None:
    """Work waits for each of its connections."""
    asked = iter(range(1, 100))

    def vitals() -> dict[str, Any]:
        turn = next(asked)
        pool = {
            "size": 2,
            "idle": 0,
            "max": 2,
            "waiting": 3,
            "waits_total": 9 * turn,
            "wait_seconds_total": 3 * turn,
        }
        return web(pool=pool)()

    with played(installation.folder, "web", vitals):
        check, severity, report = await first(installation.settings)

    assert (check, severity) == ("pool.exhausted", Severity.FAULT)
    assert report.findings[0].about == f"web {os.getpid()}"
    assert report.findings[0].wait_ms == pytest.approx(333.3, abs=0.1)


async def test_pools_that_exceed_what_postgres_gives(installation: Installation) -> None:
    """200 connections are less than one process may ask for."""
    with played(installation.folder, "web", web(pool={"size": 2, "idle": 2, "max": 300})):
        check, severity, report = await first(installation.settings)

    assert (check, severity) == ("pool.over_limit", Severity.FAULT)
    assert report.measured.demand is not None
    assert report.measured.demand.connections > 300


async def test_a_clock_that_is_off(installation: Installation) -> None:
    """A process believes that it is a minute and a half later."""
    with played(installation.folder, "web", lambda: web()() | {"now": time.time() + 90}):
        check, severity, report = await first(installation.settings)

    assert (check, severity) == ("clock.off", Severity.FAULT)
    assert report.findings[0].about == f"web {os.getpid()}"


@asynccontextmanager
async def _blocked(installation: Installation) -> AsyncIterator[int]:
    words = [sys.executable, "-m", "tests.doctor.blocked", str(installation.folder)]
    process = await asyncio.create_subprocess_exec(*words, cwd=ROOT)

    def is_blocked() -> bool:
        try:
            own = next(place for place in installation.places() if place.pid == process.pid)
            return vitals_of(own)["loop"]["blocked_ms"] >= 500
        except (NoAnswer, StopIteration):
            return False

    try:
        await asyncio.to_thread(until, is_blocked)
        yield process.pid
    finally:
        process.kill()
        await process.wait()


async def test_a_blocked_loop(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function that blocks it is named, and a profile from within shows it. A process that is gone leaves
    no finding behind.
    """
    monkeypatch.setattr(sampling, "_find_py_spy", lambda: None)
    async with _blocked(installation) as pid:
        check, severity, report = await first(installation.settings, broken="process.blocked")
        target = await asyncio.to_thread(target_for, installation.folder, pid)
        sampled = await asyncio.to_thread(sample, target, 0.1)
    after = await examine(installation.settings, QUICK)

    assert (check, severity) == ("process.blocked", Severity.FAULT)
    assert report.findings[0].about == target.name == f"web {pid}"
    assert "sleep_in_the_loop" in report.findings[0].says
    assert costs_of(sampled.profile)[0].name == "__main__.sleep_in_the_loop"
    assert pid not in {process.pid for process in after.measured.processes}


async def test_services_that_are_away(installation: Installation) -> None:
    """Each is named first, whatever else cannot be seen because of it."""
    nowhere = str(installation.folder / "run") + "-nowhere"
    own = installation.settings
    without_redis = replace(own, redis_url=own.redis_url.replace(str(installation.folder / "run"), nowhere))
    postgres = {
        name: getattr(own, name).replace("run&port=5432", "run&port=1")
        for name in ("database_url", "database_owner_url")
    }

    check, severity, report = await first(without_redis)
    assert (check, severity, report.exit_code) == ("redis.away", Severity.FAULT, 4)
    assert report.measured.postgres is not None

    check, severity, report = await first(replace(own, **postgres))
    assert (check, severity, report.exit_code) == ("postgres.away", Severity.FAULT, 4)
    assert report.measured.redis is not None


async def test_services_that_hang(installation: Installation) -> None:
    """Both take connections and never answer: the examination ends all the same."""
    own = installation.settings
    with open_folder() as folder:
        urls = {
            "redis_url": own.redis_url.replace(str(installation.folder / "run"), str(folder)),
            "database_url": f"postgresql://deal_app@/deal?host={folder}&port=5432",
            "database_owner_url": f"postgresql://deal_owner@/deal?host={folder}&port=5432",
        }
        async with (
            slow_proxy(folder / "redis.sock", folder, None),
            slow_proxy(folder / ".s.PGSQL.5432", folder, None),
        ):
            hanging = replace(own, redis_uid=None, **urls)
            report = await examine(hanging, replace(QUICK, patience_seconds=0.2))

    assert [finding.check for finding in report.findings[:2]] == ["postgres.away", "redis.away"]
    assert all("no answer within" in finding.says for finding in report.findings[:2])
    assert all("is it stopped" in finding.remedy for finding in report.findings[:2])
    assert {process.kind for process in report.measured.processes} == {"web", "worker"}


async def test_without_a_worker(installation: Installation) -> None:
    """Another database of the same Redis: nobody works there."""
    elsewhere = installation.settings.redis_url.replace("db=0", "db=3")
    check, severity, _ = await first(replace(installation.settings, redis_url=elsewhere))

    assert (check, severity) == ("process.no_worker", Severity.FAULT)


async def test_the_doctor_cannot_write(installation: Installation) -> None:
    """Not even by accident: its sessions only read."""
    async with looking(installation.settings.database_owner_url) as database:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await database.execute("UPDATE deals SET structure = structure")


async def test_analyze_runs_what_it_explains(installation: Installation) -> None:
    """Each query but the one that locks has a time; none is asked for more than it is allowed."""
    report = await examine(installation.settings, replace(QUICK, analyze=True))

    untimed = {plan.query for plan in report.measured.plans if plan.milliseconds is None}
    assert untimed == {"a decision: the deal's row lock"}
    assert all(node.milliseconds is not None for node in report.measured.plans[0].nodes)


async def test_redis_is_watched_from_its_counters(installation: Installation) -> None:
    """What somebody asks meanwhile is in the list, with how often."""
    with installation.redis as redis:
        watching = asyncio.create_task(watch_redis(installation.settings, 0.2))
        while not watching.done():
            await asyncio.to_thread(redis.hgetall, "nothing")
        found = await watching

    asked = {each.command: each for each in found.commands}
    assert asked["HGETALL"].calls >= 1
    assert asked["HGETALL"].calls_per_second == pytest.approx(
        asked["HGETALL"].calls / found.seconds, rel=0.01
    )
    assert {"deal-architect-doctor"} <= {group.name for group in found.clients}


async def test_the_queue_is_read_without_moving_a_job(installation: Installation) -> None:
    """One job waits, one is held by a worker that does not renew its lease, one was given up."""
    elsewhere = installation.settings.redis_url.replace("db=0", "db=4")
    async with AsyncRedis.from_url(elsewhere) as redis:
        queue = JobQueue(redis, lease_ms=60_000)
        for chunk in range(3):
            await queue.put(
                JobPointer(
                    channel="deal:1",
                    search_id="s",
                    chunk=chunk,
                    store_id="east",
                    person_id="p",
                    enqueued_at=utc_now(),
                )
            )
        while (given_up := await queue.take(10)) is None:
            pass
        await queue.bury(given_up, "it failed 5 times")
        assert await queue.take(10) is not None

        first_look = await read_queue(redis, lease_ms=-1)
        second_look = await read_queue(redis, lease_ms=60_000)
        await redis.flushdb()

    assert (first_look.depth, first_look.held, first_look.expired) == (2, 1, 1)
    assert (first_look.workers_alive, first_look.workers_gone) == (1, 0)
    assert (first_look.dead_letters, first_look.last_dead_reason) == (1, "it failed 5 times")
    assert first_look.last_dead_seconds_ago is not None
    assert first_look.oldest_ms is not None
    assert (second_look.depth, second_look.expired) == (2, 0)
