"""What a channel's log must hold, said a second time and as plainly as possible."""

from dataclasses import dataclass, field

Event = tuple[object, ...]

PENDING, VALUED, FAILED = "pending", "valued", "failed"
CARS_PER_CHUNK = 2


@dataclass
class SearchModel:
    """A search: the state of each of its chunks, who runs it, whether its values were announced."""

    id: str
    owner: str
    lapsed: bool
    chunks: dict[int, str] = field(default_factory=dict)
    ended: str | None = None
    token: str | None = None
    announced: bool = False
    base: int = 0

    def count(self, state: str) -> int:
        """Return how many chunks are in a state."""
        return list(self.chunks.values()).count(state)


@dataclass
class ChannelModel:
    """A channel of one epoch: all its events in order, and what they left behind."""

    events: list[Event] = field(default_factory=list)
    base: int | None = None
    search: SearchModel | None = None
    answers: dict[object, object] = field(default_factory=dict)

    def current(self, search_id: str) -> SearchModel | None:
        """Return the search if it is the current one."""
        return self.search if self.search is not None and self.search.id == search_id else None

    def decide(self, no: int) -> tuple[str, int]:
        if self.base is None:
            return "missing", -1
        if no > self.base + 1:
            return "missing", self.base
        if no <= self.base:
            return "repeated", self.base
        self.base = no
        self.events.append(("deal_changed", no))
        return "published", no

    def begin(
        self, op: object, search_id: str, owner: str, lapsed: bool, replaces: str | None
    ) -> tuple[str, str]:
        if op in self.answers:
            return "repeated", str(self.answers[op])
        older = self.search
        if replaces is not None and (older is None or older.id != replaces):
            return "superseded", "" if older is None else older.id
        if older is not None and older.ended is None:
            self.events.append(("search_ended", older.id, "superseded"))
        self.search = SearchModel(search_id, owner, lapsed)
        self.answers[op] = search_id
        self.events.append(("search_started", search_id))
        return "published", search_id

    def more(self, op: object, search_id: str, token: str, owner: str, lapsed: bool) -> str:
        if op in self.answers:
            return "repeated"
        search = self.current(search_id)
        if search is None:
            return "superseded"
        if search.ended is None or search.token != token:
            return "conflict"
        search.ended = search.token = None
        search.announced, search.owner, search.lapsed = False, owner, lapsed
        search.base = len(search.chunks) * CARS_PER_CHUNK
        self.answers[op] = search_id
        return "published"

    def matches(self, search_id: str, chunk: int, owner: str, lapsed: bool) -> str:
        search = self.current(search_id)
        if search is None or search.ended is not None or search.owner != owner:
            return "superseded"
        if chunk in search.chunks:
            return "repeated"
        search.chunks[chunk] = PENDING
        search.lapsed = lapsed
        self.events.append(("matches", search_id, chunk))
        return "published"

    def end(self, search_id: str, reason: str, owner: str | None, token: str | None) -> str:
        search = self.current(search_id)
        if search is None or (owner is not None and search.owner != owner):
            return "superseded"
        if search.ended is not None:
            return "repeated"
        search.ended, search.token = reason, token
        self.events.append(("search_ended", search_id, reason))
        self._announce(search)
        return "published"

    def settle(self, search_id: str, chunk: int, state: str) -> str:
        search = self.current(search_id)
        if search is None or chunk not in search.chunks:
            return "superseded"
        if search.chunks[chunk] != PENDING:
            return "repeated"
        search.chunks[chunk] = state
        self.events.append(("offers" if state == VALUED else "value_failed", search_id, chunk))
        self._announce(search)
        return "published"

    def revalue(self, op: object, chunks: set[int]) -> set[int]:
        """Return the chunks whose jobs are given out."""
        search = self.search
        if op not in self.answers:
            failed = set() if search is None else {c for c in chunks if search.chunks.get(c) == FAILED}
            for chunk in failed:
                assert search is not None
                search.chunks[chunk], search.announced = PENDING, False
            self.answers[op] = (None if search is None else search.id, failed)
        first, revived = self.answers[op]  # type: ignore[misc]
        if search is None or search.id != first:
            return set()
        return {chunk for chunk in revived if search.chunks[chunk] == PENDING}

    def adopt(self, search_id: str, owner: str, lapsed: bool) -> bool:
        search = self.current(search_id)
        if search is None or search.ended is not None or not search.lapsed:
            return False
        search.owner, search.lapsed = owner, lapsed
        return True

    def renew(self, search_id: str, owner: str, lapsed: bool) -> bool:
        search = self.current(search_id)
        if search is None or search.ended is not None or search.owner != owner:
            return False
        search.lapsed = lapsed
        return True

    def _announce(self, search: SearchModel) -> None:
        if search.ended is not None and not search.count(PENDING) and not search.announced:
            search.announced = True
            counts = [search.count(state) * CARS_PER_CHUNK for state in (VALUED, FAILED)]
            self.events.append(("search_valued", search.id, *counts))
