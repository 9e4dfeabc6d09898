"""Which answers are kept, for how long, and who may have them."""

import asyncio
import datetime as dt
from contextlib import suppress
from typing import Any

from protocol import codec
from protocol.jobs import ValueJob
from protocol.records import EndReason, Scope, Versions
from server.database.editions.versions import InForce
from server.log.search_log import Progress
from server.search.answers.answer import PART_BYTES, Answer, Ending, Opening, Part, readdressed
from server.search.answers.answers import KEPT_SECONDS, Answers
from server.search.answers.question import AsOf, Question
from server.search.answers.stock_versions import StockVersions
from server.search.sql.query import Stock
from server.search.sql.statement import Keyset

STORE = Stock("s", "g", Scope.STORE)
GROUP = Stock("s", "g", Scope.GROUP)
DAY = dt.date(2026, 3, 1)
VERSIONS = Versions(inventory="1", rates="r", tax="", risk="r", engine="1")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def as_of(inventory: int = 1, rates: str = "r", day: dt.date = DAY) -> AsOf:
    return AsOf(day, InForce(rates=rates, risk="r"), inventory)


def part(size: int) -> Part:
    return Part(b"x" * size, 1, Progress(1, 1, 1), [], Keyset(1, 1), b"")


def make(answers: Answers, name: bytes, *, size: int = 0, at: AsOf | None = None) -> Answer:
    """Have an answer made and kept."""
    with answers.making(Question(name), STORE, answers.versions.mark(STORE), "deal:1") as answer:
        answer.open(Opening(at or as_of(), VERSIONS, 0))
        answers.add(answer, part(size))
        answer.end(Ending(EndReason.COMPLETE, Progress(1, 1, 1), [], None))
    return answer


def test_an_answer_is_of_one_day_one_stock_and_its_editions() -> None:
    """Anything newer asks anew; the older one is still there as a stale one, until it is too old."""
    clock = Clock()
    answers = Answers(clock=clock)
    kept = make(answers, b"q")
    assert answers.find(Question(b"q"), as_of()) is kept
    for newer in (as_of(2), as_of(rates="s"), as_of(day=DAY + dt.timedelta(days=1))):
        assert answers.find(Question(b"q"), newer) is None
    assert answers.find(Question(b"other"), as_of()) is None
    clock.now = KEPT_SECONDS - 1
    assert answers.stale(Question(b"q")) is kept
    newest = make(answers, b"q", at=as_of(2))
    assert answers.stale(Question(b"q")) is newest
    clock.now += KEPT_SECONDS
    assert answers.stale(Question(b"q")) is None
    assert (len(answers), answers.size_bytes) == (0, 0)


def test_an_older_answer_does_not_replace_a_newer_one() -> None:
    """It began earlier and took longer."""
    clock = Clock()
    answers = Answers(clock=clock)
    with answers.making(Question(b"q"), STORE, answers.versions.mark(STORE), "deal:1") as slow:
        slow.open(Opening(as_of(1), VERSIONS, 0))
        clock.now = 1.0
        newer = make(answers, b"q", at=as_of(2))
        slow.end(Ending(EndReason.COMPLETE, Progress(0, 0, 0), [], None))
    assert answers.stale(Question(b"q")) is newer


def test_what_was_used_longest_ago_goes_first() -> None:
    """The memory is bounded, offers that come later included; one large answer does not empty it."""
    answers = Answers(most_bytes=10 * PART_BYTES, most_bytes_of_one=4 * PART_BYTES)
    for name in (b"a", b"b", b"c"):
        make(answers, name, size=2 * PART_BYTES)
    answers.find(Question(b"a"), as_of())
    make(answers, b"too large", size=4 * PART_BYTES)
    assert [answers.stale(Question(name)) is not None for name in (b"a", b"b", b"c", b"too large")] == [
        True,
        True,
        True,
        False,
    ]
    large = answers.find(Question(b"c"), as_of())
    assert large is not None
    answers.learn(large.parts[0].value, b"o" * 2 * PART_BYTES)
    assert [answers.stale(Question(name)) is not None for name in (b"a", b"b", b"c")] == [True, False, True]
    assert answers.size_bytes == 3 * PART_BYTES + 5 * PART_BYTES
    assert answers.evictions == 1


def test_a_chunk_needs_no_job_once_it_is_valued() -> None:
    """Its memory is given back, whether or not the answer is kept."""
    answers = Answers()
    answer = make(answers, b"q")
    answer.parts[0].job = b"j" * 100
    answer.size_bytes += 100
    before = answer.size_bytes
    answers.learn(answer.parts[0].value, b"offers")
    assert (answer.parts[0].job, answer.parts[0].value.offers) == (None, b"offers")
    assert answer.size_bytes == before - 100 + len(b"offers")


def test_who_may_join() -> None:
    """An answer that is being made, until something of its stock is announced, or while nothing is heard."""
    hears = True
    versions = StockVersions(lambda: hears)
    answers = Answers(versions)
    question = Question(b"q")
    with suppress(KeyError), answers.making(question, STORE, versions.mark(STORE), "deal:1") as answer:
        assert answers.joinable(question, STORE, as_of(-1)) is answer
        answer.open(Opening(as_of(), VERSIONS, 0))
        assert answers.joinable(question, STORE, as_of(-1)) is answer
        assert answers.joinable(question, STORE, as_of(-1, rates="s")) is None
        assert answers.find(question, as_of()) is answer
        hears = False
        assert answers.joinable(question, STORE, as_of(-1)) is None
        hears = True
        versions.heard("s g")
        assert answers.joinable(question, STORE, as_of(-1)) is None
        raise KeyError
    assert answer.abandoned and isinstance(answer.error, KeyError)
    assert answers.find(question, as_of()) is None


def test_an_answer_that_outgrows_its_share_is_given_up_unless_others_read_it() -> None:
    """Nobody is left with half of it."""
    answers = Answers(most_bytes_of_one=2 * PART_BYTES)
    mark = answers.versions.mark(STORE)
    with answers.making(Question(b"q"), STORE, mark, "deal:1") as alone:
        for _ in range(3):
            answers.add(alone, part(0))
    assert alone.abandoned and not alone.parts
    with answers.making(Question(b"r"), STORE, mark, "deal:1") as read:
        read.readers = 1
        for _ in range(3):
            answers.add(read, part(0))
        read.end(Ending(EndReason.COMPLETE, Progress(3, 3, 3), [], None))
    assert read.ending is not None and len(read.parts) == 3
    assert answers.stale(Question(b"r")) is None


async def test_who_waits_is_woken_by_every_change() -> None:
    """By the opening, a chunk, the end, and when the answer is abandoned."""
    answer, seen = Answer("deal:1", 0.0), list[str]()

    async def watch() -> None:
        await answer.opened()
        while not answer.is_settled:
            await answer.change()
            seen.append(f"{len(answer.parts)} {answer.abandoned}")

    watching = asyncio.create_task(watch())
    steps: list[Any] = [
        lambda: answer.open(Opening(as_of(), VERSIONS, 0)),
        lambda: answer.add(part(0)),
        answer.abandon,
    ]
    for step in steps:
        await asyncio.sleep(0)
        step()
        await asyncio.sleep(0)
    await watching
    assert seen == ["1 False", "1 True"]
    never = Answer("deal:1", 0.0)
    never.abandon()
    assert await never.opened() is None


def test_a_job_is_readdressed() -> None:
    """It is the same job for another search of another deal."""
    job = ValueJob(
        search_id="s1",
        deal_version=3,
        inputs={"note": ',"inputs":'},  # type: ignore[arg-type]
        versions=VERSIONS,
        vehicle_id=["1"],
        rev=[1],
        numbers={},
    )
    again = codec.decode(readdressed(codec.encode(job), "s2", 12))
    assert again == codec.decode(codec.encode(job)) | {"search_id": "s2", "deal_version": 12}


def test_versions_are_forgotten_with_what_was_announced() -> None:
    """A version that was read before an announcement and is kept after it would be an older one."""
    versions = StockVersions(lambda: True)
    for stock in (STORE, GROUP):
        versions.learn(stock, versions.mark(stock), 7)
        assert versions.known(stock) == 7
    late = versions.mark(STORE)
    versions.heard("other g")
    assert (versions.known(STORE), versions.known(GROUP)) == (7, None)
    versions.heard("s g")
    versions.learn(STORE, late, 7)
    assert versions.known(STORE) is None
    late = versions.mark(STORE)
    versions.missed()
    versions.learn(STORE, late, 8)
    assert versions.known(STORE) is None
    assert StockVersions().known(STORE) is None


def test_a_newer_state_on_a_screen_makes_the_stock_unknown() -> None:
    """Once for each state: claims of a car are told with the state that it had."""
    versions = StockVersions(lambda: True)
    known = []
    for rev in (1, 2, 2, 1, 3):
        versions.learn(STORE, versions.mark(STORE), 7)
        versions.changed("s", "g", "car", rev)
        known.append(versions.known(STORE))
    assert known == [7, None, 7, 7, None]
