"""What may end a sync, in the words of the person who runs it."""

from typing import ClassVar, Final

from server.errors import FAILED, UNUSABLE_INPUT, UserError

RUNNING: Final = 3
REFUSED: Final = 4


class LayoutError(UserError):
    """The mapping file or the warehouse's tables are unusable. ``where`` names the file, table or column."""

    exit_code: ClassVar[int] = UNUSABLE_INPUT

    def __init__(self, where: str, expected: str) -> None:
        super().__init__(where, expected)
        self.where = where
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}"


class WarehouseAway(UserError):
    """The warehouse did not answer, however often it was asked."""

    exit_code: ClassVar[int] = FAILED

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)
        self.place = place
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the warehouse at {self.place} does not answer ({self.reason}): what was stored stays; check"
            " WAREHOUSE_URL and run the sync again, which goes on where it stopped"
        )


class WarehouseRefused(UserError):
    """The warehouse refused a query, and would refuse it again."""

    exit_code: ClassVar[int] = UNUSABLE_INPUT

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the warehouse refused a query ({self.reason}): check its user's rights and the mapping file"


class SyncRunning(UserError):
    """Another sync works on the same database."""

    exit_code: ClassVar[int] = RUNNING

    def __str__(self) -> str:
        return "another sync is running on this database: wait until it is done, or stop it"


class TooManyGone(UserError):
    """More rows would go than a mistake in the warehouse may take along."""

    exit_code: ClassVar[int] = REFUSED

    def __init__(self, what: str, gone: int, known: int, most_percent: int) -> None:
        super().__init__(what, gone, known, most_percent)
        self.what = what
        self.gone = gone
        self.known = known
        self.most_percent = most_percent

    def __str__(self) -> str:
        return (
            f"{self.gone:,} of {self.known:,} {self.what} are gone from the warehouse, more than"
            f" {self.most_percent} %: they were not removed; check the warehouse, or add --yes"
        )
