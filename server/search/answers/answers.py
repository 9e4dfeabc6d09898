"""The answers of one process: those that are being made, and those that are kept for repeated searches.

At most one answer is kept for a question, the newest. It may be given to a search if it is as of the present
state of the world; an older one only as what it is, a stale one.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from server.search.answers.answer import Answer, Part, Value
from server.search.answers.question import AsOf, Question
from server.search.answers.stock_versions import Mark, StockVersions
from server.search.sql.query import Stock

MOST_BYTES: Final = 32 * 1024 * 1024
MOST_BYTES_OF_ONE: Final = MOST_BYTES // 4
"""A larger answer is not kept: it would push too many others out."""

KEPT_SECONDS: Final = 4 * 60 * 60.0


class Answers:
    """The answers. ``clock`` returns monotonic seconds.

    ``hits``, ``joins`` and ``misses`` count searches by where their answer came from: from a kept one, from
    one that was being made, or from the stock. ``stale_hits`` counts those that got an older one.
    """

    def __init__(
        self,
        versions: StockVersions | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        most_bytes: int = MOST_BYTES,
        most_bytes_of_one: int = MOST_BYTES_OF_ONE,
    ) -> None:
        self.hits = self.joins = self.misses = self.stale_hits = self.evictions = 0
        self.versions = StockVersions() if versions is None else versions
        self._clock = clock
        self._most_bytes = most_bytes
        self._most_bytes_of_one = most_bytes_of_one
        self._bytes = 0
        self._kept: OrderedDict[Question, Answer] = OrderedDict()
        self._making: dict[Question, tuple[Answer, Stock, Mark]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size_bytes(self) -> int:
        """How much memory the kept answers take, about."""
        return self._bytes

    def find(self, question: Question, as_of: AsOf) -> Answer | None:
        """Return an answer as of this state, kept or being made; None if there is none."""
        kept = self._fresh(question)
        if kept is not None and kept.opening is not None and kept.opening.as_of == as_of:
            self._kept.move_to_end(question)
            return kept
        making = self._made_now(question)
        if making is None or making.opening is None or making.opening.as_of != as_of:
            return None
        return making

    def joinable(self, question: Question, stock: Stock, as_of: AsOf) -> Answer | None:
        """Return an answer that is being made and can be no older than this moment.

        Its snapshot begins later, or nothing was announced about the stock since it began. The version of
        ``as_of`` is not looked at.
        """
        making = self._made_now(question)
        if making is None or not self.versions.stands(stock, self._making[question][2]):
            return None
        opening = making.opening
        # Before it is open, it may still turn out to be of another day or of other editions.
        return making if opening is None or _same_but_stock(opening.as_of, as_of) else None

    def stale(self, question: Question) -> Answer | None:
        """Return the newest complete answer, of whatever versions; None if there is none or it is too old."""
        return self._fresh(question)

    def age_seconds(self, answer: Answer) -> int:
        """Return how long ago an answer was made, at least 1."""
        return max(1, round(self._clock() - answer.made_at))

    def is_being_made(self, question: Question) -> bool:
        """Return whether a search makes the answer to this question now."""
        return self._made_now(question) is not None

    @contextmanager
    def making(self, question: Question, stock: Stock, mark: Mark, maker: str) -> Iterator[Answer]:
        """Make the answer to a question; it is kept if it has ended by then.

        ``mark`` was taken before the snapshot began. Whoever joined goes on alone if it has not ended.
        """
        answer = Answer(maker, self._clock())
        self._making[question] = answer, stock, mark
        try:
            yield answer
        except BaseException as error:
            answer.abandon(error)
            raise
        finally:
            answer.abandon()
            if question in self._making and self._making[question][0] is answer:
                del self._making[question]
            if answer.ending is not None and answer.size_bytes <= self._most_bytes_of_one:
                self._keep(question, answer)

    def learn(self, value: Value, offers: bytes) -> None:
        """Keep the offers of a chunk, which needs its job no more."""
        value.offers = offers
        answer = None if value.part_of is None else value.part_of[0]()
        part = None if answer is None else answer.part_of(value)
        if answer is None or part is None:
            return
        more, part.job = len(offers) - len(part.job or b""), None
        answer.size_bytes += more
        if answer.kept:
            self._bytes += more
            self._trim()

    def add(self, answer: Answer, part: Part) -> None:
        """Add the next chunk of an answer that is being made.

        If it grows too large to be kept and nobody else reads it, it is abandoned.
        """
        if answer.abandoned:
            return
        answer.add(part)
        if answer.size_bytes > self._most_bytes_of_one and not answer.readers:
            answer.abandon()
            answer.parts.clear()

    def _made_now(self, question: Question) -> Answer | None:
        found = self._making.get(question)
        return None if found is None or found[0].abandoned else found[0]

    def _fresh(self, question: Question) -> Answer | None:
        kept = self._kept.get(question)
        if kept is not None and self._clock() - kept.made_at >= KEPT_SECONDS:
            self._drop(question)
            return None
        return kept

    def _keep(self, question: Question, answer: Answer) -> None:
        older = self._kept.get(question)
        if older is not None and older.made_at > answer.made_at:
            return
        if older is not None:
            self._drop(question)
        self._kept[question], answer.kept = answer, True
        self._bytes += answer.size_bytes
        self._trim()

    def _drop(self, question: Question) -> None:
        dropped = self._kept.pop(question)
        dropped.kept = False
        self._bytes -= dropped.size_bytes

    def _trim(self) -> None:
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))
            self.evictions += 1


def _same_but_stock(one: AsOf, other: AsOf) -> bool:
    return (one.today, one.in_force) == (other.today, other.in_force)
