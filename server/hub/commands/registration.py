"""Which method handles which command: declared at the method, and collected once when the hub is built."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from protocol.commands import COMMAND_TYPES, Command
from server.hub.connections.connection import Connection

Handler = Callable[[Connection, Any], Awaitable[None]]
Owner = TypeVar("Owner")
Handled = TypeVar("Handled", bound=Command)
Method = Callable[[Owner, Connection, Handled], Awaitable[None]]

_HANDLES: Final = "handles"


def handles(*kinds: type[Handled]) -> Callable[[Method[Owner, Handled]], Method[Owner, Handled]]:
    """Mark the decorated method as the handler of these kinds of commands."""

    def mark(method: Method[Owner, Handled]) -> Method[Owner, Handled]:
        method.__dict__[_HANDLES] = kinds
        return method

    return mark


def handlers_of(*owners: object) -> dict[type[Command], Handler]:
    """Return the handler of each command, bound to its owner.

    Raises LookupError for a command without a handler, or with two.
    """
    found: dict[type[Command], Handler] = {}
    for owner in owners:
        for name, method in vars(type(owner)).items():
            for kind in getattr(method, _HANDLES, ()):
                if kind in found:
                    raise LookupError(f"{kind.__name__} is handled twice")
                found[kind] = getattr(owner, name)
    missing = [kind.__name__ for kind in COMMAND_TYPES if kind not in found]
    if missing:
        raise LookupError(f"nobody handles {', '.join(missing)}")
    return found
