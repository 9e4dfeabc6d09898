"""Offers that are computed once for all searches that publish the same chunk.

The first search that publishes a chunk has it valued. Its process hears the offers on the channel of that
search, as its watchers do, keeps them with the chunk, and publishes them to the channels of the others. A
chunk is pending on every channel meanwhile: if no offers come, the keeper queues its job there.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import structlog
from redis.exceptions import RedisError

from protocol import codec
from server.log.channel_log import Entry
from server.log.event_json import read_offers
from server.log.search_log import SearchLog
from server.search.answers.answer import Value
from server.search.answers.answers import Answers

OFFERS: Final = b'{"type":"offers",'
SEARCH_STARTED: Final = b'{"type":"search_started",'
"""How the events that are heard begin."""

MOST_SEARCHES: Final = 2_000
"""How many searches' offers are listened for at most."""

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class Sharer:
    """A search that shares chunks, and the values that it waits for by the numbers of their chunks.

    ``begun``: its channel is heard up to its beginning. ``gone``: another search took its place.
    """

    channel: str
    search_id: str
    values: dict[int, Value] = field(default_factory=dict)
    begun: bool = False
    gone: bool = False


class Waiting(NamedTuple):
    """A chunk of a search that waits for the offers of another one; ``queue`` has it valued for itself."""

    sharer: Sharer
    chunk: int
    rows: int
    queue: Callable[[], Coroutine[Any, Any, None]]


@dataclass(eq=False, slots=True)
class _Shared:
    """Who has a chunk valued, and who waits for that."""

    source: Sharer
    waiting: list[Waiting] = field(default_factory=list)


class SharedValues:
    """The shared values of a process. ``is_heard`` returns whether it hears the events of a channel."""

    def __init__(
        self, channels: SearchLog, answers: Answers, is_heard: Callable[[str], bool] = lambda channel: False
    ) -> None:
        self.shared = 0
        self._channels = channels
        self._answers = answers
        self._is_heard = is_heard
        self._sharers: OrderedDict[str, Sharer] = OrderedDict()
        self._latest: OrderedDict[str, str] = OrderedDict()
        self._under_way: dict[Value, _Shared] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def join(self, channel: str, search_id: str) -> Sharer:
        """Return the sharer of a search, which is now its channel's current one."""
        sharer = self._sharers.get(channel)
        if sharer is not None and sharer.search_id == search_id:
            return sharer
        if sharer is not None:
            self.leave(sharer)
        begun = self._latest.get(channel) == search_id
        sharer = self._sharers[channel] = Sharer(channel, search_id, begun=begun)
        while len(self._sharers) > MOST_SEARCHES:
            self.leave(next(iter(self._sharers.values())))
        return sharer

    def leave(self, sharer: Sharer) -> None:
        """Expect nothing more of a search; those that waited for its values are valued for themselves."""
        sharer.gone = True
        if self._sharers.get(sharer.channel) is sharer:
            del self._sharers[sharer.channel]
        values, sharer.values = sharer.values, {}
        for value in values.values():
            shared = self._under_way.get(value)
            if shared is not None and shared.source is sharer:
                self._lost(value, shared)

    def claim(self, sharer: Sharer, chunk: int, value: Value) -> bool:
        """Return whether a search must have a chunk valued: no other one that is heard does."""
        if value in self._under_way:
            return False
        if self._is_heard(sharer.channel):
            self._under_way[value] = _Shared(sharer)
            sharer.values[chunk] = value
        return True

    def wait(self, value: Value, waiting: Waiting) -> None:
        """Publish the offers of a chunk that was just published, once they are known."""
        shared = self._under_way.get(value)
        if value.offers is not None:
            self._start(self._publish([waiting], value.offers))
        elif shared is not None:
            waiting.sharer.values[waiting.chunk] = value
            shared.waiting.append(waiting)
        else:
            self.claim(waiting.sharer, waiting.chunk, value)
            self._start(waiting.queue())

    def heard(self, channel: str, entry: Entry) -> None:
        """Take an ``offers`` event of a channel. Returns at once."""
        sharer = self._sharers.get(channel)
        if sharer is None or not sharer.values:
            return
        search_id, chunk, offers = read_offers(entry.body)
        value = sharer.values.pop(chunk, None) if search_id == sharer.search_id else None
        if value is None or value.offers is not None:
            return
        self._answers.learn(value, offers)
        shared = self._under_way.pop(value, None)
        if shared is not None and shared.waiting:
            self._start(self._publish(shared.waiting, offers))

    def search_started(self, channel: str, entry: Entry) -> None:
        """Take a ``search_started`` event of a channel: its older search is not valued any further."""
        search_id = codec.decode(entry.body)["search_id"]
        self._latest.pop(channel, None)
        self._latest[channel] = search_id
        while len(self._latest) > MOST_SEARCHES:
            self._latest.popitem(last=False)
        sharer = self._sharers.get(channel)
        if sharer is None:
            return
        if sharer.search_id == search_id:
            sharer.begun = True
        elif sharer.begun:
            # Before that, the event is of a search that this one replaced.
            self.leave(sharer)

    async def aclose(self) -> None:
        """Stop publishing: what is pending then is valued from the log."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _lost(self, value: Value, shared: _Shared) -> None:
        """Have a chunk valued for the next search that waits for it; the others wait for that one."""
        del self._under_way[value]
        waiting = [each for each in shared.waiting if not each.sharer.gone]
        while waiting and value not in self._under_way:
            heir = waiting.pop(0)
            self.claim(heir.sharer, heir.chunk, value)
            self._start(heir.queue())
        if waiting:
            self._under_way[value].waiting = waiting

    async def _publish(self, waiting: list[Waiting], offers: bytes) -> None:
        for each in waiting:
            if each.sharer.gone:
                continue
            try:
                await self._channels.offers(
                    each.sharer.channel,
                    search_id=each.sharer.search_id,
                    chunk=each.chunk,
                    rows=each.rows,
                    columns=offers,
                )
                self.shared += 1
            except RedisError as error:
                # The chunk is pending: its job is queued from the log later.
                log.warning("values not shared", search_id=each.sharer.search_id, error=error)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="shared values")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
