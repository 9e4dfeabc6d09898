"""Whose turn it is: no store and no person waits behind all that another one asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sharing.lanes import Lane
from server.sharing.line import Line

LANES = st.builds(Lane, st.sampled_from("abc"), st.sampled_from("xyz"))


def drained(line: Line[tuple[Lane, int]]) -> list[tuple[Lane, int]]:
    """Take everything that waits."""
    return [line.take() for _ in range(len(line))]


@given(asked=st.lists(LANES, max_size=60))
def test_everything_that_waits_is_served_once_and_in_order(asked: list[Lane]) -> None:
    """Nothing is lost; of one person what came first goes first."""
    line = Line[tuple[Lane, int]](most=60, most_of_person=60)
    for number, lane in enumerate(asked):
        line.put(lane, (lane, number))
    served = drained(line)
    assert sorted(number for _, number in served) == list(range(len(asked)))
    for lane in set(asked):
        mine = [number for who, number in served if who == lane]
        assert mine == sorted(mine)


@given(flood=st.lists(LANES, max_size=50), late=LANES)
def test_nobody_waits_for_more_than_one_turn_of_each_other_store_and_colleague(
    flood: list[Lane], late: Lane
) -> None:
    """Whoever comes last, with nothing waiting, waits for one round of stores a colleague at most."""
    flood = [lane for lane in flood if lane != late]
    line = Line[tuple[Lane, int]](most=60, most_of_person=60)
    for number, lane in enumerate(flood):
        line.put(lane, (lane, number))
    line.put(late, (late, -1))
    served = [lane for lane, _ in drained(line)]
    before = served[: served.index(late)]
    colleagues = {lane for lane in flood if lane.store_id == late.store_id}
    assert sum(lane.store_id == late.store_id for lane in before) <= len(colleagues)
    for store_id in {lane.store_id for lane in flood} - {late.store_id}:
        assert sum(lane.store_id == store_id for lane in before) <= len(colleagues) + 1


def test_what_waits_is_bounded_for_each_and_for_all() -> None:
    """One person fills their own lane and nobody else's; there is an end to all together."""
    line = Line[int](most=3, most_of_person=2)
    mine, yours = Lane("a", "x"), Lane("a", "y")
    line.put(mine, 1)
    line.put(mine, 2)
    assert not line.has_room(mine)
    with pytest.raises(IndexError):
        line.put(mine, 3)
    line.put(yours, 4)
    assert not line.has_room(Lane("b", "z"))
    assert [line.take(), line.take(), line.take()] == [1, 4, 2]
    with pytest.raises(IndexError):
        line.take()
