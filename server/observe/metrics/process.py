"""The metrics that every process of ours has."""

from server.observe.metrics.histogram import Histogram
from server.observe.metrics.metrics import Metrics
from server.observe.metrics.start_up import StartUp
from server.observe.probe.loop_watch import BUCKETS_SECONDS, LoopWatch


def add_process(metrics: Metrics, watch: LoopWatch, start: StartUp) -> None:
    """Declare how the process started, and how late its event loop is."""

    def lags() -> Histogram:
        found = Histogram(BUCKETS_SECONDS)
        found.counts, found.total = list(watch.lags.counts), watch.lags.sum_seconds
        return found

    metrics.histogram(
        "deal_loop_lag_seconds", "How late the event loop runs what is due, measured ten times a second", lags
    )
    metrics.gauge(
        "deal_loop_blocked_seconds",
        "How long one callback has held the event loop up by now",
        lambda: watch.lag().blocked,
    )
    metrics.gauge(
        "deal_start_seconds",
        "Seconds from the begin of the process until a stage of its start had ended",
        lambda: dict(start.seconds),
        "stage",
    )
