"""Which of a machine's web processes serve a store. No I/O."""


def shares(store: int, stores: int, processes: int) -> range:
    """Return the processes, of ``range(processes)``, that serve the ``store``-th of so many stores.

    No process serves two stores while another serves none, and all of them serve one if there is only one.
    """
    if stores < processes:
        return range(store % stores, processes, stores)
    own = store % processes
    return range(own, own + 1)
