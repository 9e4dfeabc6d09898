"""A queue that is too old takes no new searches: first none of the stores that fill it."""

from hypothesis import given
from hypothesis import strategies as st

from server.sharing.pressure import KNOWN_SECONDS, OLD_SECONDS, TOO_OLD_SECONDS, Pressure


def test_stores_that_fill_the_queue_are_refused_first_and_taken_again_when_it_is_young() -> None:
    pressure = Pressure(lambda: 0.0)
    waiting = {"full": 90, "small": 10}
    pressure.look(OLD_SECONDS - 1, waiting)
    assert pressure.refuses("full") is None
    pressure.look(OLD_SECONDS, waiting)
    assert (pressure.refuses("full"), pressure.refuses("small"), pressure.refuses("new")) == (5, None, None)
    pressure.look(TOO_OLD_SECONDS, waiting)
    assert (pressure.refuses("full"), pressure.refuses("small"), pressure.refuses("new")) == (10, 10, 10)
    pressure.look(0.0, {})
    assert pressure.refuses("full") is None
    assert pressure.refused == 4


def test_an_old_look_refuses_nobody() -> None:
    """The keeper stopped, or Redis is away: nothing is known."""
    now = [0.0]
    pressure = Pressure(lambda: now[0])
    pressure.look(100.0, {"full": 9})
    now[0] += KNOWN_SECONDS + 0.1
    assert pressure.refuses("full") is None


@given(st.floats(0, 1000), st.dictionaries(st.sampled_from("abcd"), st.integers(1, 999)))
def test_whoever_is_refused_has_no_fewer_jobs_than_anyone_who_is_not(
    age: float, waiting: dict[str, int]
) -> None:
    pressure = Pressure(lambda: 0.0)
    pressure.look(age, waiting)
    refused = {store_id for store_id in (*waiting, "new") if pressure.refuses(store_id) is not None}
    taken = {*waiting, "new"} - refused
    assert all(waiting.get(one, 0) >= waiting.get(other, 0) for one in refused for other in taken)
    assert (age >= OLD_SECONDS) or not refused
