"""The watchdog over the end of a process: what hangs is named, and the process is gone all the same."""

import asyncio
import json
import signal
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from server.observe.ending import Ending
from tests.services import ROOT

GUARD_SECONDS = 60.0

# A process that is told to end in SECONDS while a thread of its own computes for ever; COMPUTE says how.
PROCESS = """
import asyncio, re, signal
from server.observe.ending import Ending
from server.observe.logs import configure_logging

def compute():
    print("computing", flush=True)
    COMPUTE

async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told)
    computing = asyncio.create_task(asyncio.to_thread(compute), name="value")
    await over.wait()  # even if the computation has ended: a closed loop would leave SIGTERM to its default

def told():
    ending.begin()
    over.set()
    if BLOCK:
        re.match("(a+)+$", "a" * 40 + "b")

configure_logging("info", "worker")
over, ending = asyncio.Event(), Ending("worker", SECONDS)
asyncio.run(main())
"""


def told_to_end(compute: str, seconds: float = 0.3, *, block: bool = False) -> tuple[int, str]:
    """Run the process until it computes, tell it to end, and return its exit code and what it logged."""
    code = PROCESS.replace("COMPUTE", compute).replace("BLOCK", str(block)).replace("SECONDS", str(seconds))
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "computing\n"
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=GUARD_SECONDS)
    finally:
        process.kill()
        process.communicate()
    return process.returncode, said


def test_a_thread_that_computes_for_ever() -> None:
    """It does not keep the process alive: the log names it and the function that it is in."""
    code, said = told_to_end("while True: pass")
    line = json.loads(said.splitlines()[-1])
    assert code == 1
    assert (line["event"], line["process"], line["level"]) == ("did not end in time", "worker", "error")
    assert any(name.endswith("compute") for name in line["threads"])


def test_code_that_lets_no_thread_run() -> None:
    """A match that takes years and holds the interpreter ends with the process; the stack says where."""
    code, said = told_to_end("pass", block=True)
    assert code == 1
    assert "in told" in said


def test_a_good_end_is_left_alone() -> None:
    """A process that ends in time ends with its own code."""
    assert told_to_end("pass", GUARD_SECONDS) == (0, "")


async def test_what_does_not_close_is_cut_off() -> None:
    """A part that hangs is cancelled and named; the next one is closed."""
    ending, closed = Ending("web", 60), []

    async def hang() -> None:
        await asyncio.Event().wait()

    async def close() -> None:
        closed.append("redis")

    with capture_logs() as log:
        await ending.close("postgres pool", hang, 0.01)
        await ending.close("redis", close)
    assert closed == ["redis"]
    assert [(line["event"], line["what"]) for line in log] == [("cut off", "postgres pool")]


async def test_what_closing_raises_is_raised() -> None:
    """An error on closing is no silence."""

    async def fail() -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        await Ending("web", 60).close("redis", fail)


async def test_background_tasks_are_cancelled_until_they_are_gone() -> None:
    """A task that waits again on its way out, as for a service that hangs, is cancelled again, by name."""

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.Event().wait()

    with capture_logs() as log:
        async with asyncio.timeout(GUARD_SECONDS), Ending("web", 60).background() as tasks:
            tasks.create_task(stubborn(), name="relay")
            await asyncio.sleep(0)
    assert [(line["event"], line["what"]) for line in log] == [("cut off", ["relay"])]


async def test_the_last_word_names_parts_and_tasks() -> None:
    """Where the whole does not end: what was closing, the tasks that are left, and exit code 1."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    codes: list[int] = []

    def end_now(code: int) -> None:
        codes.append(code)
        loop.call_soon_threadsafe(ended.set)

    ending = Ending("web", 0.01, end_now)
    left = asyncio.create_task(asyncio.Event().wait(), name="left behind")
    with capture_logs() as log, ending.step("searches"):
        ending.begin()
        ending.begin()
        async with asyncio.timeout(GUARD_SECONDS):
            await ended.wait()
    left.cancel()
    assert codes == [1]
    assert log[0]["parts"] == ["searches"]
    assert "left behind" in log[0]["tasks"]
