"""The goals of the bench, each in one place. A goal is a ratio of ours to the floor or peer of the same run.

For times, trips and memory it is the most that ours may take; for rates it is the least that ours must reach.
"""

from typing import Final

FIRST_MATCHES: Final = 2.0
WORKER_TO_CLIENT_P50: Final = 2.0
WORKER_TO_CLIENT_P99: Final = 4.0
ROWS_TO_ONE_CLIENT: Final = 0.7
START: Final = 2.0
ENQUEUE_TO_START: Final = 1.5
MILLION_CARS: Final = 1.5
"""Against the same at 4,000 cars."""

DELIVERIES_ONE_AT_A_TIME: Final = 1.5
DELIVERIES_IN_BURSTS: Final = 4.0
IDLE_CONNECTION: Final = 1.5
STRUCTURES: Final = 50.0

CPU_OF_A_SEARCH: Final = 0.5
"""Against the release before."""

ALL_VALUES: Final = 1.5
"""2,000 matches, against 500 before the whole stock was valued."""

BULKHEAD: Final = 2.0
"""Beside another store's storm, against a quiet server."""

DELIVERIES_CHANNELS: Final = 10.0
DELIVERIES_SOCKET_IO: Final = 3.0

OLD_DESIGN_TIME: Final = 1 / 10
OLD_DESIGN_ASKED: Final = 1 / 50
"""Ten times sooner, with fifty times fewer requests and queries."""
