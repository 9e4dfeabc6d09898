"""Whether and when a client reconnects after a connection ended. Pure: the caller sleeps."""

import random
from dataclasses import dataclass

from protocol.closing import CloseCode

SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Timing:
    """The timeouts and pauses of a client, in seconds."""

    open_timeout: float = 10 * SECONDS
    silence: float = 25 * SECONDS  # nothing heard for this long: ask
    ping_patience: float = 10 * SECONDS  # nothing heard after asking: the connection is dead
    first_pause: float = 0.1 * SECONDS
    longest_pause: float = 15 * SECONDS
    penalty: float = 60 * SECONDS  # after too many commands
    stable_after: float = 5 * SECONDS  # a connection that lasted this long resets the count


def comes_back(code: int) -> bool:
    """Return whether a client reconnects after this close code.

    The protocol's codes define it. Of the others, 1005 and above are transport failures and worth another
    try. Unknown codes from 4000 on are decisions of a newer server.
    """
    try:
        return CloseCode(code).reconnect
    except ValueError:
        return 1005 <= code < 4000


def pause_before(attempt: int, code: int, timing: Timing, chance: random.Random) -> float:
    """Return how long to wait before ``attempt`` (0 is the first), after a connection ended with ``code``.

    The wait is random up to a limit that doubles, so clients of a restarted server do not reconnect all at
    once.
    """
    limit = min(timing.longest_pause, timing.first_pause * 2 ** min(attempt, 30))
    penalty = timing.penalty if code == CloseCode.TOO_MANY_COMMANDS else 0.0
    return penalty + chance.uniform(0.0, limit)
