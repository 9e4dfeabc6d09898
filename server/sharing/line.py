"""A bounded queue that serves stores in rotation, and the people of a store likewise. No I/O."""

from collections import deque
from typing import Final, Generic, TypeVar

from server.sharing.lanes import Lane

T = TypeVar("T")

MOST_WAITING: Final = 512
MOST_WAITING_OF_PERSON: Final = 16


class Line(Generic[T]):
    """Items that wait. One store's never wait for more than one item of each other store at a time."""

    def __init__(self, most: int = MOST_WAITING, most_of_person: int = MOST_WAITING_OF_PERSON) -> None:
        self._most = most
        self._most_of_person = most_of_person
        self._stores: dict[str, dict[str, deque[T]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def has_room(self, lane: Lane) -> bool:
        """Return whether one more item may wait in this lane."""
        mine = self._stores.get(lane.store_id, {}).get(lane.person_id, ())
        return self._count < self._most and len(mine) < self._most_of_person

    def put(self, lane: Lane, item: T) -> None:
        """Let ``item`` wait. Raises IndexError if there is no room."""
        if not self.has_room(lane):
            raise IndexError(lane)
        people = self._stores.setdefault(lane.store_id, {})
        people.setdefault(lane.person_id, deque()).append(item)
        self._count += 1

    def take(self) -> T:
        """Return the item whose turn it is. Raises IndexError if none waits.

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
