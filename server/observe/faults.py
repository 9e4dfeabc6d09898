"""What the log says of an exception: its kind and where it was raised, never what it is about.

Texts of exceptions hold data: Postgres quotes the row that it refuses, a decoder the value that it cannot
read, and our own errors what a person typed. So only texts that are known to hold none are told.
"""

import sys
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final

from structlog.typing import EventDict, WrappedLogger

MOST_CHARACTERS: Final = 300
MOST_FRAMES: Final = 40
MOST_FAULTS: Final = 8
"""How many exceptions of a chain or group one record tells of."""

_TELLING_SQL_STATES: Final = ("22", "23", "P0")
"""Classes of SQL states whose messages quote data: data exceptions, violated constraints, and our own."""


def fault_of(error: BaseException) -> str:
    """Return an exception's kind, and what of its text holds no data."""
    kind = type(error).__qualname__
    tell = next((_TOLD[name] for name in _names(error) if name in _TOLD), None)
    said = "" if tell is None else tell(error)
    return f"{kind}: {said}"[:MOST_CHARACTERS] if said else kind


def _names(error: BaseException) -> Iterator[str]:
    return (f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__)


def _postgres(error: Any) -> str:
    state = error.sqlstate or ""
    places = (error.table_name, error.column_name, error.constraint_name)
    named = [state, *(str(place) for place in places if place)]
    if not state.startswith(_TELLING_SQL_STATES):
        named.append(str(error.args[0]) if error.args else "")
    return " ".join(named)


_TOLD: Final[dict[str, Callable[[Any], str]]] = {
    "asyncpg.exceptions._base.PostgresError": _postgres,
    "protocol.closing.CommandError": lambda error: " ".join(
        str(word) for word in (error.code.value, error.detail.get("field")) if word
    ),
    "protocol.codec.FieldError": lambda error: error.field,
    # Names of settings.
    "server.database.core.pooler.SettingsDropped": str,
    "builtins.OSError": lambda error: error.strerror or "",
    # Redis quotes the beginning of a command that it does not know.
    "redis.exceptions.RedisError": lambda error: str(error).partition(", with args")[0],
}
"""What is told of an exception, by its class or one above it. By name, so that nothing is imported for the
log of a process that has only begun.
"""


def faults_of(error: BaseException) -> list[dict[str, Any]]:
    """Return an exception and those behind it: each with ``fault`` and ``frames``, the outermost first."""
    return [
        {"fault": fault_of(each), "frames": _frames(each.__traceback__)}
        for each, _ in zip(_chain(error, set()), range(MOST_FAULTS), strict=False)
    ]


def _chain(error: BaseException, seen: set[int]) -> Iterator[BaseException]:
    if id(error) in seen:
        return
    seen.add(id(error))
    yield error
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _chain(each, seen)
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None:
        yield from _chain(behind, seen)


def _frames(trace: TracebackType | None) -> list[str]:
    frames = [
        f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_qualname}:{line}"
        for frame, line in traceback.walk_tb(trace)
    ]
    return frames[-MOST_FRAMES:]


def tell_faults(_logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
    """Put what is told of exceptions into a record in place of the exceptions: a processor of structlog."""
    given = record.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        record["exception"] = faults_of(error)
    for name, value in record.items():
        if isinstance(value, BaseException):
            record[name] = fault_of(value)
    return record
