"""What is sent when a turn of the event loop ends, and what before that."""

import asyncio
from typing import Any

from server.hub.sockets.loop_turn import LoopTurn


async def test_events_stand_before_words() -> None:
    """Both are sent with the turn, in the order in which things happened."""
    turn, sent = LoopTurn(), list[str]()
    turn.has_words(lambda: sent.append("words"))
    turn.has_events(lambda: sent.append("events"))
    assert sent == []
    await asyncio.sleep(0)
    assert sent == ["events", "words"]


async def test_a_read_delivers_at_once_and_once() -> None:
    """The end of the turn finds nothing left; words keep their place behind the events."""
    turn, sent = LoopTurn(), list[str]()
    turn.has_words(lambda: sent.append("words"))
    turn.has_events(lambda: sent.append("events"))
    turn.deliver_at_once()
    assert sent == ["events"]
    await asyncio.sleep(0)
    assert sent == ["events", "words"]


async def test_what_fails_is_reported_and_the_others_are_delivered() -> None:
    """Whoever reads from Redis is not ended by it."""
    turn, sent, reported = LoopTurn(), list[str](), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

    def fail() -> None:
        raise ZeroDivisionError

    turn.has_events(lambda: sent.append("first"))
    turn.has_events(fail)
    turn.has_events(lambda: sent.append("last"))
    turn.deliver_at_once()
    assert sent == ["first"]
    await asyncio.sleep(0)
    assert sent == ["first", "last"]
    assert [type(one["exception"]) for one in reported] == [ZeroDivisionError]
