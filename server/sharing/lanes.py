"""Whose work it is. Turns go between stores first, then between the people of a store."""

from dataclasses import dataclass
from typing import Final

SEPARATOR: Final = "|"


@dataclass(frozen=True, slots=True)
class Lane:
    """The line in which a person's work waits. Empty names are the system's own, and that of older jobs."""

    store_id: str = ""
    person_id: str = ""

    def __post_init__(self) -> None:
        if SEPARATOR in self.store_id + self.person_id:
            raise ValueError(f"expected ids without {SEPARATOR!r}, got {self!r}")

    def __str__(self) -> str:
        return f"{self.store_id}{SEPARATOR}{self.person_id}"
