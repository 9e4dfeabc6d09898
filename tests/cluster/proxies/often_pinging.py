"""A web process that pings each WebSocket several times a second.

Started by ``python -m tests.cluster.proxies.often_pinging web``.
"""

from typing import Final

from server.run import app, processes

PING_SECONDS: Final = 0.4


def main() -> None:
    """Be the process."""
    app.PING_SECONDS = PING_SECONDS  # type: ignore[misc]
    processes.main()


if __name__ == "__main__":
    main()
