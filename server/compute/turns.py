"""Whose turn it is: a bounded queue that serves stores in turn, and within a store its people. No I/O."""

from collections import deque
from typing import Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")

MOST_WAITING: Final = 512
MOST_WAITING_OF_PERSON: Final = 16


class Share(NamedTuple):
    """On whose account something waits."""

    store_id: str
    person_id: str


class Turns(Generic[T]):
    """Items that wait. One store's never wait for more than one item of each other store at a time."""

    def __init__(self, most: int = MOST_WAITING, most_of_person: int = MOST_WAITING_OF_PERSON) -> None:
        self._most = most
        self._most_of_person = most_of_person
        self._stores: dict[str, dict[str, deque[T]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def has_room(self, share: Share) -> bool:
        """Return whether one more item may wait on this account."""
        mine = self._stores.get(share.store_id, {}).get(share.person_id, ())
        return self._count < self._most and len(mine) < self._most_of_person

    def put(self, share: Share, item: T) -> None:
        """Let ``item`` wait. Raises IndexError where there is no room."""
        if not self.has_room(share):
            raise IndexError(share)
        people = self._stores.setdefault(share.store_id, {})
        people.setdefault(share.person_id, deque()).append(item)
        self._count += 1

    def take(self) -> T:
        """Return the item whose turn it is. Raises IndexError where none waits.

        The store and the person that it belonged to go behind all others that wait.
        """
        if not self._count:
            raise IndexError("nobody waits")
        store_id = next(iter(self._stores))
        people = self._stores.pop(store_id)
        person_id = next(iter(people))
        items = people.pop(person_id)
        item = items.popleft()
        if items:
            people[person_id] = items
        if people:
            self._stores[store_id] = people
        self._count -= 1
        return item
