"""Where a command of ours runs in a cluster: which of its words is the key, and how its scripts ring."""

from collections.abc import Sequence
from typing import Any, Final

SCRIPTS: Final = frozenset({"EVAL", "EVALSHA"})
OF_A_SERVER: Final = frozenset({"SCAN", "RANDOMKEY", "DBSIZE"})
KEYLESS: Final = frozenset({"PING", "KEYS", "SCRIPT LOAD", "TIME", "INFO"})


def key_of(args: Sequence[Any]) -> str | bytes | None:
    """Return the key that decides where a command runs; None for a command without one.

    Raises ValueError for a command that goes through the keys of one server.
    """
    command = str(args[0]).upper()
    if command in OF_A_SERVER:
        raise ValueError(f"{command}: expected to be sent to each of the masters")
    if command in KEYLESS or len(args) == 1:
        return None
    if command in SCRIPTS:
        place = 3
    elif command == "XREADGROUP":
        place = args.index(b"STREAMS") + 1
    else:
        place = 1
    key: str | bytes = args[place]
    return key


def sharded(script: str) -> str:
    """Return a script as a cluster has it: its bells ring by sharded pub/sub."""
    return script.replace("'PUBLISH'", "'SPUBLISH'")
