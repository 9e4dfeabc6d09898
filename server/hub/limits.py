"""What one connection may do, as ``welcome`` states it and as the hub enforces it. No I/O."""

from collections import deque
from enum import Enum, auto
from typing import Final

import msgspec

from protocol.events import MAX_MESSAGE_BYTES, Limits
from server.hub.outbox import OUTBOX_AGE_SECONDS, OUTBOX_BYTES
from server.push.log import LOG_BYTES, LOG_EVENTS, LOG_SECONDS
from server.store.credentials import Credential, TokenScope

FRAME_BYTES: Final = 64 * 1024
COMMANDS: Final = 50
COMMANDS_WINDOW_SECONDS: Final = 10
FLOOD_FACTOR: Final = 3
CHANNELS: Final = 20
CHANNELS_OF_LOAD: Final = 2_000
CONNECTIONS_PER_USER: Final = 40
CONNECTIONS_OF_LOAD: Final = 5_000
RESYNC_WINDOW_SECONDS: Final = 60.0
WRITE_SECONDS: Final = 10.0
COMMAND_SECONDS: Final = 10.0

LIMITS: Final = Limits(
    frame_bytes=FRAME_BYTES,
    message_bytes=MAX_MESSAGE_BYTES,
    commands=COMMANDS,
    commands_window_seconds=COMMANDS_WINDOW_SECONDS,
    channels=CHANNELS,
    outbox_bytes=OUTBOX_BYTES,
    outbox_age_seconds=int(OUTBOX_AGE_SECONDS),
    log_events=LOG_EVENTS,
    log_bytes=LOG_BYTES,
    log_seconds=LOG_SECONDS,
)


def limits_of(credential: Credential) -> Limits:
    """Return the limits of a connection that came in with ``credential``."""
    if TokenScope.LOAD in credential.scopes:
        return msgspec.structs.replace(LIMITS, channels=CHANNELS_OF_LOAD)
    return LIMITS


def connections_of(credential: Credential) -> int:
    """Return how many connections the owner of ``credential`` may have open.

    Of all processes together; with a load tester's, in each.
    """
    return CONNECTIONS_OF_LOAD if TokenScope.LOAD in credential.scopes else CONNECTIONS_PER_USER


class Pace(Enum):
    """How fast a client sends commands."""

    ALLOWED = auto()
    LIMITED = auto()
    FLOOD = auto()


class CommandRate:
    """Counts the commands of the last window; refused ones count too."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=COMMANDS * FLOOD_FACTOR)

    def count(self, now: float) -> Pace:
        """Take note of a command at ``now`` (seconds) and return what to do with it."""
        while self._times and now - self._times[0] >= COMMANDS_WINDOW_SECONDS:
            self._times.popleft()
        if len(self._times) == self._times.maxlen:
            return Pace.FLOOD
        self._times.append(now)
        return Pace.ALLOWED if len(self._times) <= COMMANDS else Pace.LIMITED

    def forgive(self) -> None:
        """Let the command that was counted last not count."""
        self._times.pop()
