"""The embedded services as a whole: each user joins them, and the last one to leave stops them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Flag, auto
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from server.embedded.account import service_account
from server.embedded.errors import FolderUnusable
from server.embedded.folder import DataFolder
from server.embedded.postgres import APP_ROLE, OWNER_ROLE, SYSTEM_ROLE, Postgres
from server.embedded.redis_server import Redis
from server.environment import SettingsError

OTHER_ADDRESSES: Final = (
    *("DATABASE_OWNER_URL", "DATABASE_SYSTEM_URL", "DATABASE_LISTEN_URL", "DATABASE_SEARCH_URL"),
)
"""Further addresses of the database that DATABASE_URL names."""


class Service(Flag):
    """Which services are wanted; an address from outside replaces one."""

    POSTGRES = auto()
    REDIS = auto()


def _say_nothing(_: str) -> None:
    """Take a warning that nobody is there to read."""


class EmbeddedServices:
    """Use of a data folder's services, from entering to leaving the context.

    ``fleeting``: the data is thrown away afterwards, so that nothing need wait for the disk. ``warn`` takes
    what a person should know, a line each time.
    """

    def __init__(
        self,
        path: Path,
        wanted: Service = Service.POSTGRES | Service.REDIS,
        *,
        fleeting: bool = False,
        warn: Callable[[str], None] = _say_nothing,
    ) -> None:
        self._folder = DataFolder(path, service_account())
        self._wanted = wanted
        self.postgres = Postgres(self._folder, fleeting=fleeting)
        self.redis = Redis(self._folder, warn)

    def __enter__(self) -> Self:
        """Start what does not run yet.

        Raises EmbeddedError.
        """
        with self._folder.turn():
            self._folder.open()
            try:
                if Service.REDIS in self._wanted:
                    self.redis.start()
                if Service.POSTGRES in self._wanted:
                    self.postgres.start()
            except BaseException:
                self._leave()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the services if nobody else uses them."""
        with self._folder.turn():
            self._leave()

    def look(self) -> None:
        """Find the addresses of services that somebody else runs, for ``variables``; start nothing.

        Raises EmbeddedError.
        """
        self._folder.look()
        if Service.REDIS in self._wanted and not (self._folder.path / "redis.password").exists():
            raise FolderUnusable(self._folder.path, "Redis was never started in it")

    def variables(self) -> dict[str, str]:
        """Return the addresses of the services that were wanted, as environment variables."""
        addresses = {}
        if Service.POSTGRES in self._wanted:
            addresses["DATABASE_URL"] = self.postgres.url(APP_ROLE)
            addresses["DATABASE_SYSTEM_URL"] = self.postgres.url(SYSTEM_ROLE)
            addresses["DATABASE_OWNER_URL"] = self.postgres.url(OWNER_ROLE)
        if Service.REDIS in self._wanted:
            addresses["REDIS_URL"] = self.redis.url
            addresses["DEAL_REDIS_UID"] = str(self._folder.account.uid)
        return addresses

    def _leave(self) -> None:
        try:
            if self._folder.is_last_user():
                self.postgres.stop()
                self.redis.stop()
                self._folder.remove_sockets()
        finally:
            self._folder.close()


def standing_where_missing(environ: Mapping[str, str], path: Path) -> dict[str, str]:
    """Return ``environ`` with addresses for all services; those that it does not name are the embedded ones
    of a folder, as they stand.

    Nothing is started, made or changed: who examines an installation must find a dead service dead. Raises
    EmbeddedError if there is no such folder, SettingsError as ``embedded_where_missing``.
    """
    wanted = _missing_from(environ)
    if not wanted:
        return dict(environ)
    services = EmbeddedServices(path, wanted)
    services.look()
    return {**environ, **services.variables()}


@contextmanager
def embedded_where_missing(
    environ: Mapping[str, str], path: Path, warn: Callable[[str], None] = _say_nothing
) -> Iterator[dict[str, str]]:
    """Yield ``environ`` with addresses for all services; those that it does not name are embedded ones.

    ``warn`` takes what a person should know, a line each time. Raises EmbeddedError, and SettingsError for an
    address of another database beside the embedded one.
    """
    wanted = _missing_from(environ)
    if not wanted:
        yield dict(environ)
        return
    with EmbeddedServices(path, wanted, warn=warn) as services:
        yield {**environ, **services.variables()}


def _missing_from(environ: Mapping[str, str]) -> Service:
    wanted = Service(0)
    if not environ.get("DATABASE_URL"):
        for name in OTHER_ADDRESSES:
            if environ.get(name):
                raise SettingsError("DATABASE_URL", f"set if {name} is")
        wanted |= Service.POSTGRES
    if not environ.get("REDIS_URL"):
        wanted |= Service.REDIS
    return wanted
