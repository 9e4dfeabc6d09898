"""Prometheus metrics of one web process, read at each scrape."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector


def web_metrics(
    *,
    connections: Callable[[], float],
    channels: Callable[[], float],
    bus_connected: Callable[[], float],
    bus_silence: Callable[[], float],
    mended: Mapping[str, int],
) -> CollectorRegistry:
    """Return a registry with figures of the process, the hub and the keeper's repairs."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    gauges = (
        ("deal_connections", "Open WebSockets", connections),
        ("deal_channels", "Channels with at least one watcher in this process", channels),
        ("deal_bus_connected", "Whether events arrive from Redis (1) or not (0)", bus_connected),
        ("deal_bus_silence_seconds", "How long ago the bus last heard its own bell", bus_silence),
        (
            "deal_gaps_filled",
            "Heartbeats that found events without a bell",
            lambda: mended["gaps"],
        ),
        (
            "deal_searches_taken_over",
            "Searches taken over from processes that ended",
            lambda: mended["searches"],
        ),
        (
            "deal_jobs_queued_again",
            "Jobs queued again because the queue had lost them",
            lambda: mended["jobs"],
        ),
    )
    for name, text, read in gauges:
        Gauge(name, text, registry=registry).set_function(read)
    return registry
