"""DuckDB, which only the commands about history import: an optional dependency."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from server.errors import UNUSABLE_INPUT, UserError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_MIB: Final = 1_024
THREADS: Final = 2
SPILL: Final = ".spill"
"""The folder, in the history's own, for what does not fit into DuckDB's memory."""


class EngineMissing(UserError):
    """DuckDB is not installed."""

    exit_code = UNUSABLE_INPUT

    def __str__(self) -> str:
        return "history needs DuckDB, which is not installed: pip install 'deal-architect[history]'"


class HistoryUnusable(UserError):
    """A folder or rows that are not a payment history. ``what`` names the file, column or option."""

    exit_code = UNUSABLE_INPUT

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(what, expected)
        self.what = what
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}"


@contextmanager
def engine(folder: Path, memory_mib: int = MEMORY_MIB) -> Iterator["DuckDBPyConnection"]:
    """Open DuckDB in memory, with at most ``memory_mib`` and what exceeds it spilled into ``folder``.

    Raises EngineMissing; HistoryUnusable if a file cannot be read or written, or if the memory is not enough.
    """
    try:
        import duckdb
    except ImportError:
        raise EngineMissing from None
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_mib}MiB",
        "threads": THREADS,
        "temp_directory": str(folder / SPILL),
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        with duckdb.connect(":memory:", config=config) as database:
            database.execute("SET TimeZone = 'UTC'")
            yield database
    except duckdb.OutOfMemoryException as error:
        raise HistoryUnusable("--memory-mib", f"more than {memory_mib}: {_first_line(error)}") from error
    except (
        duckdb.IOException,
        duckdb.InvalidInputException,
        duckdb.BinderException,
        duckdb.ConversionException,
    ) as error:
        raise HistoryUnusable(
            str(folder), f"readable Parquet files, and room for others: {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
