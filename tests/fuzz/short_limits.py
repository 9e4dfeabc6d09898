"""A web process as ``server web`` is, but with short deadlines, so that tests see them pass.

Nor does it limit how often a program or a person asks, or keep out who flooded: one person is many hostile
clients here.
"""

import server.run.app
from server.hub.connections import budgets
from server.hub.sockets import limits
from server.observe.logs import configure_logging
from server.settings import Settings, process_environment
from server.web.access import request_rate
from server.web.asgi.arrival import TimedHttp

REQUEST_SECONDS = 3.0
PING_SECONDS = 2.0
REQUESTS = 1_000_000
UNITS = 1_000_000
CONNECTIONS = 200


def main() -> None:
    """Serve until told to end, by the settings of the environment."""
    server.run.app.PING_SECONDS = PING_SECONDS  # type: ignore[misc]
    request_rate.REQUESTS = REQUESTS  # type: ignore[misc]
    budgets.PERSON_UNITS = budgets.STORE_UNITS = UNITS  # type: ignore[misc]
    limits.CONNECTIONS_PER_USER = CONNECTIONS  # type: ignore[misc]
    limits.FLOOD_SECONDS = 0.0  # type: ignore[misc]
    TimedHttp.request_seconds = REQUEST_SECONDS
    configure_logging("info", "web")
    server.run.app.serve(Settings.from_environment(process_environment()))


if __name__ == "__main__":
    main()
