"""Which of a machine's web processes serve a store. No I/O."""

from collections.abc import Iterable


def shares(store: int, stores: int, processes: int) -> range:
    """Return the processes, of ``range(processes)``, that serve the ``store``-th of so many stores.

    No process serves two stores while another serves none, and all of them serve one if there is only one.
    """
    if stores < processes:
        return range(store % stores, processes, stores)
    own = store % processes
    return range(own, own + 1)


def serving_of(store: int, stores: int, numbers: Iterable[int]) -> list[int]:
    """Return the numbers of the processes that serve the ``store``-th of so many stores, of those that are
    there.
    """
    there = sorted(numbers)
    return [there[place] for place in shares(store, stores, len(there))]
