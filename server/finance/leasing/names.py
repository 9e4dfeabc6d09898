"""What lease programmes name cars by: make, model and body."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol.money.inputs import CarName
from protocol.money.leasing import LeaseProgramme

UNNAMED = -1


@dataclass(frozen=True, slots=True, eq=False)
class CarNames:
    """The different names of some cars, and each car's number among them, UNNAMED without one; shape (c,)."""

    names: tuple[CarName, ...]
    of_car: NDArray[np.int64]

    @classmethod
    def of(cls, names: Sequence[CarName], of_car: Sequence[int], cars: int) -> "CarNames":
        """Return the names of a job; without numbers none of its cars has a name."""
        numbers = np.array(of_car, dtype=np.int64) if len(of_car) else np.full(cars, UNNAMED, dtype=np.int64)
        return cls(tuple(names), numbers)

    @classmethod
    def each(cls, names: Sequence[CarName | None]) -> "CarNames":
        """Return the names of cars, one for each."""
        numbers: dict[CarName, int] = {}
        of_car = [UNNAMED if name is None else numbers.setdefault(name, len(numbers)) for name in names]
        return cls(tuple(numbers), np.array(of_car, dtype=np.int64))


def exactness(row: LeaseProgramme) -> tuple[bool, bool, bool]:
    """Return how exactly a row names cars, to be compared: model before segment before make."""
    return bool(row.model), bool(row.segment), bool(row.make)
