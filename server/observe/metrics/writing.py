"""Writes metrics with the Prometheus library, which is imported when they are asked for first."""

from collections.abc import Callable

from server.observe.metrics.metrics import Metrics


def written(metrics: Metrics, process: str = "") -> Callable[[], bytes]:
    """Return what writes the current figures in the text format; it may be called in any thread.

    Each sample gets the label ``process``; without a name, the figures are of all processes together.
    """

    def write() -> bytes:
        from server.observe.metrics.exposition import Exposition

        return Exposition(metrics, process)()

    return write
