"""What may end a sync, in the words of the person who runs it."""

from typing import ClassVar, Final

from server.database.importing.snapshot import GUARD_PERCENT
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


class TooSlow(UserError):
    """A query ran into its time limit: a smaller one, or the same one later, may not."""

    exit_code: ClassVar[int] = FAILED

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f"a query of the warehouse took longer than {self.seconds:g} s: what was stored stays; run the"
            " sync again, or sort the table by updated_at and its key"
        )


class TooManyGone(UserError):
    """More rows of a store would go in a run than a mistake in the warehouse may take along. ``removed`` of
    the ``gone`` ones were removed by earlier pages of the run.
    """

    exit_code: ClassVar[int] = REFUSED

    def __init__(self, what: str, store: str, *, gone: int, known: int, removed: int) -> None:
        super().__init__(what, store)
        self.what = what
        self.store = store
        self.gone = gone
        self.known = known
        self.removed = removed

    def __str__(self) -> str:
        return (
            f"{self.gone:,} of {self.known:,} {self.what} of {self.store} are gone from the warehouse, more"
            f" than {GUARD_PERCENT} %: {self.removed:,} were removed before that was seen, the rest was"
            " not; check the warehouse, or add --yes"
        )
