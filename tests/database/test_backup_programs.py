"""How PostgreSQL's programs are called for a backup: by which address, and what their arguments show."""

from pathlib import Path

import pytest

from server.database.backups import programs
from server.database.backups.errors import ProgramFailed
from server.database.backups.programs import reason_of, require_success, running, tools_for

WHEEL = "pginstall18"
ELSEWHERE = "postgresql://deal_owner:s%2Fecret@db.example.com:5432/deals?sslmode=verify-full"
SOCKET = "postgresql://deal_owner@/deal?host=/run/deal&port=5432"


def program_that_shows(folder: Path) -> Path:
    """Make a `pg_dump` that prints its arguments and its password."""
    folder.mkdir()
    path = folder / "pg_dump"
    path.write_text('#!/bin/sh\necho "$@"\necho "$PGPASSWORD"\nenv | grep -c DEAL_SECRET\n')
    path.chmod(0o755)
    return path


def test_the_password_is_no_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the program's own environment, and no other secret is."""
    monkeypatch.setenv("DEAL_SECRET", "of ours")
    shown = program_that_shows(tmp_path / "bin")
    for url in (ELSEWHERE, "postgresql://deal_owner@db.example.com/deals?password=s%2Fecret&sslmode=require"):
        with running("pg_dump", "--snapshot=1", tools=shown.parent, url=url) as (process, _):
            assert process.stdout is not None
            arguments, password, secrets = process.stdout.read().decode().splitlines()
        assert "deal_owner@db.example.com" in arguments and "sslmode=" in arguments
        assert "ecret" not in arguments
        assert (password, secrets) == ("s/ecret", "0")


def test_the_server_is_trusted_as_by_our_own_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the certificates and passwords are may be in the environment, which asyncpg reads, too."""
    given = {"PGPASSFILE": "/run/pass", "PGSSLROOTCERT": "/etc/ca.pem", "PGSSLMODE": "verify-full"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "pg_dump").write_text('#!/bin/sh\necho "$PGPASSFILE $PGSSLROOTCERT $PGSSLMODE"\n')
    (tmp_path / "pg_dump").chmod(0o755)
    with running("pg_dump", tools=tmp_path, url="postgresql://db.example.com/deals") as (process, _):
        assert process.stdout is not None
        assert process.stdout.read().decode().split() == [*given.values()]


def test_the_machine_s_own_programs_are_for_servers_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel's speak no TLS. The embedded server is newer than most machines' programs."""
    own = program_that_shows(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(own.parent))
    assert tools_for(ELSEWHERE) == own.parent
    assert tools_for("postgresql://a@/deals?host=db.example.com") == own.parent
    assert WHEEL in str(tools_for(SOCKET))
    assert WHEEL in str(tools_for("postgresql:///deal"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert WHEEL in str(tools_for(ELSEWHERE))


def test_without_any_program_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a host that has only the server's own packages."""
    monkeypatch.setattr(programs.shutil, "which", lambda name: None)
    monkeypatch.setattr(programs.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ProgramFailed, match="install PostgreSQL's client programs"):
        tools_for(ELSEWHERE)


def test_a_failure_says_why(tmp_path: Path) -> None:
    """By the line with the error, not by the notices before it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "psql"
    program.write_text("#!/bin/sh\necho NOTICE: well >&2\necho 'ERROR:  no room' >&2\nexit 3\n")
    program.chmod(0o755)
    with (
        pytest.raises(ProgramFailed, match="psql failed, and nothing was changed: ERROR:  no room"),
        running("psql", tools=folder) as (process, complaints),
    ):
        require_success("psql", process, complaints)
    assert reason_of(b"", 3) == "exit code 3"
    with pytest.raises(ProgramFailed, match="No such file"), running("pg_dump", tools=folder):
        pass


def test_a_server_that_is_not_trusted() -> None:
    """libpq says what happened, and we say where to look."""
    said = b'psql: error: connection to "10.0.0.9", port 5432 failed: SSL error: certificate verify failed'
    assert reason_of(said, 2).endswith(
        "certificate verify failed: check sslrootcert and the host in DATABASE_OWNER_URL"
    )
