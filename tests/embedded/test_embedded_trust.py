"""Whom the embedded services trust: nobody but the account that they run under, and whoever started them."""

import asyncio
import hashlib
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from server.embedded import EmbeddedServices, Service, process
from server.embedded.account import Account, name_of, service_account
from server.embedded.errors import FolderUnusable, ForeignServer, Unreachable
from server.embedded.folder import MAX_SOCKET_FOLDER_BYTES, DataFolder
from server.embedded.postgres import APP_ROLE, OWNER_ROLE, SUPERUSER
from server.embedded.process import listener
from tests.services import ROOT, open_folder

pytestmark = pytest.mark.flow

NOBODY = 65534
GUARD_SECONDS = 60.0
IS_ROOT = os.geteuid() == 0
TRUST = "local all all trust\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for data, with a path that is short enough for sockets."""
    with open_folder() as path:
        yield path


def mode_of(path: Path) -> int:
    """Return the rights on a file or folder."""
    return stat.S_IMODE(path.lstat().st_mode)


@contextmanager
def in_the_way(path: Path) -> Iterator[None]:
    """Let a hostile user have a folder at ``path`` first; as root it is really somebody else's."""
    path.mkdir()
    path.chmod(0o777)
    if IS_ROOT:
        os.chown(path, NOBODY, NOBODY)
    before = path.stat()
    try:
        yield
        after = path.stat()
        assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)
    finally:
        for left in path.iterdir():
            left.unlink()
        path.rmdir()


def test_a_folder_that_waits_for_us_among_temporary_ones(folder: Path) -> None:
    """A name that could be foretold from the data's path is not used: what is there stays as it was."""
    long = folder / ("x" * MAX_SOCKET_FOLDER_BYTES)
    mark = hashlib.sha256(os.fsencode(long)).hexdigest()[:16]
    foretold = Path(tempfile.gettempdir()) / f"deal-architect-{mark}"
    with in_the_way(foretold), EmbeddedServices(long, Service.REDIS) as services:
        assert str(foretold) not in services.redis.url
        assert services.redis.url.endswith("/redis.sock?db=0")


def test_a_folder_that_waits_where_our_sockets_were(folder: Path) -> None:
    """The name of the last run is known to all; where somebody has taken it, another one is made."""
    long = folder / ("x" * MAX_SOCKET_FOLDER_BYTES)
    with EmbeddedServices(long, Service.REDIS):
        last = Path((long / "sockets").read_text().strip())
    assert not last.exists()
    with in_the_way(last), EmbeddedServices(long, Service.REDIS):
        assert Path((long / "sockets").read_text().strip()) != last


@pytest.mark.parametrize("part", ["run", "log", "redis"])
def test_a_part_that_is_open_to_others(folder: Path, part: str) -> None:
    """It is refused by name, and neither handed over nor closed: somebody may have it in use."""
    (folder / "FORMAT").write_text("1\n")
    with (
        in_the_way(folder / part),
        pytest.raises(FolderUnusable, match=f"/{part}.*another user"),
        EmbeddedServices(folder, Service.REDIS),
    ):
        pass


def test_a_link_in_the_place_of_a_part(folder: Path) -> None:
    """A link is not followed: where it leads, nothing changes."""
    (folder / "FORMAT").write_text("1\n")
    with open_folder() as elsewhere:
        elsewhere.chmod(0o700)
        (folder / "run").symlink_to(elsewhere)
        with (
            pytest.raises(FolderUnusable, match="not a folder that we can use"),
            EmbeddedServices(folder, Service.REDIS),
        ):
            pass
        assert (elsewhere.stat().st_uid, list(elsewhere.iterdir())) == (os.geteuid(), [])


def test_a_link_in_the_place_of_a_log(folder: Path) -> None:
    """What the services' account puts into its own folders leads root nowhere."""
    secret = folder / "shadow"
    data = folder / "data"
    with EmbeddedServices(data, Service.REDIS):
        pass
    secret.write_text("root's\n")
    for name in ("log/redis.log", "redis/redis.conf"):
        (data / name).unlink()
        (data / name).symlink_to(secret)
    with EmbeddedServices(data, Service.REDIS):
        assert (secret.read_text(), secret.stat().st_uid) == ("root's\n", os.geteuid())


def test_a_folder_that_others_may_write_to(folder: Path) -> None:
    """A folder for data that others could fill is refused; one that an older release made so is closed."""
    data = folder / "data"
    data.mkdir()
    data.chmod(0o777)
    with pytest.raises(FolderUnusable, match="chmod go-w"), EmbeddedServices(data, Service.REDIS):
        pass
    assert mode_of(data) == 0o777
    (data / "FORMAT").write_text("1\n")
    with EmbeddedServices(data, Service.REDIS):
        assert mode_of(data) == 0o755


def test_a_place_where_anybody_may_put_another_folder(folder: Path) -> None:
    """Without the sticky bit a folder open to all is no place for data, whoever owns what is in it."""
    folder.chmod(0o777)
    with pytest.raises(FolderUnusable, match="everyone may write"), EmbeddedServices(folder / "data"):
        pass


def test_a_closed_folder_stays_closed(folder: Path) -> None:
    """A folder of the operator keeps its rights: as root we say who needs the way and how to open it."""
    folder.chmod(0o700)
    if IS_ROOT:
        with (
            pytest.raises(Unreachable, match=f"chmod o\\+x {folder}`") as caught,
            EmbeddedServices(folder / "data"),
        ):
            pass
        assert "\n" not in str(caught.value)
    else:
        with EmbeddedServices(folder / "data", Service.REDIS):
            pass
    assert mode_of(folder) == 0o700


def test_a_closed_program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is the way to a program opened, nor a program run that the account may not read."""
    (folder / "bin").mkdir(mode=0o700)
    program = folder / "bin" / "redis-server"
    program.write_text("#!/bin/sh\necho v=99.0.0\n")
    program.chmod(0o755)
    account = service_account()
    if account.is_other:
        with pytest.raises(Unreachable, match=f"cannot open {folder}/bin"):
            account.require_access(program)
    else:
        account.require_access(program)
    assert mode_of(folder / "bin") == 0o700


async def connects(services: EmbeddedServices, role: str) -> bool:
    """Return whether PostgreSQL lets us in as ``role``."""
    try:
        connection = await asyncpg.connect(services.postgres.url(role), timeout=GUARD_SECONDS)
    except asyncpg.InvalidAuthorizationSpecificationError:
        return False
    await connection.close()
    return True


async def add_stranger(services: EmbeddedServices) -> None:
    """Make a role that anybody could use who may name it."""
    connection = await asyncpg.connect(services.postgres.url(SUPERUSER))
    await connection.execute("CREATE ROLE stranger LOGIN")
    await connection.execute("GRANT CONNECT ON DATABASE deal TO stranger")
    await connection.close()


async def test_postgres_asks_the_kernel_who_comes(folder: Path) -> None:
    """We get in as our own roles and as no other; an older release's cluster, too, asks from now on."""
    with EmbeddedServices(folder, Service.POSTGRES, fleeting=True) as services:
        await add_stranger(services)
        assert await connects(services, APP_ROLE)
        assert not await connects(services, "stranger")
    for name in ("pg_hba.conf", "pg_ident.conf"):
        (folder / "postgres" / name).write_text(TRUST if "hba" in name else "")
    with EmbeddedServices(folder, Service.POSTGRES, fleeting=True) as services:
        assert await connects(services, OWNER_ROLE)
        assert not await connects(services, "stranger")


async def test_a_server_that_still_trusts_everybody(folder: Path) -> None:
    """One that an older release left running is told the new rules without being stopped."""
    with EmbeddedServices(folder, Service.POSTGRES, fleeting=True) as services:
        await add_stranger(services)
        pid = listener(folder / "run/.s.PGSQL.5432")
        assert pid is not None
        rules = folder / "postgres" / "pg_hba.conf"
        rules.write_text(TRUST)
        os.kill(pid, 1)
        async with asyncio.timeout(GUARD_SECONDS):
            while not await connects(services, "stranger"):  # noqa: ASYNC110 - it is asked
                await asyncio.sleep(0.02)
        with EmbeddedServices(folder, Service.POSTGRES, fleeting=True):
            assert listener(folder / "run/.s.PGSQL.5432") == pid
            async with asyncio.timeout(GUARD_SECONDS):
                while await connects(services, "stranger"):  # noqa: ASYNC110 - it is asked
                    await asyncio.sleep(0.02)
            assert await connects(services, APP_ROLE)


def test_the_account_of_web_and_worker_is_no_owner(folder: Path) -> None:
    """As root, only we are owner and superuser; the account that web and worker run under is neither."""
    account = service_account()
    code = """
import asyncio, asyncpg, sys
async def connect(url):
    try:
        await (await asyncpg.connect(url)).close()
        return "in"
    except asyncpg.InvalidAuthorizationSpecificationError:
        return "out"
print(*[asyncio.run(connect(url)) for url in sys.argv[1:]])
"""
    with EmbeddedServices(folder, Service.POSTGRES, fleeting=True) as services:
        urls = [services.postgres.url(role) for role in (APP_ROLE, "deal_system", OWNER_ROLE, SUPERUSER)]
        said = subprocess.run(
            [sys.executable, "-c", code, *urls],
            check=True,
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=account.environment(os.environ),
            **account.spawn_options(),
        ).stdout
        assert said == ("in in out out\n" if IS_ROOT else "in in in in\n")
        asked = asyncio.run(connects(services, OWNER_ROLE))
    assert asked


@pytest.mark.parametrize("wanted", [Service.REDIS, Service.POSTGRES])
def test_somebody_else_listens_on_our_socket(
    folder: Path, wanted: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is a word said to it, the password least of all, nor is it ended."""
    with EmbeddedServices(folder, wanted, fleeting=True):
        pass
    stranger = process.Peer(os.getpid(), service_account().uid + 1)
    path = folder / "run" / ("redis.sock" if wanted is Service.REDIS else ".s.PGSQL.5432")
    monkeypatch.setattr(process, "peer_of", lambda _: stranger)
    with socket.socket(socket.AF_UNIX) as impostor:
        impostor.bind(str(path))
        impostor.listen()
        impostor.settimeout(GUARD_SECONDS)
        with pytest.raises(ForeignServer, match="find out who") as caught, EmbeddedServices(folder, wanted):
            pass
        assert "\n" not in str(caught.value)
        caller, _ = impostor.accept()
        with caller:
            assert caller.recv(100) == b""
    path.unlink()


def test_the_kernel_says_who_listens(folder: Path) -> None:
    """The peer of a socket is the process that listens there, and its account."""
    path = folder / "socket"
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(path))
        server.listen()
        client.connect(str(path))
        assert process.peer_of(client) == process.Peer(os.getpid(), os.geteuid())


def test_the_data_folder_of_somebody_else(folder: Path) -> None:
    """Whoever starts the services must own their data; the error names both."""
    data = DataFolder(folder, Account(os.geteuid() + 1, os.getegid(), "somebody"))
    (folder / "postgres").mkdir()
    (folder / "FORMAT").write_text("1\n")
    with pytest.raises(FolderUnusable, match=f"{name_of(os.geteuid() + 1)} must own it"):
        data._check_owner(data.cluster)
