"""``backup`` and ``restore`` on a server that is reached over TLS alone."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.database.backups.dumping import rows_by_table
from server.database.core.pool import connect_as_owner
from server.database.sample.seed import SeedPlan, seed
from tests.cluster.redis.certificates import make_authority, make_server
from tests.cluster.restore.clusters import APP_ROLE, OWNER_ROLE
from tests.cluster.restore.systems import environment
from tests.cluster.restore.tls_postgres import TlsPostgres, migrate, postgres_with_tls
from tests.services import ROOT, Services, open_folder

SECOND = "deal_two"
PROGRAMS = ("pg_dump", "psql")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder for the server and its certificates."""
    with open_folder("tls-", in_memory=True) as made:
        yield made


@pytest.fixture(scope="module")
def authority(folder: Path) -> Path:
    """Who vouches for the server."""
    return make_authority(folder, "ours")


@pytest.fixture(scope="module")
def server(folder: Path, authority: Path) -> Iterator[TlsPostgres]:
    """A server with sample data, and an empty second database."""
    with postgres_with_tls(folder / "one", *make_server(folder, authority)) as made:
        made.cluster.sql(f"CREATE DATABASE {SECOND} OWNER {OWNER_ROLE}")
        url = made.url(OWNER_ROLE, authority)
        migrate(url)
        asyncio.run(seed(url, SeedPlan(vehicles=40, customers=10, deals=4)))
        yield made


def run(
    server: TlsPostgres, redis: str, *words: str, authority: Path, database: str = "deal"
) -> subprocess.CompletedProcess[str]:
    """Run ``deal-architect`` on a database of the server, which ``authority`` must have vouched for."""
    addresses = {
        "DATABASE_URL": server.url(APP_ROLE, authority, database),
        "DATABASE_OWNER_URL": server.url(OWNER_ROLE, authority, database),
        "REDIS_URL": redis,
    }
    return subprocess.run(
        [sys.executable, "-m", "server", *words],
        cwd=ROOT,
        env=environment(**addresses),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def rows_of(url: str) -> dict[str, int]:
    """Return the rows of every table."""

    async def ask() -> dict[str, int]:
        async with connect_as_owner(url) as database:
            return await rows_by_table(database)

    return asyncio.run(ask())


def test_a_backup_goes_over_tls_and_back(
    server: TlsPostgres, authority: Path, services: Services, tmp_path: Path
) -> None:
    """Our own connections and PostgreSQL's programs: each of them encrypted."""
    redis, folder = services.redis_url, str(tmp_path / "backup")
    made = run(server, redis, "backup", folder, authority=authority)
    assert made.returncode == 0, made.stderr
    back = run(server, redis, "restore", folder, authority=authority, database=SECOND)
    assert back.returncode == 0, back.stderr
    again = run(server, redis, "restore", folder, "--replace", authority=authority, database=SECOND)
    assert again.returncode == 0, again.stderr
    first, second = (rows_of(server.url(OWNER_ROLE, authority, name)) for name in ("deal", SECOND))
    assert first == second
    assert first["vehicles"] == 40
    ours = [
        line
        for line in server.log().splitlines()
        if f"connection authorized: user={OWNER_ROLE}" in line and "application_name" in line
    ]
    assert {"deal-architect owner", "deal-architect backup"} <= {
        line.partition("application_name=")[2].partition(" SSL")[0] for line in ours
    }
    assert all("SSL enabled (protocol=TLSv1.3" in line for line in ours)


@pytest.mark.parametrize(
    "words", [("backup",), ("restore",), ("restore", "--replace")], ids=["backup", "restore", "replace"]
)
def test_a_server_of_another_authority_is_told_nothing(
    words: tuple[str, ...], server: TlsPostgres, authority: Path, services: Services, tmp_path: Path
) -> None:
    """The command says what to check. The server does not even hear who asks, and nothing is left behind."""
    redis, folder = services.redis_url, tmp_path / "backup"
    wrong = make_authority(tmp_path, "another")
    if words[0] == "restore":
        made = run(server, redis, "backup", str(folder), authority=authority)
        assert made.returncode == 0, made.stderr
    before = rows_of(server.url(OWNER_ROLE, authority))
    heard = server.log().count("connection authorized")
    refused = run(server, redis, *words, str(folder), authority=wrong)
    assert refused.returncode == 1
    assert "certificate" in refused.stderr and "sslrootcert" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert server.log().count("connection authorized") == heard
    assert rows_of(server.url(OWNER_ROLE, authority)) == before
    assert words[0] == "restore" or not any(folder.iterdir())
