"""What one web process exports for Prometheus: counts that it knows, read when they are asked for."""

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
    """Return a registry of the process's own figures, of what the hub holds and of what its keeper mended."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    gauges = (
        ("deal_connections", "WebSockets that are open", connections),
        ("deal_channels", "Channels that somebody watches in this process", channels),
        ("deal_bus_connected", "Whether events are heard from Redis (1) or not (0)", bus_connected),
        ("deal_bus_silence_seconds", "How long ago the bus last heard its own bell", bus_silence),
        (
            "deal_gaps_filled",
            "Heartbeats that showed events which no bell had told of",
            lambda: mended["gaps"],
        ),
        ("deal_searches_taken_over", "Searches of processes that are gone", lambda: mended["searches"]),
        ("deal_jobs_queued_again", "Jobs that the queue had lost", lambda: mended["jobs"]),
    )
    for name, text, read in gauges:
        Gauge(name, text, registry=registry).set_function(read)
    return registry
