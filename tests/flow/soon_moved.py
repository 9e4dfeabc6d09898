"""A web process as ``server web`` is, which moves people back to the process of their store after a moment.

Started by ``python -m tests.flow.soon_moved web``.
"""

from typing import Final

import server.__main__
from server.web.handover import moving

LOOK_SECONDS: Final = 0.2


def main() -> None:
    """Be the process."""
    moving.LOOK_SECONDS = LOOK_SECONDS  # type: ignore[misc]
    moving.SPREAD_SECONDS = 0.0  # type: ignore[misc]
    moving.STAY_SECONDS = 0.0  # type: ignore[misc]
    server.__main__.main()


if __name__ == "__main__":
    main()
