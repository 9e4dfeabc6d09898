"""The generator finds what is wrong with a server: each fault is planted in what one watcher hears."""

import asyncio
from typing import Any

import pytest

from client.load.judging.conditions import parse_conditions
from client.load.judging.result import Exit, Result, merged
from client.load.planning.plan import Arrivals, Mode, Plan, planned
from client.load.planning.schedule import Phase
from client.load.running.run import Run, Tick
from tests.load.fake_hub import CAST, FakeHub, after
from tests.virtual_time import run_virtually

WATCHER = 2
"""The connection of the second client: one writer comes first."""


def plan_of(mode: Mode = Mode.FANOUT, **given: Any) -> Plan:
    """Return a small plan."""
    usual = {
        "watchers": 4,
        "rate": 2.0,
        "ramp": 1.0,
        "steady": 20.0,
        "drain": 1.0,
        "deals": 1,
        "note_bytes": 60,
    }
    return planned(mode, arrivals=Arrivals.CONSTANT, **(usual | given))


def measured(hub: FakeHub, plan: Plan, condition: str = "p95<500ms") -> Result:
    """Run a plan against a hub, in virtual time."""

    async def main() -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        run = Run(plan, CAST, hub.connect, now=loop.time)
        # A generator in virtual time takes no time of the machine.
        run._gauge._cpu = lambda: 0.0

        def report(tick: Tick) -> None:
            """Nobody looks."""

        async def quiet() -> None:
            """Nobody else."""

        return await run.go(loop.time() + 0.1, report, quiet)

    return merged(plan, [run_virtually(main())], parse_conditions(condition, "seen", "--require"))


def wrong(result: Result) -> dict[str, int]:
    """Return the findings that are not 0."""
    return {name: count for name, count in result.findings.counts.items() if count}


def test_nothing_is_found_if_nothing_is_wrong() -> None:
    """Every client is checked, and the run is fine."""
    result = measured(FakeHub(), plan_of())
    assert wrong(result) == {}
    assert (result.checked, result.exit) == (5, Exit.FINE)
    assert result.latencies.count("seen") == 4 * 40 + 40


def test_a_planted_gap_is_found() -> None:
    """An event that never comes is a gap, and the client recovers by joining again."""
    hub = FakeHub()
    hub.spoil[WATCHER] = after(5, lambda lines: [])
    result = measured(hub, plan_of())
    assert wrong(result) == {"gaps": 1}
    assert result.exit is Exit.VIEWS_WRONG


def test_a_planted_gap_at_the_very_end_is_found() -> None:
    """Nothing comes after the last event to show that it is missing: the client has not caught up."""
    hub, plan = FakeHub(), plan_of()
    events = measured(FakeHub(), plan).latencies
    total = sum(events.count("note", phase) for phase in Phase)
    hub.spoil[WATCHER] = after(total - 1, lambda lines: [])
    assert wrong(measured(hub, plan)) == {"behind": 1}


def test_a_planted_duplicate_is_found() -> None:
    """The same event twice."""
    hub = FakeHub()
    hub.spoil[WATCHER] = after(5, lambda lines: [*lines, *lines])
    assert wrong(measured(hub, plan_of())) == {"duplicates": 1}


def test_wrong_order_is_found() -> None:
    """An event that comes after the next one is out of order, not missing."""
    hub = FakeHub()
    heard: list[list[bytes]] = []

    def swap(lines: list[bytes]) -> list[bytes]:
        heard.append(lines)
        if len(heard) == 6:
            return []
        return [*lines, *heard[5]] if len(heard) == 7 else lines

    hub.spoil[WATCHER] = swap
    assert wrong(measured(hub, plan_of())) == {"disorder": 1}


def test_an_event_that_differs_from_what_others_heard_is_found() -> None:
    """The number is right, the content is not."""
    hub = FakeHub()
    hub.spoil[WATCHER] = after(5, lambda lines: [line.replace(b"xxx", b"xyx", 1) for line in lines])
    assert wrong(measured(hub, plan_of()))["strays"] == 1


def test_a_view_that_differs_from_a_fresh_snapshot_is_found() -> None:
    """Whoever comes new is told of another deal than everybody holds."""
    hub = FakeHub()
    # From the middle of the run on.
    hub.spoil[WATCHER] = after(20, lambda lines: setattr(hub, "lies", True) or lines)  # type: ignore[func-returns-value]
    result = measured(hub, plan_of())
    assert wrong(result) == {"unequal": 5}
    assert "deal.version" in result.findings.details[0]


def test_a_client_that_does_not_read_is_found_and_the_others_are_measured() -> None:
    """The server tells it to join again; it converges, and the others' latencies do not contain its own."""
    hub = FakeHub()
    plan = plan_of(Mode.SLOW_READER, watchers=4, slow=1)

    def behind(lines: list[bytes]) -> list[bytes]:
        peer = hub.connections[1]
        if peer.paused and len(peer._held) > 4:
            peer._held.clear()
            hub.resync(peer)
            return []
        return lines

    hub.spoil[1] = behind
    result = measured(hub, plan)
    assert wrong(result) == {}
    assert result.tally.slow == {"stopped reading": 1, "told to join again": 1}
    assert result.latencies.percentile("seen", 100) < 100  # type: ignore[operator]
    assert result.tally.totals["resyncs"] == 1


def test_a_slow_reader_that_the_server_does_not_notice_is_told() -> None:
    """The count says so."""
    result = measured(FakeHub(), plan_of(Mode.SLOW_READER, watchers=4, slow=1))
    assert result.tally.slow["not noticed"] == 1


def test_a_stall_shows_in_every_latency_that_was_due_in_it() -> None:
    """The schedule does not wait for the server: 5 s of silence make 10 late notes, not one."""
    hub = FakeHub()
    # The run begins at 1,000.1 s of the virtual clock.
    hub.stalls = (1_006.1, 1_011.1)
    result = measured(hub, plan_of(), "max<1s")
    late = result.latencies
    assert late.percentile("note", 100) == pytest.approx(5_000, rel=0.12)
    # 40 notes in the steady phase, 10 of them due during the stall, evenly late.
    assert late.percentile("note", 70) < 100  # type: ignore[operator]
    assert late.percentile("note", 88) == pytest.approx(2_500, rel=0.3)
    assert result.exit is Exit.CONDITION_MISSED


def test_what_is_never_answered_counts_with_the_time_that_it_waited() -> None:
    """A server falls silent for good: the command on its way and each that waits behind it are counted."""
    hub = FakeHub()
    hub.stalls = (1_016.1, 2_000.0)
    result = measured(hub, plan_of(), "max<1s")
    assert result.tally.sent["note"] == 32
    assert (result.tally.answered["note"], result.tally.unanswered["steps"]) == (31, 11)
    # Due at 16 s; the run ends at 22 s, and waits for 15 s more.
    assert result.latencies.percentile("reply", 100) == pytest.approx(21_000, rel=0.05)


def test_lost_connections_come_back_and_resume() -> None:
    """Jitter breaks every watcher's connection; each resumes from where it was, and misses nothing."""
    result = measured(FakeHub(), plan_of(Mode.JITTER, jitter_every=4.0, jitter_away=1.0))
    assert wrong(result) == {}
    assert result.tally.totals["joins resumed"] >= 4 * 4
    assert result.latencies.count("back") >= 4 * 4
    assert set(result.tally.closes) == {"dropped by us"}


def test_an_avalanche_brings_everybody_back_at_once() -> None:
    """All connections break together and are back within moments."""
    result = measured(FakeHub(), plan_of(Mode.AVALANCHE))
    assert wrong(result) == {}
    assert result.latencies.count("back") == 5
    assert result.latencies.percentile("back", 100) < 100  # type: ignore[operator]
