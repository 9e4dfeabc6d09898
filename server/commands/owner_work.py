"""How a command works on the database: as its owner, in one transaction with its security event."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from server.commands.data_dir import WithServices
from server.database.people.security_events import SecurityKind

if TYPE_CHECKING:
    import asyncpg

Work = Callable[["asyncpg.Connection"], Awaitable[Any]]
Told = tuple[SecurityKind, str, dict[str, str | int]]
"""A security event: its kind, the login it concerns, and details."""


class Run(Protocol):
    """Runs work on a connection of the database's owner and records the security event, both or neither."""

    def __call__(self, data_dir: Path | None, work: Work, told: Told | None = None) -> Any:
        """Return what the work returns. Raises what it raises."""


def owner_work(services: WithServices) -> Run:
    """Return what does work on the newest schema of the services' database."""

    def run(data_dir: Path | None, work: Work, told: Told | None = None) -> Any:
        from server.database.core.migrate import migrate

        with services(data_dir) as settings:
            migrate(settings.database_owner_url)
            return asyncio.run(_as_owner(settings.database_owner_url, work, told))

    return run


async def id_of(database: "asyncpg.Connection", login: str) -> str:
    """Return the id of the active user with a login. Raises UserUnknown."""
    from server.commands.terminal import UserUnknown
    from server.database.people.users import find_by_login

    account = await find_by_login(database, login)
    if account is None:
        raise UserUnknown(login)
    return account.id


async def _as_owner(owner_url: str, work: Work, told: Told | None) -> Any:
    from server.database.core.pool import connect_as_owner
    from server.database.people.security_events import add_from_terminal

    async with connect_as_owner(owner_url) as database, database.transaction():
        done = await work(database)
        if told is not None:
            await add_from_terminal(database, *told)
        return done
