"""A breaker: when it opens, who passes meanwhile, and how it closes again."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.observe.breaker import Breaker, BreakerBounds, Call, Circuit, CircuitOpen

BOUNDS = BreakerBounds(slow_seconds=2.0)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened() -> tuple[Breaker, Clock]:
    """Return a breaker that has just opened."""
    clock = Clock()
    breaker = Breaker("it", BOUNDS, clock=clock)
    for _ in range(BOUNDS.least):
        breaker.begin().end(failed=True)
    assert breaker.state is Circuit.OPEN
    return breaker, clock


def test_it_opens_when_half_of_the_calls_fail_and_not_before() -> None:
    """A few failures among many calls are not an outage, and neither are two in all."""
    breaker = Breaker("it", BOUNDS, clock=Clock())
    for failed in (True, True, False, False, False, False, True):
        breaker.begin().end(failed=failed)
        assert breaker.is_closed
    breaker.begin().end(failed=True)
    assert not breaker.is_closed
    assert not breaker.standing.is_up


def test_a_slow_call_is_a_failure_and_an_old_one_is_forgotten() -> None:
    clock = Clock()
    breaker = Breaker("it", BOUNDS, clock=clock)
    for _ in range(BOUNDS.least - 1):
        call = breaker.begin()
        clock.now += 2.1
        call.end(failed=False)
    clock.now += BOUNDS.memory_seconds
    breaker.begin().end(failed=True)
    assert breaker.is_closed
    for _ in range(BOUNDS.least - 1):
        call = breaker.begin()
        clock.now += 2.1
        call.cancel()
    assert not breaker.is_closed


def test_who_gives_up_early_shows_nothing() -> None:
    breaker = Breaker("it", BOUNDS, clock=Clock())
    for _ in range(10):
        breaker.begin().cancel()
    assert breaker.is_closed


def test_while_it_is_open_everyone_is_refused_at_once_and_told_when_to_return() -> None:
    breaker, clock = opened()
    with pytest.raises(CircuitOpen) as refused:
        breaker.begin()
    assert refused.value.retry_after_seconds == 1
    clock.now += 1.0
    with pytest.raises(CircuitOpen):
        breaker.begin()
    assert breaker.refused == 2


def test_one_probe_at_a_time_closes_it() -> None:
    breaker, clock = opened()
    with pytest.raises(CircuitOpen):
        breaker.begin_probe()
    clock.now += 1.0
    probe = breaker.begin_probe()
    assert breaker.state is Circuit.HALF_OPEN
    with pytest.raises(CircuitOpen):
        breaker.begin_probe()
    probe.end(failed=False)
    assert breaker.is_closed
    assert breaker.standing.is_up
    breaker.begin().end(failed=False)


def test_pauses_grow_up_to_a_bound_while_probes_fail() -> None:
    breaker, clock = opened()
    pauses = []
    clock.now += 1.0
    for _ in range(5):
        breaker.begin_probe().end(failed=True)
        pauses.append(breaker.retry_after_seconds)
        clock.now += pauses[-1]
    assert pauses == [2, 4, 8, 8, 8]


def test_a_probe_that_hangs_makes_room_for_the_next_and_tells_nothing_later() -> None:
    breaker, clock = opened()
    clock.now += 1.0
    lost = breaker.begin_probe()
    clock.now += 2.1
    probe = breaker.begin_probe()
    lost.end(failed=False)
    assert not breaker.is_closed
    probe.end(failed=False)
    assert breaker.is_closed


def test_what_began_before_it_opened_tells_nothing_about_now() -> None:
    clock = Clock()
    breaker = Breaker("it", BOUNDS, clock=clock)
    before = [breaker.begin() for _ in range(10)]
    for call in before[:3]:
        call.end(failed=True)
    clock.now += 1.0
    probe = breaker.begin_probe()
    for call in before[3:]:
        call.end(failed=False)
    assert breaker.state is Circuit.HALF_OPEN
    probe.end(failed=False)
    assert breaker.opened == 1


@given(
    st.lists(st.tuples(st.sampled_from(["begin", "probe", "ok", "bad", "cancel", "trip"]), st.floats(0, 5)))
)
def test_whatever_happens_it_is_consistent(steps: list[tuple[str, float]]) -> None:
    """Calls pass if and only if it is closed, one probe runs at a time, and a successful probe ends it."""
    clock = Clock()
    breaker = Breaker("it", BOUNDS, clock=clock)
    calls: list[Call] = []
    for step, seconds in steps:
        clock.now += seconds
        was_closed = breaker.is_closed
        if step == "begin":
            with contextlib.suppress(CircuitOpen):
                calls.append(breaker.begin())
                assert was_closed
        elif step == "probe":
            before = breaker.state
            with contextlib.suppress(CircuitOpen):
                calls.append(breaker.begin_probe())
                assert before is not Circuit.HALF_OPEN or seconds > 0 or clock.now > calls[-1].began - 1
        elif step == "trip":
            breaker.trip()
            assert not breaker.is_closed
        elif calls:
            call = calls.pop(0)
            call.cancel() if step == "cancel" else call.end(failed=step == "bad")
            if was_closed and step == "ok" and clock.now - call.began <= BOUNDS.slow_seconds:
                assert breaker.is_closed
        assert breaker.standing.is_up is breaker.is_closed
        assert 1 <= breaker.retry_after_seconds <= BOUNDS.longest_pause_seconds or breaker.is_closed
        assert (breaker.state is Circuit.CLOSED) is breaker.is_closed
    clock.now += BOUNDS.longest_pause_seconds + BOUNDS.slow_seconds + 1
    breaker.begin_probe().end(failed=False)
    assert breaker.is_closed
