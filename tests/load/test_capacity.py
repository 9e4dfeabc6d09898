"""Conditions, the search for the capacity, and how a run is judged."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.load.checking.ledger import Findings
from client.load.judging.conditions import judge, parse_conditions
from client.load.judging.ladder import NEAR, Ending, Ladder, Level, climb
from client.load.judging.result import Exit, Result
from client.load.measuring.latencies import Latencies
from client.load.measuring.saturation import Gauge, Strain
from client.load.planning.plan import Mode, PlanError, planned
from client.load.planning.schedule import Phase

CALM = Strain(0.2, 0.1, 1.0, 2.0, 0.1, 1.0, 2.0)


def measured_by(capacity: int, saturates: int = 10**9) -> Any:
    """Return a system under test whose p95 breaks above its capacity, and a generator that has its own."""

    async def measure(level: int) -> Level | None:
        if level > saturates:
            return Level.INVALID
        return Level.HOLDS if level <= capacity else Level.BREAKS

    return measure


@given(st.integers(1, 50), st.integers(1, 3_000))
def test_a_planted_capacity_is_found(first: int, capacity: int) -> None:
    """Within a tenth, in a few steps; below the first level the condition is missed."""
    ladder = asyncio.run(climb(Ladder(first, 5_000), measured_by(capacity)))
    if capacity < first:
        assert ladder.ending is Ending.TOO_LOW
        assert ladder.capacity == 0
        return
    assert ladder.ending is Ending.FOUND
    assert ladder.capacity <= capacity < ladder.breaks  # type: ignore[operator]
    assert ladder.breaks - ladder.capacity <= max(1, NEAR * ladder.breaks)  # type: ignore[operator]
    assert len(ladder.steps) <= 20


def test_the_search_ends_at_the_most_that_is_allowed_and_where_the_generator_gives_up() -> None:
    """Neither is called the capacity of the server."""
    at_most = asyncio.run(climb(Ladder(10, 100), measured_by(1_000)))
    assert (at_most.ending, at_most.capacity) == (Ending.AT_MOST, 100)
    tired = asyncio.run(climb(Ladder(10, 5_000), measured_by(1_000, saturates=50)))
    assert (tired.ending, tired.capacity) == (Ending.GENERATOR, 40)


@pytest.mark.parametrize(
    ("text", "name", "percent", "most"),
    [
        ("p95<500ms", "seen", 95.0, 500.0),
        ("first_matches.p99.9 <= 2s", "first_matches", 99.9, 2_000.0),
        ("join.max<1.5s", "join", 100.0, 1_500.0),
        ("errors<1%", "errors", 0.0, 1.0),
    ],
)
def test_a_condition_is_read(text: str, name: str, percent: float, most: float) -> None:
    """Name, percentile, limit."""
    (found,) = parse_conditions(text, "seen", "--until")
    assert (found.name, found.percent, found.most) == (name, percent, most)


@pytest.mark.parametrize("text", ["", "p95", "p95>500ms", "p95<500", "p<1ms", "errors<1ms", "p95<1ms and"])
def test_another_text_is_refused_with_what_was_expected(text: str) -> None:
    """The error names the option."""
    with pytest.raises(PlanError, match="--until: expected a condition"):
        parse_conditions(text, "seen", "--until")


def test_percentiles_count_from_the_steady_phase_alone() -> None:
    """What was not measured meets no condition."""
    taken = Latencies()
    taken.record("seen", Phase.STEADY, 0.1)
    taken.record("seen", Phase.RAMP, 9.0)
    conditions = parse_conditions("seen.p99<200ms, join.p50<1s, errors<=0%", "reply", "--require")
    assert [verdict.met for verdict in judge(conditions, taken, 0.0)] == [True, False, True]


def test_histograms_of_processes_add_up() -> None:
    """Through the library's own format."""
    one, other = Latencies("seen"), Latencies("seen")
    for each, seconds in ((one, 0.1), (other, 0.3)):
        each.record("seen", Phase.STEADY, seconds, at=2.0)
    one.add(other.encode())
    assert one.count("seen") == 2
    assert one.percentile("seen", 100) == pytest.approx(300, rel=0.01)
    assert [each["count"] for each in one.seconds()] == [2]


def result_of(**given_: Any) -> Result:
    """Return a result with one client that came in."""
    result = Result(planned(Mode.FANOUT), Latencies(), strains=[CALM])
    result.tally.totals["joined"] = 1
    for name, value in given_.items():
        setattr(result, name, value)
    return result


def test_each_way_to_fail_has_its_own_exit_code() -> None:
    """Wrong views outweigh the rest: they are wrong however busy the generator was."""
    missed = judge(parse_conditions("p95<1ms", "seen", "--require"), Latencies(), 0.0)
    busy = Strain(0.99, 0.1, 1.0, 2.0, 0.1, 1.0, 2.0)
    assert result_of().exit is Exit.FINE
    assert result_of(verdicts=missed).exit is Exit.CONDITION_MISSED
    assert result_of(verdicts=missed, strains=[busy]).exit is Exit.SATURATED
    assert result_of(strains=[busy], findings=Findings(gaps=1)).exit is Exit.VIEWS_WRONG
    assert result_of(interrupted=True).exit is Exit.INTERRUPTED
    nobody = result_of()
    nobody.tally.totals["joined"] = 0
    assert nobody.exit is Exit.FAILED


def test_the_generators_own_load_makes_a_result_invalid() -> None:
    """Its processor time and its lateness, in the steady phase alone."""
    clock = [0.0, 0.0]
    gauge = Gauge(lambda: clock[0], lambda: clock[1])
    gauge.late(9.0)
    gauge.start()
    for _ in range(100):
        gauge.late(0.2)
    clock[:] = [10.0, 9.5]
    gauge.stop()
    strain = gauge.strain()
    assert strain.cpu == pytest.approx(0.95)
    assert strain.late_max_ms == pytest.approx(200, rel=0.02)
    assert len(strain.reasons) == 2
