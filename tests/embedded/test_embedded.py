"""Services of a data folder: shared by its users, stopped by the last one, refused with one clear line."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis

from server.embedded import (
    EmbeddedError,
    EmbeddedServices,
    Service,
    embedded_where_missing,
    redis_server,
    standing_where_missing,
)
from server.embedded import folder as folders
from server.embedded.errors import DiskFull, ForeignFolder, NewerFolder, ProgramMissing, ServiceFailed
from server.embedded.folder import MAX_SOCKET_FOLDER_BYTES
from server.embedded.process import is_gone, listener
from server.embedded.services import OTHER_ADDRESSES
from server.environment import SettingsError
from server.run.processes import services_to_restore
from tests.services import ROOT, open_folder

pytestmark = pytest.mark.flow

# A user of the folder in a process of its own: says so once it is in, and stays until its input ends.
USER = """
import sys
from pathlib import Path
from server.embedded import EmbeddedServices
with EmbeddedServices(Path(sys.argv[1]), fleeting=True):
    print("in", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for data, with a path that is short enough for sockets."""
    with open_folder() as path:
        yield path


def start_user(folder: Path) -> subprocess.Popen[str]:
    """Start another user of the folder; it is in when this returns."""
    argv = [sys.executable, "-c", USER, str(folder)]
    user = subprocess.Popen(argv, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert user.stdout is not None
    assert user.stdout.readline() == "in\n"
    return user


def end_user(user: subprocess.Popen[str]) -> None:
    """Let a user go, and see that it went well."""
    user.communicate(timeout=20)
    assert user.returncode == 0


def pids(folder: Path) -> tuple[int | None, int | None]:
    """Return the process ids of PostgreSQL and Redis, None for one that does not run."""
    return listener(folder / "run/.s.PGSQL.5432"), listener(folder / "run/redis.sock")


async def test_data_stay_and_processes_do_not(folder: Path) -> None:
    """What was written is there at the next start; the last user leaves no process; Redis begins anew."""
    with EmbeddedServices(folder, fleeting=True) as services:
        variables = services.variables()
        connection = await asyncpg.connect(variables["DATABASE_OWNER_URL"])
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
        await connection.close()
        with redis.Redis.from_url(variables["REDIS_URL"]) as client:
            client.set("kept", "no")
            first_run = client.info("server")["run_id"]
        before = pids(folder)
        assert None not in before
    assert pids(folder) == (None, None)
    assert all(is_gone(pid) for pid in before if pid)
    with EmbeddedServices(folder, fleeting=True) as services:
        connection = await asyncpg.connect(services.variables()["DATABASE_OWNER_URL"])
        assert await connection.fetchval("SELECT value FROM kept") == 7
        assert await connection.fetchval("SHOW jit") == "off"
        await connection.close()
        with redis.Redis.from_url(services.variables()["REDIS_URL"]) as client:
            assert client.get("kept") is None
            assert client.info("server")["run_id"] != first_run
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_the_last_user_stops_the_services(folder: Path) -> None:
    """Users come and go in any order; the services run as long as one is there, and only once."""
    first = start_user(folder)
    before = pids(folder)
    with EmbeddedServices(folder, fleeting=True):
        assert pids(folder) == before
        end_user(first)
        assert pids(folder) == before
    assert pids(folder) == (None, None)


def test_users_at_the_same_moment(folder: Path) -> None:
    """Two that start a fresh folder at once both get in, with one PostgreSQL and one Redis."""
    argv = [sys.executable, "-c", USER, str(folder)]
    users = [
        subprocess.Popen(argv, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == "in\n"
    for user in users:
        end_user(user)
    assert pids(folder) == (None, None)


def test_a_killed_user_leaves_the_services_to_the_next(folder: Path) -> None:
    """After kill -9 of the only user the services stay up; the next user takes them over and ends them."""
    user = start_user(folder)
    before = pids(folder)
    user.kill()
    user.communicate(timeout=20)
    assert pids(folder) == before
    with EmbeddedServices(folder, fleeting=True):
        assert pids(folder) == before
    assert pids(folder) == (None, None)


def test_services_that_died_are_started_again(folder: Path) -> None:
    """After kill -9 of PostgreSQL and Redis the next user starts them, recovery included."""
    user = start_user(folder)
    before = pids(folder)
    for pid in before:
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    with EmbeddedServices(folder, fleeting=True):
        after = pids(folder)
        assert None not in after
        assert set(after).isdisjoint(before)
        end_user(user)


def test_a_newer_folder(folder: Path) -> None:
    """A folder of a later format is refused by name and left alone."""
    (folder / "FORMAT").write_text("2\n")
    with pytest.raises(NewerFolder, match="format 2, this version knows 1"), EmbeddedServices(folder):
        pass
    assert not (folder / "postgres").exists()


def test_a_foreign_folder(folder: Path) -> None:
    """A folder with somebody else's files is not taken for ours."""
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(ForeignFolder, match="--data-dir"), EmbeddedServices(folder):
        pass
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_a_full_disk_before_the_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little space is said before anything is written."""
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr(folders.shutil, "disk_usage", lambda _path: usage._replace(free=2**20))
    with pytest.raises(DiskFull, match="at least 256 MiB are needed"), EmbeddedServices(folder):
        pass


def test_a_full_disk_on_the_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that finds no space becomes the same clear error, and leaves no process."""

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders.Path, "write_text", full)
    with pytest.raises(DiskFull, match="is full"), EmbeddedServices(folder):
        pass
    assert pids(folder) == (None, None)


def test_an_interrupted_start_is_repeated(folder: Path) -> None:
    """A cluster that was only half made is made again, not started."""
    (folder / "FORMAT").write_text("1\n")
    (folder / "postgres.new").mkdir()
    (folder / "postgres.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedServices(folder, Service.POSTGRES, fleeting=True):
        assert pids(folder)[0] is not None


def test_a_cluster_that_does_not_start(folder: Path) -> None:
    """A broken cluster is one line with PostgreSQL's own reason and the log's place."""
    with EmbeddedServices(folder, fleeting=True):
        pass
    (folder / "postgres" / "global" / "pg_control").unlink()
    with (
        pytest.raises(ServiceFailed, match=r"PostgreSQL did not start: .*pg_control") as caught,
        EmbeddedServices(folder),
    ):
        pass
    assert "\n" not in str(caught.value)
    assert pids(folder) == (None, None)


def test_no_redis_anywhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any Redis the error says what to install."""
    monkeypatch.setattr(redis_server.shutil, "which", lambda _name: None)
    monkeypatch.setattr(redis_server.importlib.util, "find_spec", lambda _name: None)
    with (
        pytest.raises(ProgramMissing, match="install redis-server or valkey-server"),
        EmbeddedServices(folder),
    ):
        pass


def test_a_long_path(folder: Path) -> None:
    """Where the path is too long for a socket, the sockets go elsewhere, and everything works."""
    long = folder / ("x" * MAX_SOCKET_FOLDER_BYTES)
    with EmbeddedServices(long, fleeting=True):
        sockets = Path((long / "sockets").read_text().strip())
        assert listener(sockets / "redis.sock") is not None
        with EmbeddedServices(long, fleeting=True):  # another user finds them
            assert Path((long / "sockets").read_text().strip()) == sockets
    assert not sockets.exists()


def test_given_addresses_replace_the_services(folder: Path) -> None:
    """Nothing is started for a service whose address is given."""
    given = {"DATABASE_URL": "postgresql://db/deal", "REDIS_URL": "redis://cache"}
    with embedded_where_missing(given, folder / "data") as environ:
        assert environ == given
    assert not (folder / "data").exists()
    with embedded_where_missing({"DATABASE_URL": "postgresql://db/deal"}, folder / "data") as environ:
        assert environ["DATABASE_URL"] == "postgresql://db/deal"
        assert environ["REDIS_URL"].startswith("unix://")
        assert pids(folder / "data")[0] is None


@pytest.mark.parametrize("name", OTHER_ADDRESSES)
def test_an_address_of_another_database_is_not_passed_over(folder: Path, name: str) -> None:
    """A backup of the embedded database would be taken for that of the one at the address."""
    given = {name: "postgresql://db/deal"}
    message = f"DATABASE_URL must be set if {name} is"
    with pytest.raises(SettingsError, match=message), embedded_where_missing(given, folder / "data"):
        pass
    with pytest.raises(SettingsError, match=message):
        standing_where_missing(given, folder / "data")
    assert not (folder / "data").exists()


def test_a_restore_empties_the_redis_of_the_processes_or_none(folder: Path) -> None:
    """A new embedded one would be emptied, and the one with the lost events would not."""
    given = {"DATABASE_URL": "postgresql://db/deal", "DEAL_DATA_DIR": str(folder / "data")}
    with pytest.raises(SettingsError, match="REDIS_URL must be set"):
        services_to_restore(given, named=False)
    services_to_restore(given, named=True)
    services_to_restore({}, named=False)
    services_to_restore(given | {"REDIS_URL": "redis://cache"}, named=False)
    assert not (folder / "data").exists()


def test_every_error_is_one_line() -> None:
    """All errors of the package have one base, so that a command can report each on one line."""
    assert all(
        issubclass(kind, EmbeddedError) for kind in (NewerFolder, ForeignFolder, DiskFull, ServiceFailed)
    )
