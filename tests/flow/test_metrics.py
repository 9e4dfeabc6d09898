"""The metrics of real processes: what they count is what happened, for all processes of the machine."""

import asyncio
import os
import re
import signal
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from protocol.commands import tag_of
from protocol.events import PAINT_STAGES, Matches, Offers, SearchEnded
from server.commands.operations import backups
from server.commands.privacy import retaining
from server.settings import Settings
from server.warehouse import report as warehouse
from server.work.queue import JOBS_KEY
from tests.flow.current import GUARD_SECONDS
from tests.flow.desk import valued
from tests.flow.shop import EASY, a_deal_of, connect, events_until, token_of
from tests.observe.operations import FOLDER, expressions, family_of
from tests.observe.promql import Query
from tests.services import Process, free_port, start_together

pytestmark = pytest.mark.flow

STAGES = {"pool_wait", "db_first_row", "db_total", "screen", "publish"}
STATEMENTS = {
    *("begin", "commit", "database.deals.deal_parts.load_whole", "database.decisions.deciding._lock"),
    "search.sql.cursor._read_page",
}
PAINTED_MS = 125.0
UNREADABLE = b'{"of":"another release"}'


@dataclass(frozen=True)
class Scrape:
    """What one request for the metrics gave."""

    samples: Mapping[tuple[str, frozenset[tuple[str, str]]], float]
    families: frozenset[str]

    def value(self, name: str, **labels: str) -> float:
        """Return a sample. Raises KeyError if it is not there."""
        return self.samples[name, frozenset(labels.items())]

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Return the samples of a name by one label; the others are as given."""
        found = {}
        for (each, own), value in self.samples.items():
            rest = dict(own)
            if each == name and (key := rest.pop(label, None)) is not None and rest == labels:
                found[key] = value
        return found


def read(url: str, **headers: str) -> Scrape:
    """Ask a web process for the metrics."""
    request = urllib.request.Request(f"{url}/metrics", headers=headers)  # noqa: S310 - our own process
    with urllib.request.urlopen(request, timeout=GUARD_SECONDS) as answer:  # noqa: S310 - our own process
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        families = [*text_string_to_metric_families(answer.read().decode())]
    names = [family.name + "_total" * (family.type == "counter") for family in families]
    assert len(names) == len({*names})
    assert all(family.documentation for family in families)
    return Scrape(
        {(each.name, frozenset(each.labels.items())): each.value for one in families for each in one.samples},
        frozenset(names),
    )


async def scraped(url: str) -> Scrape:
    """Ask in a thread: the processes may need this loop's clients meanwhile."""
    return await asyncio.to_thread(read, url)


@dataclass(frozen=True)
class Machine:
    """Two web processes and a worker in one data folder, and their names."""

    webs: list[Process]
    settings: Settings
    worker: str

    @property
    def names(self) -> tuple[str, str]:
        """The names of the web processes."""
        one, two = (f"web-{web.pid}" for web in self.webs)
        return one, two


@asynccontextmanager
async def machine(stocked: Settings, folder: Path) -> AsyncIterator[Machine]:
    """Start the processes."""
    settings = replace(stocked, data_dir=folder)
    async with start_together(settings, folder, free_port()) as webs:
        async with asyncio.timeout(GUARD_SECONDS):
            while len(sockets := sorted((folder / "run").glob("*.sock"))) < 3:  # noqa: ASYNC110 - of others
                await asyncio.sleep(0.01)
        yield Machine(webs, settings, sockets[-1].stem)


async def until(url: str, holds: Callable[[Scrape], bool]) -> Scrape:
    """Return the first scrape that is as asked for; one in which somebody was late is passed over."""
    async with asyncio.timeout(GUARD_SECONDS):
        while True:
            with suppress(KeyError):
                if holds(found := await scraped(url)):
                    return found


async def test_what_is_counted_is_what_happened(stocked: Settings, tmp_path: Path, redis: Redis) -> None:
    """A search, a job that nobody can read, and a process that is silent, seen from the other web process."""
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    async with machine(stocked, tmp_path) as whole, connect(whole.webs[0].url, token) as workspace:
        deal = await workspace.join(channel)
        await deal.terms(EASY)
        await deal.search(limit=40)
        events = await events_until(deal, valued)
        (ended,) = (event for event in events if isinstance(event, SearchEnded))
        await deal.painted(ended.search_id, "first_matches", PAINTED_MS)
        await redis.xadd(JOBS_KEY, {"job": UNREADABLE})
        # The worker counts a letter after it has written it.
        found = await until(
            whole.webs[1].url,
            lambda each: (
                each.value("deal_jobs_total", outcome="buried", process=whole.worker) == 1
                and each.value("deal_queue_dead_letters") == 1
                and each.by("deal_process_up", "process") == dict.fromkeys((*whole.names, whole.worker), 1)
            ),
        )
        _assert_search_counted(found, whole, events)
        _assert_queue_counted(found, whole, events)
        _assert_operators_are_served(found)
        await _assert_silence_is_seen(whole)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            await asyncio.to_thread(read, whole.webs[0].url, Via="1.1 somebody's proxy")


def _assert_search_counted(found: Scrape, whole: Machine, events: list) -> None:
    one, two = whole.names
    expected = Counter(tag_of(type(event)) for event in events)
    assert found.by("deal_events_total", "type", process=one) == expected
    assert found.by("deal_events_total", "type", process=two) == {}
    assert found.value("deal_deliveries_total", process=one) == len(events)
    for name in ("deal_connections", "deal_people", "deal_sessions", "deal_watchers"):
        assert found.by(name, "process") == {one: 1, two: 0}
    (ended,) = (event for event in events if isinstance(event, SearchEnded))
    reasons = found.by("deal_searches_total", "reason", process=one)
    assert {reason: count for reason, count in reasons.items() if count} == {ended.reason: 1}
    assert found.value("deal_searches_running", process=one) == 0
    breakers = found.by("deal_breaker_open", "breaker", process=one)
    assert len(breakers) == 3
    assert {*breakers.values()} == {0}
    assert found.value("deal_turn_wait_seconds_count", process=one, turns="searches") == 1
    assert found.value("deal_turns_waiting", process=one, turns="connections") == 0
    sources = found.by("deal_answers_total", "source", process=one)
    assert sources == {"kept": 0, "joined": 0, "stock": 1, "stale": 0}
    stages = found.by("deal_search_stage_seconds_count", "stage", process=one)
    assert stages.keys() >= STAGES
    assert {*stages.values()} == {1}
    pushed = found.by("deal_search_pushed_seconds_count", "stage", process=one)
    assert pushed == dict.fromkeys(PAINT_STAGES, 1)
    assert found.by("deal_search_painted_seconds_count", "stage", process=one) == {"first_matches": 1}
    painted = found.value("deal_search_painted_seconds_sum", process=one, stage="first_matches")
    assert painted == pytest.approx(PAINTED_MS / 1000)
    trace = ended.trace["db_total"] / 1000
    seconds = found.value("deal_search_stage_seconds_sum", process=one, stage="db_total")
    assert seconds == pytest.approx(trace)
    assert found.value("deal_search_seconds_sum", process=one) >= trace
    commands = found.by("deal_command_seconds_count", "command", process=one)
    assert commands == {"join": 1, "terms": 1, "search": 1, "painted": 1}
    statements = found.by("deal_statement_seconds_count", "statement", process=one)
    assert statements.keys() >= STATEMENTS
    assert "other" not in statements
    assert found.value("deal_script_seconds_count", process=one, script="matches") == sum(
        isinstance(event, Matches) for event in events
    )


def _assert_queue_counted(found: Scrape, whole: Machine, events: list) -> None:
    offers = [event for event in events if isinstance(event, Offers)]
    cars = sum(len(event.columns["vehicle_id"]) for event in offers)
    outcomes = found.by("deal_jobs_total", "outcome", process=whole.worker)
    assert outcomes == {"valued": len(offers), "unwanted": 0, "failed": 0, "buried": 1}
    assert found.value("deal_cars_valued_total", process=whole.worker) == cars
    for name in ("deal_job_wait_seconds", "deal_job_value_seconds"):
        assert found.value(f"{name}_count", process=whole.worker) == len(offers)
    assert found.by("deal_queue_jobs", "state") == {"waiting": 0, "ready": 0, "held": 0}
    assert found.value("deal_queue_oldest_seconds") == 0
    assert found.value("deal_queue_dead_letters") == 1


def _assert_operators_are_served(found: Scrape) -> None:
    """Everything that rules, panels and docs name is exported, and all that is exported is explained."""
    used = {family_of(name) for text in expressions() for name in Query(text).metrics}
    # Of runs by a timer, by way of a file.
    timed = {name for name, _ in warehouse.METRICS.values()} | {warehouse.WRITTEN}
    timed |= set(retaining.METRICS) | set(backups.METRICS)
    assert used <= found.families | timed, used - found.families
    explained = {*re.findall(r"`(deal_[a-z_]+)", (FOLDER / "metrics.md").read_text())}
    assert explained == {name for name in found.families if name.startswith("deal_")} | timed
    for stage in ("imports", "pool", "system_pool", "redis", "hub", "ready"):
        assert all(
            0 <= seconds < 3600 for seconds in found.by("deal_start_seconds", "process", stage=stage).values()
        )


async def _assert_silence_is_seen(whole: Machine) -> None:
    one, two = whole.names
    pid = int(whole.worker.rpartition("-")[2])
    os.kill(pid, signal.SIGSTOP)
    try:
        found = await until(
            whole.webs[0].url,
            lambda each: each.by("deal_process_up", "process") == {one: 1, two: 1, whole.worker: 0},
        )
    finally:
        os.kill(pid, signal.SIGCONT)
    assert found.by("deal_jobs_total", "outcome", process=whole.worker) == {}
