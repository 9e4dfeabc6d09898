"""What the probe of a web process tells."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import asyncpg

from server.database.core.pool import pool_figures
from server.hub.assembly import Hub
from server.hub.endpoint import Endpoint

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


def web_figures(
    hub: Hub, sockets: Endpoint, pool: asyncpg.Pool, system: asyncpg.Pool
) -> Callable[[], Mapping[str, Any]]:
    """Return what reads a web process's own vital signs, in any thread."""
    return lambda: {
        "connections": sockets.connections,
        "sessions": len(hub.registry),
        "pool": pool_figures(pool),
        "system_pool": pool_figures(system),
        "redis_connected": hub.bus.connected,
        "postgres_connected": hub.listener.connected,
    }


def exported(metrics: "Callable[[], CollectorRegistry]") -> Callable[[], bytes]:
    """Return what writes a registry in the Prometheus text format, in any thread."""

    def write() -> bytes:
        from prometheus_client import generate_latest

        return generate_latest(metrics())

    return write
