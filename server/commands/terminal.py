"""Progress and error messages of a command at the terminal."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
import redis
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from protocol.texts import echoed
from server.errors import FAILED, UserError


class UserUnknown(UserError):
    """No active user has that login."""

    def __init__(self, login: str) -> None:
        super().__init__(login)
        self.login = login

    def __str__(self) -> str:
        return f"no active user {self.login!r}: `deal-architect seed` creates the sample users"


class DealUnknown(UserError):
    """There is no deal with that id."""

    def __init__(self, deal_id: str) -> None:
        super().__init__(deal_id)
        self.deal_id = deal_id

    def __str__(self) -> str:
        return f"there is no deal {echoed(self.deal_id)}"


class StoreMissing(UserError):
    """The database holds no store."""

    def __str__(self) -> str:
        return "there is no store yet: `deal-architect seed` creates the sample stores"


RIGHTS: Final = "docs/operations/redis.md"
UNKNOWN_AUTHORITY: Final = "CERTIFICATE_VERIFY_FAILED"

# Exceptions of libraries, and what to check. The first match counts.
REMEDIES: tuple[tuple[type[Exception], str], ...] = (
    (redis.AuthenticationError, "check the user and the password in REDIS_URL"),
    (redis.exceptions.NoPermissionError, f"give the user in REDIS_URL the rights that {RIGHTS} lists"),
    (redis.RedisError, "check that Redis is running at REDIS_URL"),
    (asyncpg.UndefinedTableError, "run `deal-architect migrate`"),
    (asyncpg.DeadlockDetectedError, "another program changed the same rows: try again"),
    (asyncpg.LockNotAvailableError, "another program has locked the table: try again when it is done"),
    (asyncpg.PostgresError, "check that DATABASE_URL names a database that this user may use"),
    (asyncpg.InterfaceError, "check that DATABASE_URL names a database that this user may use"),
    (
        ssl.SSLCertVerificationError,
        "the server's certificate is not trusted, and nothing was sent to it: check sslrootcert and the host"
        " in DATABASE_URL and its like",
    ),
    (
        OSError,
        "check that the services at DATABASE_URL and REDIS_URL are running and that the files are accessible",
    ),
)


def explain(error: Exception) -> str | None:
    """Return one line that says what to do about ``error``; None for an unexpected error, which is a bug."""
    text = " ".join(str(error).split())
    if isinstance(error, UserError):
        return text
    if UNKNOWN_AUTHORITY in text and isinstance(error, redis.RedisError):
        return f"{text}: check ssl_ca_certs in REDIS_URL"
    for kind, remedy in REMEDIES:
        if isinstance(error, kind):
            return f"{text or 'no answer'}: {remedy}"
    return None


def exit_code(error: Exception) -> int:
    """Return the code with which a command ends because of ``error``."""
    return error.exit_code if isinstance(error, UserError) else FAILED


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a callback that draws one progress bar per kind, from its name, count done and total."""
    bars: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def report(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=total)
            progress.update(bars[what], completed=done)

        yield report


@contextmanager
def row_counter() -> Iterator[Callable[[int], None]]:
    """Yield a callback that shows how many rows were read; the total is unknown."""
    with Progress(
        SpinnerColumn(), TextColumn("{task.completed:,} rows"), console=Console(stderr=True)
    ) as progress:
        task = progress.add_task("rows", total=None)
        yield lambda rows: progress.update(task, completed=rows)
