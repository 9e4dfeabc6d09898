"""SIGTERM and SIGHUP end a command in order, also in the midst of an event loop."""

import asyncio
import signal
from collections.abc import Callable, Iterator

import pytest
import uvloop

from server.run.stop_signals import STOP_SIGNALS, ended_by_signals


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put back what the tests' process does on these signals."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_without_a_loop_it_leaves_through_every_with(number: signal.Signals) -> None:
    left: list[str] = []

    with pytest.raises(SystemExit) as ended, ended_by_signals():
        try:
            signal.raise_signal(number)
        finally:
            left.append("the services")

    assert (ended.value.code, left) == (128 + number, ["the services"])


@pytest.mark.parametrize("number", STOP_SIGNALS)
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_loop_is_not_broken_off_and_its_tasks_are_cancelled(
    number: signal.Signals, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """As asyncpg hands over an answer: who waits for it is woken up, and told to end."""
    seen: list[str] = []

    async def waits() -> None:
        answer = asyncio.get_running_loop().create_future()

        def answers() -> None:
            signal.raise_signal(number)
            seen.append("answered")
            answer.set_result(None)

        asyncio.get_running_loop().call_soon(answers)
        try:
            await answer
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    with (
        pytest.raises(SystemExit) as ended,
        ended_by_signals(),
        asyncio.Runner(loop_factory=new_loop) as runner,
    ):
        runner.run(waits())

    assert (ended.value.code, seen) == (128 + number, ["answered", "cancelled"])


def test_a_second_signal_ends_what_does_not_listen() -> None:
    async def deaf() -> None:
        signal.raise_signal(signal.SIGTERM)
        for _ in range(10):
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as ended, ended_by_signals():
        asyncio.run(deaf())

    assert ended.value.code == 128 + signal.SIGTERM


def test_work_that_is_done_all_the_same_ends_as_told() -> None:
    """Whoever sent the signal must not take it for a run that nobody ended."""

    async def last() -> None:
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as ended, ended_by_signals():
        asyncio.run(last())

    assert ended.value.code == 128 + signal.SIGTERM


def test_a_cancellation_of_the_program_itself_is_a_fault() -> None:
    with pytest.raises(asyncio.CancelledError), ended_by_signals():
        raise asyncio.CancelledError
