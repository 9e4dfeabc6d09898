"""How much is parsed in one turn of the loop, and by whom."""

import asyncio

import pytest

from server.web.asgi.intake import BYTES_AT_ONCE, BYTES_PER_TURN, FRAMES_AT_ONCE, FRAMES_PER_TURN, IntakeTurns


class Reader:
    """A connection with so many frames of a size that wait. It writes down whose turn it was."""

    def __init__(self, name: str, frames: int, story: list[str], size: int = 6) -> None:
        self.name = name
        self.frames = frames
        self.size = size
        self.story = story
        self.fails = False

    def has_more(self) -> bool:
        return self.frames > 0

    def parse(self, frames: int, size: int) -> tuple[int, int]:
        if self.fails:
            raise RuntimeError(self.name)
        taken = min(frames, self.frames, max(1, size // self.size))
        self.frames -= taken
        self.story += [self.name] * taken
        return taken, taken * self.size


async def turn() -> None:
    """Let the loop turn once."""
    await asyncio.sleep(0)


async def test_a_turn_is_bounded() -> None:
    """However many connections wait, a turn parses so many frames, then the rest of the loop goes on."""
    turns, story = IntakeTurns(), list[str]()
    for name in "abcdefgh":
        turns.ask(Reader(name, 1_000, story))
    assert len(story) <= FRAMES_PER_TURN
    for _ in range(20):
        before = len(story)
        await turn()
        assert 0 < len(story) - before <= FRAMES_PER_TURN
    assert {name: story.count(name) > 50 for name in "abcdefgh"} == dict.fromkeys("abcdefgh", True)


async def test_large_frames_fill_a_turn_too() -> None:
    """Bytes are bounded as frames are."""
    turns, story = IntakeTurns(), list[str]()
    turns.ask(Reader("a", 100, story, BYTES_AT_ONCE))
    for _ in range(5):
        before = len(story)
        await turn()
        assert 0 < len(story) - before <= BYTES_PER_TURN // BYTES_AT_ONCE + 1


async def test_who_comes_later_waits_for_few() -> None:
    """A command behind a flood waits for one helping of each who floods, not for all that they sent."""
    turns, story = IntakeTurns(), list[str]()
    hostile = [Reader(f"hostile {number}", 10_000, story) for number in range(6)]
    for each in hostile:
        turns.ask(each)
    await turn()
    before = len(story)
    turns.ask(Reader("good", 1, story))
    while "good" not in story:
        await turn()
    assert story.index("good") - before <= len(hostile) * FRAMES_AT_ONCE


async def test_alone_it_is_parsed_at_once() -> None:
    """Where nobody waits, a command does not wait either; a new turn gives a new measure."""
    turns, story = IntakeTurns(), list[str]()
    for number in range(100):
        turns.ask(Reader("a", 1, story))
        assert len(story) == number + 1
        await turn()
        await turn()


async def test_asking_twice_gives_nothing_twice() -> None:
    """Who stands in line already is not served twice for it."""
    turns, story = IntakeTurns(), list[str]()
    reader, other = Reader("a", 1_000, story), Reader("b", 1_000, story)
    for _ in range(50):
        turns.ask(reader)
    turns.ask(other)
    del story[:]
    await turn()
    await turn()
    assert abs(story.count("a") - story.count("b")) <= FRAMES_AT_ONCE


async def test_one_that_fails_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """An error is the loop's to report; the others have their turn."""
    turns, story = IntakeTurns(), list[str]()
    bad, good = Reader("bad", 1_000, story), Reader("good", 1_000, story)
    turns.ask(bad)
    turns.ask(good)
    bad.fails = True
    for _ in range(50):
        await turn()
    assert not good.frames
    assert "RuntimeError: bad" in caplog.text
