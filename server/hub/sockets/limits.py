"""The limits of one connection, as ``welcome`` states them and the hub enforces them. No I/O."""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import msgspec

from protocol.events import MAX_MESSAGE_BYTES, Limits
from protocol.rights import TokenScope
from server.database.people.credentials import Credential, CredentialKind
from server.hub.sockets.outbox import OUTBOX_AGE_SECONDS, OUTBOX_BYTES
from server.log.channel_log import LOG_BYTES, LOG_EVENTS, LOG_SECONDS

FRAME_BYTES: Final = 64 * 1024
COMMANDS: Final = 50
COMMANDS_WINDOW_SECONDS: Final = 10
FLOOD_FACTOR: Final = 3
FRAMES: Final = 1_500
"""Frames of any kind in the window of commands, including empty ones, fragments and pings. Enough for a
command of 64 KiB in fragments of 64 bytes, and for all else that a client may send.
"""

FLOOD_SECONDS: Final = 60.0
"""How long a person who flooded is refused."""

MOST_FLOODERS: Final = 10_000
"""How many people are remembered. Beyond that, those who flooded longest ago are forgotten."""

REFUSALS: Final = 20
REFUSALS_WINDOW_SECONDS: Final = 10.0
REFUSAL_SECONDS: Final = 1.0
"""After REFUSALS refused handshakes in a window, each further refusal is delayed by this time. Otherwise a
client that keeps asking would keep the process as busy as a flood of frames.
"""

CHANNELS: Final = 20
CHANNELS_OF_LOAD: Final = 2_000
FRAMES_OF_LOAD: Final = FRAMES + 4 * CHANNELS_OF_LOAD
CONNECTIONS_PER_USER: Final = 40
CONNECTIONS_OF_LOAD: Final = 5_000
CONNECTIONS_OF_LINK: Final = 3
COMMANDS_OF_CUSTOMER: Final = 30
FRAMES_OF_CUSTOMER: Final = 300
"""A customer's own page needs one channel, and a few commands when the deal changes."""

FRAME_HEAD_BYTES: Final = 14
RESYNC_WINDOW_SECONDS: Final = 60.0
WRITE_SECONDS: Final = 10.0
COMMAND_SECONDS: Final = 10.0

LIMITS: Final = Limits(
    frame_bytes=FRAME_BYTES,
    message_bytes=MAX_MESSAGE_BYTES,
    commands=COMMANDS,
    commands_window_seconds=COMMANDS_WINDOW_SECONDS,
    frames=FRAMES,
    channels=CHANNELS,
    outbox_bytes=OUTBOX_BYTES,
    outbox_age_seconds=int(OUTBOX_AGE_SECONDS),
    log_events=LOG_EVENTS,
    log_bytes=LOG_BYTES,
    log_seconds=LOG_SECONDS,
)


def limits_of(credential: Credential) -> Limits:
    """Return the limits of a connection with ``credential``."""
    if credential.kind is CredentialKind.LINK:
        return msgspec.structs.replace(
            LIMITS, channels=1, commands=COMMANDS_OF_CUSTOMER, frames=FRAMES_OF_CUSTOMER
        )
    if TokenScope.LOAD in credential.scopes:
        return msgspec.structs.replace(LIMITS, channels=CHANNELS_OF_LOAD, frames=FRAMES_OF_LOAD)
    return LIMITS


def connections_of(credential: Credential) -> int:
    """Return how many connections the owner of ``credential`` may have open.

    The limit is for all processes together; a load tester's is for each process.
    """
    if credential.kind is CredentialKind.LINK:
        return CONNECTIONS_OF_LINK
    return CONNECTIONS_OF_LOAD if TokenScope.LOAD in credential.scopes else CONNECTIONS_PER_USER


class Pace(Enum):
    """How fast a client sends commands."""

    ALLOWED = auto()
    LIMITED = auto()
    FLOOD = auto()


class CommandRate:
    """Counts the commands of the last window, including refused ones."""

    __slots__ = ("_most", "_times")

    def __init__(self, most: int = COMMANDS) -> None:
        self._most = most
        # In order. A deque would take several times the memory of an idle connection's short list.
        self._times: list[float] = []

    def count(self, now: float) -> Pace:
        """Count a command at ``now`` (seconds) and return what to do with it."""
        del self._times[: bisect_right(self._times, now - COMMANDS_WINDOW_SECONDS)]
        if len(self._times) == self._most * FLOOD_FACTOR:
            return Pace.FLOOD
        self._times.append(now)
        return Pace.ALLOWED if len(self._times) <= self._most else Pace.LIMITED

    def forgive(self) -> None:
        """Take back the last counted command."""
        self._times.pop()


@dataclass(frozen=True, slots=True)
class FrameAllowance:
    """What a client may send in ``COMMANDS_WINDOW_SECONDS``: frames of any kind, and bytes with frame heads.

    The default size is that of the commands at which a flood begins, each in a frame of the maximum size.
    """

    frames: int
    size: int = COMMANDS * FLOOD_FACTOR * (FRAME_BYTES + FRAME_HEAD_BYTES)


NOTHING: Final = FrameAllowance(0, 0)
"""The allowance of a connection that is accepted only to be closed."""


def allowance_of(credential: Credential) -> FrameAllowance:
    """Return what the owner of ``credential`` may send over one connection."""
    if credential.kind is CredentialKind.LINK:
        most = COMMANDS_OF_CUSTOMER * FLOOD_FACTOR
        return FrameAllowance(FRAMES_OF_CUSTOMER, most * (FRAME_BYTES + FRAME_HEAD_BYTES))
    return FrameAllowance(FRAMES_OF_LOAD if TokenScope.LOAD in credential.scopes else FRAMES)


class IntakeRate:
    """Counts what a client sends. The allowance is full at first and refills evenly over the window."""

    def __init__(self, allowance: FrameAllowance, now: float) -> None:
        self._allowance = allowance
        self._frames = float(allowance.frames)
        self._size = float(allowance.size)
        self._since = now

    def take(self, frames: int, size: int, now: float) -> bool:
        """Count frames and bytes received at ``now`` (seconds); return False if they are a flood."""
        share = (now - self._since) / COMMANDS_WINDOW_SECONDS
        self._since = now
        self._frames = min(self._allowance.frames, self._frames + share * self._allowance.frames) - frames
        self._size = min(self._allowance.size, self._size + share * self._allowance.size) - size
        return self._frames >= 0 and self._size >= 0


class Floods:
    """Remembers who flooded: they are refused for ``FLOOD_SECONDS``."""

    def __init__(self) -> None:
        # In the order of the last flood, so the latest is at the end.
        self._until: dict[str, float] = {}

    def note(self, person: str, now: float) -> None:
        """Record that a person flooded at ``now`` (seconds)."""
        self._until.pop(person, None)
        self._until[person] = now + FLOOD_SECONDS
        if len(self._until) > MOST_FLOODERS:
            del self._until[next(iter(self._until))]

    def seconds_left(self, person: str, now: float) -> float:
        """Return for how many seconds a person is still refused; 0 if they are not."""
        while self._until and (oldest := next(iter(self._until.items())))[1] <= now:
            del self._until[oldest[0]]
        return self._until.get(person, now) - now


class Refusals:
    """Counts the handshakes that a process refused."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=REFUSALS)

    def count(self, now: float) -> float:
        """Count a refusal at ``now`` (seconds) and return by how many seconds to delay it."""
        many = len(self._times) == REFUSALS and now - self._times[0] < REFUSALS_WINDOW_SECONDS
        self._times.append(now)
        return REFUSAL_SECONDS if many else 0.0
