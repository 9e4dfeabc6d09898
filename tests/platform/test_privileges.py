"""What web and worker may do: no more than they need, whoever starts them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from server.embedded.account import Account, service_account
from server.embedded.process import listener
from server.run import up
from tests.commands.test_commands import GUARD_SECONDS, Up, complaint, environment, run
from tests.services import ROOT, Database, free_port, open_folder

pytestmark = pytest.mark.flow

IS_ROOT = os.geteuid() == 0
OWNER = "DATABASE_OWNER_URL"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for data, with a path that is short enough for sockets."""
    with open_folder() as path:
        yield path


@contextmanager
def serving(command: str, log: Path, *words: str, **more: str) -> Iterator[psutil.Process]:
    """Run ``web`` or ``worker`` by itself; ready on entry, and ended well on exit."""
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", command, *words],
            cwd=ROOT,
            env=environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + GUARD_SECONDS
        while f"{command} ready" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield psutil.Process(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(GUARD_SECONDS) == 0, log.read_text()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


def test_the_processes_of_up(folder: Path) -> None:
    """They run under the services' account, and know nothing of the schema's owner."""
    account = service_account()
    whole = Up(folder, free_port())
    try:
        whole.await_ready()
        children = [psutil.Process(pid) for pid in whole.children()]
        assert len(children) == 4
        for child in children:
            assert child.uids() == (account.uid,) * 3
            assert child.gids() == (account.gid,) * 3
            environ = child.environ()
            assert "DATABASE_URL" in environ
            assert environ["DEAL_REDIS_UID"] == str(account.uid)
            assert "deal_owner" not in str(environ)
            if IS_ROOT:
                assert (
                    Path(f"/proc/{child.pid}/status")
                    .read_text()
                    .partition("Groups:")[2]
                    .splitlines()[0]
                    .strip()
                    == ""
                )
                assert environ["HOME"] != os.environ["HOME"]
    finally:
        whole.end()
    assert whole.process.returncode == 0


def test_up_does_not_open_a_closed_folder(folder: Path) -> None:
    """As root one line says which folder is closed to whom and what to do; nobody's rights change."""
    folder.chmod(0o700)
    words = ("migrate", "--data-dir", str(folder / "data"))
    if IS_ROOT:
        line = complaint(run(*words))
        assert f"the account deal-architect, which the processes run under, cannot open {folder}" in line
        assert "--data-dir" in line
    else:
        assert run(*words).returncode == 0
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("command", "variable"), [("web", OWNER), ("worker", f"{OWNER}_FILE")])
def test_the_owners_address_is_given_up(
    folder: Path, database: Database, redis_url: str, command: str, variable: str
) -> None:
    """Started with it, a process starts itself anew without it: not even the system shows it any more."""
    file = folder / "owner"
    file.write_text(database.owner_url)
    owner = database.owner_url if variable == OWNER else str(file)
    given = {"DATABASE_URL": database.url, "REDIS_URL": redis_url, variable: owner}
    given |= {"DEAL_PORT": str(free_port()), "DEAL_DEMO": "1", "DATABASE_SYSTEM_URL": database.system_url}
    log = folder / "log"
    with serving(command, log, **given) as process:
        environ = process.environ()
        assert environ["DATABASE_URL"] == database.url
        assert variable not in environ
    (warning,) = [line for line in log.read_text().splitlines() if OWNER in line]
    assert '"level": "warning"' in warning
    assert "deal_owner" not in log.read_text()


def test_a_process_by_itself_gives_root_up(folder: Path) -> None:
    """With services of its own it becomes the services' account, and still stops them at the end."""
    data = folder / "data"
    with serving("worker", folder / "log", "--data-dir", str(data)) as process:
        assert process.uids() == (service_account().uid,) * 3
        assert listener(data / "run" / "redis.sock") is not None
    assert listener(data / "run" / "redis.sock") is None
    assert listener(data / "run" / ".s.PGSQL.5432") is None
    assert run("migrate", "--data-dir", str(data)).returncode == 0


def test_root_is_mentioned(folder: Path, database: Database, redis_url: str) -> None:
    """With services from elsewhere the account is the operator's choice; root is a bad one, and we say so."""
    given = {"DATABASE_URL": database.url, "REDIS_URL": redis_url}
    with serving("worker", folder / "log", **given):
        pass
    assert ("running as root" in (folder / "log").read_text()) == IS_ROOT


@pytest.mark.parametrize("is_root", [True, False])
def test_a_port_that_only_root_may_use(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, is_root: bool
) -> None:
    """Where web processes will not be root, that is said before anything is started."""
    (folder / "first").write_text("1024\n")
    other = Account(os.geteuid() + is_root, os.getegid(), "deal-architect")
    monkeypatch.setattr(up, "service_account", lambda: other)
    monkeypatch.setattr(up, "require_program", lambda _account: None)
    monkeypatch.setattr(up, "PRIVILEGED_PORTS", folder / "first")
    up.require_rights("127.0.0.1", 1024)
    refused = pytest.raises(up.PortTaken, match="deal-architect may not use ports below 1024")
    with refused if is_root else contextlib.nullcontext():
        up.require_rights("127.0.0.1", 443)
