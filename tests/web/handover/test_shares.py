"""Which web processes serve a store."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from server.web.handover.shares import shares

NUMBERS = st.integers(1, 40)


@given(NUMBERS, NUMBERS)
def test_every_store_is_served_and_no_process_is_idle(stores: int, processes: int) -> None:
    """Whatever their numbers."""
    serving = [shares(store, stores, processes) for store in range(stores)]
    assert all(serving)
    assert {process for each in serving for process in each} == {*range(processes)}


@given(NUMBERS, NUMBERS)
def test_the_stores_are_spread_evenly(stores: int, processes: int) -> None:
    """The numbers of stores of two processes, and of processes of two stores, differ by one at most."""
    serving = [shares(store, stores, processes) for store in range(stores)]
    of_process = Counter(process for each in serving for process in each).values()
    of_store = [len(each) for each in serving]
    assert max(of_process) - min(of_process) <= 1
    assert max(of_store) - min(of_store) <= 1


@given(NUMBERS, NUMBERS)
def test_stores_share_no_process_while_there_are_enough(stores: int, processes: int) -> None:
    """Two stores, and at least as many processes."""
    if stores <= processes:
        found = [process for store in range(stores) for process in shares(store, stores, processes)]
        assert len(found) == len({*found})


@given(NUMBERS, NUMBERS)
def test_another_store_moves_nobody(stores: int, processes: int) -> None:
    """Once each process serves a store, one more is added to a process, and the others stay."""
    if stores >= processes:
        before = [shares(store, stores, processes) for store in range(stores)]
        assert before == [shares(store, stores + 1, processes) for store in range(stores)]
