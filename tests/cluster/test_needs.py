"""A test whose program is missing says so; where all tests must run, it fails."""

from pathlib import Path

import pytest

from tests.cluster import needs
from tests.cluster.redis.programs import program_of


def test_the_first_program_that_is_there_is_taken() -> None:
    assert needs.binary("no-such-program", "sh").endswith("/sh")


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEAL_TEST_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-a and no no-such-b"):
        needs.binary("no-such-a", "no-such-b")


def test_where_all_must_run_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAL_TEST_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-a"):
        needs.binary("no-such-a")


def test_a_server_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And not only by the first command that it does not know."""
    monkeypatch.setenv("DEAL_TEST_ALL", "1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho Redis server v=6.0.16 sha=0\n")
    old.chmod(0o755)
    with pytest.raises(pytest.fail.Exception, match=r"redis-server is version 6.0.16: .* 7.0 or newer"):
        program_of()
    old.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(pytest.fail.Exception, match="redis-server does not run"):
        program_of()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(pytest.fail.Exception, match="no redis-server: install one"):
        program_of()
