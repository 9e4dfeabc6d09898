"""A process of ours that dies where it is told to: ``python -m tests.faults.crashing web|worker``.

It is the ordinary process, with a look at a folder before and after named steps: where a file with the step's
name lies there, it is taken away and the process kills itself. Nothing of this is in the server. By the
environment it can also have one of its mechanisms taken out: a checker that never fails proves nothing.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.faults.breaking import break_mechanism
from tests.faults.clock import follow_clock

FOLDER, BREAK = "FAULT_FOLDER", "FAULT_BREAK"

STEPS: dict[str, tuple[str, str, str]] = {
    # step: module, class and method of the server that take it, before or after
    "decided": ("server.hub.upkeep.relay", "Relay.tell", "before"),
    "relayed": ("server.hub.upkeep.relay", "Relay.tell", "after"),
    "decision-published": ("server.log.redis_log", "RedisLog.decide", "after"),
    "search-outdated": ("server.hub.upkeep.search_repeats", "SearchRepeats._repeat", "before"),
    "search-begun": ("server.log.redis_search", "RedisSearchLog.begin_search", "after"),
    "chunk-found": ("server.log.redis_search", "RedisSearchLog.matches", "before"),
    "chunk-published": ("server.log.redis_search", "RedisSearchLog.matches", "after"),
    "job-queued": ("server.work.queue", "JobQueue.put", "after"),
    "search-ending": ("server.log.redis_search", "RedisSearchLog.end_search", "before"),
    "search-ended": ("server.log.redis_search", "RedisSearchLog.end_search", "after"),
    "search-adopted": ("server.log.redis_search", "RedisSearchLog.adopt_search", "after"),
    "event-delivered": ("server.hub.channels.session", "Session.receive", "after"),
    "frame-sent": ("server.hub.channels.session", "Session.deliver", "before"),
    "head-captured": ("server.hub.joining.join", "Joiner._account_for", "before"),
    "job-taken": ("server.work.queue", "JobQueue.take", "after"),
    "job-valued": ("server.work.valuer", "Valuer.value", "after"),
    "value-published": ("server.log.redis_search", "RedisSearchLog.offers", "after"),
    "job-settled": ("server.work.queue", "JobQueue.settle", "after"),
}
"""Where a process can be told to die. A step after which nothing is in hand (no job, say) does not count."""


def main() -> None:
    """Be the process."""
    folder = Path(os.environ[FOLDER])
    for step, (module, name, when) in STEPS.items():
        owner, method = name.split(".")
        target = getattr(import_module(module), owner)
        setattr(target, method, _watched(getattr(target, method), when, folder / "armed" / step))
    import_module("server.run.app")
    import_module("server.work.serving")
    follow_clock(folder / "clocks" / str(os.getpid()))
    if os.environ.get(BREAK):
        break_mechanism(os.environ[BREAK])
    import_module("server.__main__").main()


def _watched(method: Callable[..., Any], when: str, armed: Path) -> Callable[..., Any]:
    """Return the method with a look at ``armed`` before or after it."""
    if not _is_coroutine(method):

        @functools.wraps(method)
        def watched_call(*arguments: Any, **options: Any) -> Any:
            if when == "before":
                _die_where_armed(armed)
            result = method(*arguments, **options)
            if when == "after" and result is not None:
                _die_where_armed(armed)
            return result

        return watched_call

    @functools.wraps(method)
    async def watched(*arguments: Any, **options: Any) -> Any:
        if when == "before":
            _die_where_armed(armed)
        result = await method(*arguments, **options)
        if when == "after" and not (result is None and method.__name__ in {"take", "adopt_search"}):
            _die_where_armed(armed)
        return result

    return watched


def _is_coroutine(method: Callable[..., Any]) -> bool:
    return bool(method.__code__.co_flags & 0x80)


def _die_where_armed(armed: Path) -> None:
    try:
        hits = int(os.read(descriptor := os.open(armed, os.O_RDONLY), 16) or b"1")
        os.close(descriptor)
        if hits > 1:
            armed.write_text(str(hits - 1))
            return
        # Of several processes that take the step at once, one dies.
        armed.rename(armed.with_name(f".{armed.name}.{os.getpid()}"))
    except OSError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
