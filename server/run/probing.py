"""What the probe of a web process tells."""

from collections.abc import Callable, Mapping
from typing import Any

from server.run.measuring import Measured


def web_figures(of: Measured) -> Callable[[], Mapping[str, Any]]:
    """Return what reads a web process's own vital signs, in any thread."""
    return lambda: {
        "connections": of.sockets.connections,
        "sessions": len(of.hub.registry),
        "pool": of.pool.figures(),
        "system_pool": of.system.figures(),
        "redis_connected": of.hub.bus.connected,
        "postgres_connected": of.hub.listener.connected,
    }
