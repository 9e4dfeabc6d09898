"""Whose turn it is: no store and no person waits behind all that another one asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.compute.turns import Share, Turns

SHARES = st.builds(Share, st.sampled_from("abc"), st.sampled_from("xyz"))


def drained(turns: Turns[tuple[Share, int]]) -> list[tuple[Share, int]]:
    """Take everything that waits."""
    return [turns.take() for _ in range(len(turns))]


@given(asked=st.lists(SHARES, max_size=60))
def test_everything_that_waits_is_served_once_and_in_order(asked: list[Share]) -> None:
    """Nothing is lost; of one person what came first goes first."""
    turns = Turns[tuple[Share, int]](most=60, most_of_person=60)
    for number, share in enumerate(asked):
        turns.put(share, (share, number))
    served = drained(turns)
    assert sorted(number for _, number in served) == list(range(len(asked)))
    for share in set(asked):
        mine = [number for who, number in served if who == share]
        assert mine == sorted(mine)


@given(flood=st.lists(SHARES, max_size=50), late=SHARES)
def test_nobody_waits_for_more_than_one_turn_of_each_other_store_and_colleague(
    flood: list[Share], late: Share
) -> None:
    """Whoever comes last, with nothing waiting, waits for one round of stores a colleague at most."""
    flood = [share for share in flood if share != late]
    turns = Turns[tuple[Share, int]](most=60, most_of_person=60)
    for number, share in enumerate(flood):
        turns.put(share, (share, number))
    turns.put(late, (late, -1))
    served = [share for share, _ in drained(turns)]
    before = served[: served.index(late)]
    colleagues = {share for share in flood if share.store_id == late.store_id}
    assert sum(share.store_id == late.store_id for share in before) <= len(colleagues)
    for store_id in {share.store_id for share in flood} - {late.store_id}:
        assert sum(share.store_id == store_id for share in before) <= len(colleagues) + 1


def test_what_waits_is_bounded_for_each_and_for_all() -> None:
    """One person fills their own share and nobody else's; there is an end to all together."""
    turns = Turns[int](most=3, most_of_person=2)
    mine, yours = Share("a", "x"), Share("a", "y")
    turns.put(mine, 1)
    turns.put(mine, 2)
    assert not turns.has_room(mine)
    with pytest.raises(IndexError):
        turns.put(mine, 3)
    turns.put(yours, 4)
    assert not turns.has_room(Share("b", "z"))
    assert [turns.take(), turns.take(), turns.take()] == [1, 4, 2]
    with pytest.raises(IndexError):
        turns.take()
