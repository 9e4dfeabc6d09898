"""A clock that jumps: the time of day of one process, while its monotonic clock goes on as it does."""

import copyreg
import datetime
import time
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.05


def follow_clock(told: Path) -> None:
    """Let ``time.time`` and ``datetime.now`` be as many seconds off as the file ``told`` says, once it is
    there.

    Call it when all modules are loaded: what they look up by name at each call then finds these.
    """
    true_time, real = time.time, datetime.datetime
    offset, looked = 0.0, 0.0

    def shift() -> float:
        nonlocal offset, looked
        if time.monotonic() - looked > LOOK_SECONDS:
            looked = time.monotonic()
            if told.exists():
                offset = float(told.read_text() or 0)
        return offset

    class Kind(type):
        """What is a datetime for everybody else is one for this class."""

        def __instancecheck__(cls, other: object) -> bool:
            return isinstance(other, real)

    class Shifted(real, metaclass=Kind):
        """The class of times, whose now is off."""

        def __new__(cls, *arguments: Any, **options: Any) -> Any:
            return real(*arguments, **options)

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            """Return the time that this process believes in."""
            return real.now(tz) + datetime.timedelta(seconds=shift())

    time.time = lambda: true_time() + shift()
    datetime.datetime = Shifted  # type: ignore[misc]
    # By its name a time's class is another one now, so that pickle would refuse it.
    copyreg.pickle(real, lambda moment: (parsed, (moment.isoformat(),)))


def parsed(text: str) -> datetime.datetime:
    """Return a time from its text: how the process that computes gets one."""
    return datetime.datetime.fromisoformat(text)
