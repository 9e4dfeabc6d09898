"""What the code at hand is busy with: the ids that its log records carry, and when its command came.

Both follow a command into the tasks that it begins, because a task starts with a copy of its maker's context.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import structlog

from protocol.channels import deal_of

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ARRIVED: Final[ContextVar[float | None]] = ContextVar("arrived", default=None)

Wait = tuple[float, float]
"""When a wait began and ended, by ``time.perf_counter``."""

_WAITED: Final[ContextVar[Wait | None]] = ContextVar("waited", default=None)


def command_came(arrived: float | None = None) -> None:
    """Note when the command that is handled from here on arrived, by ``time.perf_counter``; None: now."""
    _ARRIVED.set(time.perf_counter() if arrived is None else arrived)
    _WAITED.set(None)


def command_waited(wait: Wait) -> None:
    """Note how long the command at hand waited for its turn."""
    _WAITED.set(wait)


def command_wait() -> Wait | None:
    """Return how long the command at hand waited for its turn; None if it did not wait."""
    return _WAITED.get()


def command_arrived() -> float | None:
    """Return when the command at hand arrived, by ``time.perf_counter``; None if there is none."""
    return _ARRIVED.get()


@contextmanager
def about(**ids: str | int | None) -> Iterator[None]:
    """Add ids to each log record of the context: ``deal``, ``search_id``, ``connection_id``, ``chunk``.

    Empty ones are left out. They must not name a person.
    """
    known = {name: value for name, value in ids.items() if value is not None and value != ""}
    tokens = structlog.contextvars.bind_contextvars(**known)
    try:
        yield
    finally:
        structlog.contextvars.reset_contextvars(**tokens)


def well_formed(given: str | None) -> str:
    """Return an id that a client sent, if it has the form of ours, else nothing: it may be any text."""
    return given if given is not None and _UUID.fullmatch(given) else ""


def ids_of(channel: str) -> dict[str, str]:
    """Return what the log says of a channel: ``deal``, or the ``channel`` of a wall or list."""
    deal = deal_of(channel)
    return {"channel": channel} if deal is None else {"deal": deal}
