"""Runs the scripts of a channel in Redis: one hash tag per channel, all keys on one slot.

``scripts/channel.lua`` precedes each of them and holds their shared functions.
"""

import asyncio
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from typing import Any, Final

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError, RedisError

from protocol.events import FIRST_LATE_CHUNK
from server.log.channel_log import LogBounds
from server.log.search_traces import FIELDS, KEPT_TRACES
from server.observe.metrics.histogram import Histograms

KEYS = (
    "meta", "log", "sizes", "search", "matches", "offers", "jobs", "due", "told", "changes", "unmatched",
    "revs",
)  # fmt: skip
SCRIPT_NAMES = (
    "head", "begin_anew", "set_base", "decide", "read", "beat", "begin_search", "continue_search",
    "renew_search", "adopt_search", "matches", "end_search", "settle", "revalue", "pending_job",
    "search", "chunks", "shown", "changes", "change_cars", "unmatched", "pass_over",
    "late_matches", "summarise", "search_stands", "valued_matches", "traces", "painted",
)  # fmt: skip

TRACING = frozenset({"begin_search", "continue_search", "end_search", "settle", "traces"})
"""The scripts that also have ``scripts/search_trace.lua``."""


def bell_name(channel: str) -> str:
    """Return the pub/sub channel on which each event of ``channel`` is announced."""
    return f"{{{channel}}}:bell"


@cache
def source_of(name: str) -> str:
    """Return the source of a channel's script, including the shared parts."""
    scripts = files("server.log").joinpath("scripts")
    parts = ("channel", "search_trace", name) if name in TRACING else ("channel", name)
    constants = f"local FIRST_LATE_CHUNK = {FIRST_LATE_CHUNK}\n"
    if name in TRACING:
        constants += _TRACE_CONSTANTS
    return constants + "".join(scripts.joinpath(f"{part}.lua").read_text() for part in parts)


def _table(names: Sequence[str]) -> str:
    return "{ " + ", ".join(f"'{name}'" for name in names) + " }"


_TRACE_CONSTANTS: Final = f"""local KEPT_TRACES, ENDED_FIELD = {KEPT_TRACES}, {FIELDS.index("ended") + 1}
local TRACED = {_table(FIELDS)}
local PAGE_TRACE = {_table(FIELDS[FIELDS.index("trace") :])}
"""


class Scripts:
    """Runs the scripts. ``redis`` must return bytes (``decode_responses`` off).

    ``seconds`` has the time of each script by name, with the wait for a connection.
    """

    def __init__(self, redis: Redis, bounds: LogBounds) -> None:
        self._redis = redis
        self._bounds = bounds
        self.seconds = Histograms()
        self._scripts: dict[str, AsyncScript] = {
            name: redis.register_script(source_of(name)) for name in SCRIPT_NAMES
        }

    async def run(
        self, name: str, channel: str, *args: str | bytes | float, op: uuid.UUID | None = None
    ) -> Any:
        """Run a script on a channel's keys and return its reply. Raises RedisError."""
        began = time.perf_counter()
        try:
            async with cancellable():
                return await self._scripts[name](keys=_keys(channel, op), args=self._args(channel, args))
        finally:
            self.seconds.of(name).add(time.perf_counter() - began)

    async def run_on_all(
        self, name: str, channels: Sequence[str], *args: str | bytes | float
    ) -> Sequence[Any]:
        """Run a script on each channel's keys, in one trip, and return the replies. Raises RedisError."""
        calls = [(_keys(channel), self._args(channel, args)) for channel in channels]
        began = time.perf_counter()
        try:
            return await run_together(self._redis, self._scripts[name], calls)
        finally:
            self.seconds.of(name).add(time.perf_counter() - began)

    def _args(self, channel: str, args: Sequence[str | bytes | float]) -> list[str | bytes | float]:
        bounds = self._bounds
        nonce = secrets.token_hex(8)
        return [bell_name(channel), nonce, bounds.events, bounds.bytes, bounds.seconds * 1000, *args]


Call = tuple[Sequence[str], Sequence[str | bytes | float]]
"""The keys and the arguments of a script."""


async def run_together(redis: Redis, script: AsyncScript, calls: Sequence[Call]) -> Sequence[Any]:
    """Run a script several times in one trip and return the replies. Raises RedisError.

    It does not use the script support of redis-py's pipelines, which costs another trip each time.
    """
    async with cancellable():
        replies = await _run_known(redis, script, calls)
        # What has run is not run again. The client of a cluster has loaded the script already, where it must.
        unknown = [number for number, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:
            await redis.script_load(script.script)
            again = await _run_known(redis, script, [calls[number] for number in unknown])
            for number, reply in zip(unknown, again, strict=True):
                replies[number] = reply
    for reply in replies:
        if isinstance(reply, RedisError):
            raise reply
    return replies


async def _run_known(redis: Redis, script: AsyncScript, calls: Sequence[Call]) -> list[Any]:
    async with redis.pipeline(transaction=False) as pipe:
        for keys, args in calls:
            pipe.evalsha(script.sha, len(keys), *keys, *args)
        replies: list[Any] = await pipe.execute(raise_on_error=False)
        return replies


def _keys(channel: str, op: uuid.UUID | None = None) -> list[str]:
    parts = KEYS if op is None else (*KEYS, f"op:{op}")
    return [f"{{{channel}}}:{part}" for part in parts]


@asynccontextmanager
async def cancellable() -> AsyncIterator[None]:
    """Raise a cancellation that redis-py swallowed.

    redis-py uses wait_for, which on Python 3.11 swallows a cancellation that arrives with the answer. The
    task would continue, and a task that cancelled it and waits for its end would wait forever.
    """
    task = asyncio.current_task()
    cancelled_before = 0 if task is None else task.cancelling()
    try:
        yield
    finally:
        if task is not None and task.cancelling() > cancelled_before:
            raise asyncio.CancelledError
