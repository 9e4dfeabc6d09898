"""What the probe of a web process tells."""

from collections.abc import Callable, Mapping
from typing import Any

from server.database.core.metered import WAIT_SECONDS
from server.run.measuring import Measured


def web_figures(of: Measured) -> Callable[[], Mapping[str, Any]]:
    """Return what reads a web process's own vital signs, in any thread."""
    return lambda: {
        "connections": of.sockets.connections,
        "sessions": len(of.hub.registry),
        "pool": _with_shares(of),
        "system_pool": of.system.figures(),
        "redis_connected": of.hub.bus.connected,
        "postgres_connected": of.hub.listener.connected,
    }


def _with_shares(of: Measured) -> Mapping[str, float]:
    """Return the figures of the stores' pool. Callers wait for a place before they wait for a connection."""
    found, shares = of.pool.figures(), of.hub.turns["connections"]
    return {
        **found,
        "waiting": found["waiting"] + shares.now_waiting,
        "waits_total": found["waits_total"] + shares.waits.above(WAIT_SECONDS),
        "wait_seconds_total": found["wait_seconds_total"] + shares.waits.total,
    }
