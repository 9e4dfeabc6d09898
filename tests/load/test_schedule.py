"""The schedule: open loop, seeded, in the shape of ramp, steady and drain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.load.planning.plan import Arrivals, Mode, PlanError, planned, share_of
from client.load.planning.schedule import Phase, Shape, arrivals, joins
from client.load.planning.script import Script

lengths = st.floats(0, 60)


@given(st.floats(0.1, 100), lengths, st.floats(0.5, 60), lengths)
def test_arrivals_follow_the_shape_in_order(rate: float, ramp: float, steady: float, drain: float) -> None:
    """The n-th arrival comes when the integral of the rate reaches n."""
    shape = Shape(rate, ramp, steady, drain)
    counts = [shape.total * part / 50 for part in range(51)]
    times = [shape.when(count) for count in counts]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= ramp + steady + drain + 1e-6
    begin, end = shape.rate * ramp / 2, shape.rate * (ramp / 2 + steady)
    assert shape.when(begin) == pytest.approx(ramp, abs=1e-4)
    assert shape.when(end - 1e-9) == pytest.approx(ramp + steady, abs=1e-3)


@pytest.mark.parametrize("kind", list(Arrivals))
def test_the_same_seed_gives_the_same_schedule(kind: Arrivals) -> None:
    """Another seed gives another one; times do not depend on any answer, so the loop is open."""
    plan = planned(Mode.STEADY, arrivals=kind, seed=4)
    when = joins(plan, 10)
    assert arrivals(plan, when) == arrivals(plan, when)
    assert arrivals(plan, when) != arrivals(planned(Mode.STEADY, arrivals=kind, seed=5), when)


def test_the_same_seed_gives_the_same_script() -> None:
    """Step by step, with the same filters and amounts."""
    one, other, third = (Script(Mode.STEADY, seed, 3, 100) for seed in (1, 1, 2))
    mine = [one.next() for _ in range(30)]
    assert mine == [other.next() for _ in range(30)]
    assert mine != [third.next() for _ in range(30)]


def test_poisson_arrivals_have_the_planned_rate() -> None:
    """2,000 expected: the seed's number is within four standard deviations."""
    plan = planned(Mode.FANOUT, rate=20.0, ramp=0.0, steady=100.0, drain=0.0)
    found = arrivals(plan, joins(plan, plan.writers))
    assert abs(len(found) - 2_000) < 4 * 2_000**0.5
    assert {plan.steady > each.at >= 0 for each in found} == {True}


def test_nobody_is_given_work_before_joining_or_beyond_the_rate_of_a_connection() -> None:
    """Whoever has not joined is passed over; turns keep every connection within its rate."""
    plan = planned(Mode.FANOUT, rate=40.0, ramp=10.0, arrivals=Arrivals.CONSTANT)
    when = joins(plan, plan.writers)
    found = arrivals(plan, when)
    assert all(when[each.client] <= each.at for each in found)
    steady = [each.client for each in found if Shape.of(plan).phase(each.at) is Phase.STEADY]
    assert max(steady.count(client) for client in set(steady)) <= 4 * plan.steady + 1


@given(st.integers(1, 9), st.integers(9, 300))
def test_processes_share_a_plan_without_rest(processes: int, watchers: int) -> None:
    """Together they have all its clients and its rate."""
    plan = planned(Mode.JITTER, watchers=watchers, processes=processes)
    shares = [share_of(plan, number) for number in range(processes)]
    assert sum(share.watchers for share in shares) == watchers
    assert sum(share.rate for share in shares) == pytest.approx(plan.rate)


@pytest.mark.parametrize(
    ("mode", "given_", "option"),
    [
        (Mode.STEADY, {"salespeople": 0}, "--salespeople"),
        (Mode.STEADY, {"salespeople": 501}, "--salespeople"),
        (Mode.FANOUT, {"watchers": 0}, "--watchers"),
        (Mode.IDLE, {"watchers": 5_001}, "--watchers"),
        (Mode.STEADY, {"steady": 901.0}, "--ramp, --steady and --drain"),
        (Mode.STEADY, {"salespeople": 2, "rate": 9.0}, "--rate"),
        (Mode.SLOW_READER, {"watchers": 3, "slow": 3}, "--slow"),
        (Mode.FANOUT, {"watchers": 2, "processes": 3}, "--processes"),
    ],
)
def test_what_is_not_possible_or_beyond_the_bounds_is_refused(
    mode: Mode, given_: dict[str, float], option: str
) -> None:
    """The error names the option."""
    with pytest.raises(PlanError, match=option):
        planned(mode, **given_)
