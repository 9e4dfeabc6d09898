"""Several generating processes: the same clock, their shares of one plan, one check after all are quiet.

A child reads its orders from standard input, so that no token stands in a list of processes, and answers on
standard output, one JSON object a line.
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, cast

from client.load.clients.wire import Target, connect_to
from client.load.planning.plan import Arrivals, Mode, Plan, share_of
from client.load.running.run import Cast, Report, Run, Tick
from client.load.running.stage import Person
from protocol import codec

BEGIN_SECONDS: Final = 0.2
BEGIN_TOGETHER_SECONDS: Final = 2.0
"""Children import what they need meanwhile."""

LINE_BYTES: Final = 64 * 1024 * 1024


class ChildFailed(RuntimeError):
    """A generating process ended without a result."""


async def generate(
    plan: Plan, target: Target, cast: Cast, report: Report, stop: asyncio.Event
) -> list[dict[str, Any]]:
    """Run a plan and return what each process found. ``stop`` ends it early."""
    if plan.processes > 1:
        return await _in_children(plan, target, cast, report, stop)
    run = Run(plan, cast, connect_to(target))
    run.stop = stop

    async def quiet() -> None:
        """Nobody else generates load."""

    return [await run.go(time.monotonic() + BEGIN_SECONDS, report, quiet)]


async def _in_children(
    plan: Plan, target: Target, cast: Cast, report: Report, stop: asyncio.Event
) -> list[dict[str, Any]]:
    begin_at = time.monotonic() + BEGIN_TOGETHER_SECONDS
    children = [await _Child.start(number) for number in range(plan.processes)]
    ticks: dict[int, Tick] = {}

    def tell(number: int, tick: Tick) -> None:
        ticks[number] = tick
        report(together(list(ticks.values())))

    async def pass_on() -> None:
        await stop.wait()
        for child in children:
            child.say("stop")

    stopping = asyncio.create_task(pass_on())
    try:
        at = 0
        for child in children:
            share = share_of(plan, child.number)
            count = share.salespeople if plan.salespeople else 0
            channels = cast.channels[at : at + count] if plan.salespeople else cast.channels
            at += count
            child.say(codec.encode(_orders(share, target, cast, channels, begin_at)).decode())
        await asyncio.gather(*(child.until_quiet(tell) for child in children))
        for child in children:
            child.say("check")
        return list(await asyncio.gather(*(child.result() for child in children)))
    finally:
        stopping.cancel()
        await asyncio.gather(*(child.end() for child in children))


def together(ticks: Sequence[Tick]) -> Tick:
    """Return the progress of all processes."""
    late = [tick.p95_ms for tick in ticks if tick.p95_ms is not None]
    return Tick(
        at=max(tick.at for tick in ticks),
        live=sum(tick.live for tick in ticks),
        sockets=sum(tick.sockets for tick in ticks),
        events=sum(tick.events for tick in ticks),
        done=sum(tick.done for tick in ticks),
        p95_ms=max(late, default=None),
    )


def _orders(share: Plan, target: Target, cast: Cast, channels: Sequence[str], at: float) -> dict[str, Any]:
    people = {name: _plain(getattr(cast, name)) for name in ("sales", "manager")}
    return {"plan": asdict(share), "url": target.http, "channels": list(channels), "at": at, **people}


def _plain(person: Person) -> dict[str, Any]:
    return asdict(person) | {"rights": sorted(person.rights)}


class _Child:
    """A generating process, as its parent sees it."""

    def __init__(self, number: int, process: asyncio.subprocess.Process) -> None:
        self.number = number
        self._process = process
        self._in = cast(asyncio.StreamWriter, process.stdin)
        self._out = cast(asyncio.StreamReader, process.stdout)

    @classmethod
    async def start(cls, number: int) -> "_Child":
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "client.load.running.processes", str(number)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
            # Ctrl-C is for the parent, which tells its children.
            start_new_session=True,
        )
        return cls(number, process)

    def say(self, line: str) -> None:
        with contextlib.suppress(OSError):
            self._in.write(line.encode() + b"\n")

    async def until_quiet(self, tell: Any) -> None:
        while "tick" in (message := await self._message()):
            tell(self.number, Tick(**message["tick"]))

    async def result(self) -> dict[str, Any]:
        while "tick" in (message := await self._message()):
            pass
        found: dict[str, Any] = message["result"]
        return found

    async def end(self) -> None:
        self._in.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _message(self) -> dict[str, Any]:
        line = await self._out.readline()
        if not line:
            raise ChildFailed(f"generating process {self.number + 1} ended without a result")
        message: dict[str, Any] = codec.decode(line)
        return message


async def _serve(number: int) -> None:
    """Be a child: read the orders, run, and answer."""
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    line = await reader.readline()
    if not line:
        return
    orders = codec.decode(line)
    plan = Plan(**orders["plan"] | {name: kind(orders["plan"][name]) for name, kind in _ENUMS.items()})
    sales, manager = (
        Person(**orders[name] | {"rights": frozenset(orders[name]["rights"])})
        for name in ("sales", "manager")
    )
    cast = Cast(sales, manager, tuple(orders["channels"]))
    run = Run(plan, cast, connect_to(Target.of(orders["url"])), number=number)
    checks = asyncio.Event()

    async def listen() -> None:
        while line := await reader.readline():
            run.stop.set() if line.strip() == b"stop" else checks.set()
        run.stop.set()
        checks.set()

    async def quiet() -> None:
        _answer({"quiet": True})
        await checks.wait()

    listening = asyncio.create_task(listen())
    result = await run.go(orders["at"], lambda tick: _answer({"tick": asdict(tick)}), quiet)
    _answer({"result": result})
    listening.cancel()


_ENUMS: Final = {"mode": Mode, "arrivals": Arrivals}


def _answer(message: dict[str, Any]) -> None:
    sys.stdout.buffer.write(codec.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def run_with(main: Any) -> Any:
    """Run a coroutine on the fastest loop there is."""
    try:
        import uvloop  # noqa: PLC0415 - there is none for Windows
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run_with(_serve(int(sys.argv[1])))
