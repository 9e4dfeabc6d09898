"""A web process as ``server web`` is, in which who has gone is gone after seconds, not after 15.

Started by ``python -m tests.flow.short_presence web``.
"""

from typing import Final

import server.__main__
from server.hub.channels import presence
from server.hub.channels.rooms import Rooms
from server.log.presence import PresenceLog

GRACE_SECONDS: Final = 2.0
LEASE_MS: Final = 6_000
HEARTBEAT_SECONDS: Final = 0.5
"""So much shorter than the lease that a busy machine keeps it."""


def main() -> None:
    """Be the process."""
    presence.GRACE_SECONDS = GRACE_SECONDS  # type: ignore[misc]
    Rooms.__init__.__kwdefaults__["heartbeat_seconds"] = HEARTBEAT_SECONDS
    PresenceLog.__init__.__kwdefaults__["lease_ms"] = LEASE_MS
    server.__main__.main()


if __name__ == "__main__":
    main()
