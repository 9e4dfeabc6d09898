"""The answer to a question: chunks as they were published, in full view, and how they ended.

A search that reads the stock makes an answer grow; others publish its chunks to their own channels meanwhile.
Only references to bytes that the first search sent anyway are kept. No I/O.
"""

import asyncio
import weakref
from dataclasses import dataclass, field
from typing import Any

from protocol.records import EndReason, Versions
from server.log.search_log import Progress
from server.search.answers.question import AsOf
from server.search.sql.statement import Keyset

JOB_INPUTS = b',"inputs":'
"""What of a job follows the names of its search and its deal."""

PART_BYTES = 2_000
"""About what a chunk takes in addition to its JSON."""


@dataclass(eq=False, slots=True)
class Value:
    """The offers of a chunk, as JSON of their columns; None until a worker has sent them.

    ``part_of`` are the chunk's answer, while anybody keeps it, and its place in it.
    """

    offers: bytes | None = None
    part_of: "tuple[weakref.ref[Answer], int] | None" = None


@dataclass(eq=False, slots=True)
class Part:
    """One chunk: the JSON of its columns, and all that its publication states.

    ``progress`` and ``rejected`` count everything up to ``last``, its last match. ``job`` is the chunk's job
    as JSON, for whichever search it was made; None once the offers are known.
    """

    cells: bytes
    rows: int
    progress: Progress
    rejected: list[dict[str, Any]]
    last: Keyset
    job: bytes | None
    value: Value = field(default_factory=Value)

    @property
    def size_bytes(self) -> int:
        """About how much memory the chunk takes."""
        return PART_BYTES + len(self.cells) + len(self.job or b"") + len(self.value.offers or b"")


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended: complete, or at its limit after ``last``."""

    reason: EndReason
    progress: Progress
    rejected: list[dict[str, Any]]
    last: Keyset | None


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known when the first rows are asked for: versions, and how many rows the planner expects."""

    as_of: AsOf
    versions: Versions
    estimate: int


class Answer:
    """An answer that grows until it ends, or is abandoned by the search that makes it.

    ``made_at`` is the time when it began, by the clock of ``Answers``; ``maker`` the channel of the search
    that makes it, ``readers`` how many others publish it meanwhile.
    """

    def __init__(self, maker: str, made_at: float) -> None:
        self.maker = maker
        self.made_at = made_at
        self.opening: Opening | None = None
        self.parts: list[Part] = []
        self.ending: Ending | None = None
        self.size_bytes = 0
        self.readers = 0
        self.kept = False
        self.abandoned = False
        self.error: BaseException | None = None
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def is_settled(self) -> bool:
        """Whether it grows no more."""
        return self.ending is not None or self.abandoned

    def open(self, opening: Opening) -> None:
        """Say what the answer is computed from; chunks follow."""
        self.opening = opening
        self.wake()

    def add(self, part: Part) -> None:
        """Add the next chunk."""
        part.value.part_of = weakref.ref(self), len(self.parts)
        self.parts.append(part)
        self.size_bytes += part.size_bytes
        self.wake()

    def part_of(self, value: Value) -> Part | None:
        """Return the chunk of a value; None if the answer does not keep it."""
        place = -1 if value.part_of is None else value.part_of[1]
        part = self.parts[place] if 0 <= place < len(self.parts) else None
        return part if part is not None and part.value is value else None

    def end(self, ending: Ending) -> None:
        """Complete the answer, unless it is abandoned."""
        if not self.abandoned:
            self.ending = ending
            self.wake()

    def abandon(self, error: BaseException | None = None) -> None:
        """Let whoever waits go on without this answer, unless it has ended. ``error`` is what stopped it."""
        if not self.is_settled:
            self.abandoned, self.error = True, error
            self.wake()

    async def opened(self) -> Opening | None:
        """Return what the answer is computed from; None if it was abandoned before that was known."""
        while self.opening is None and not self.abandoned:
            await self.change()
        return self.opening

    async def change(self) -> None:
        """Return at the next change."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def wake(self) -> None:
        """Let those who wait look again."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)


def readdressed(job: bytes, search_id: str, deal_version: int) -> bytes:
    """Return the job of a chunk for another search of another deal, which asks the same."""
    at = job.index(JOB_INPUTS)
    head = b'{"search_id":"%s","deal_version":%d' % (search_id.encode(), deal_version)
    return b"".join((head, memoryview(job)[at:]))
