"""A PostgreSQL that takes connections over TLS only, whose certificate can be replaced while it runs."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from server.database.core import migrate as migrating
from tests.cluster import needs
from tests.cluster.restore.clusters import APP_ROLE, OWNER_ROLE, SYSTEM_ROLE, Cluster, append, make_cluster
from tests.services import free_port

PASSWORD = "word/with@signs"


@dataclass(frozen=True, slots=True)
class TlsPostgres:
    """A running server on 127.0.0.1."""

    cluster: Cluster

    def url(self, role: str, authority: Path, database: str = "deal", mode: str = "verify-full") -> str:
        """Return an address whose server must have a certificate of ``authority``."""
        login, checked = f"{role}:{quote(PASSWORD, safe='')}", f"sslmode={mode}&sslrootcert={authority}"
        return f"postgresql://{login}@127.0.0.1:{self.cluster.port}/{database}?{checked}"

    def present(self, certificate: Path, key: Path) -> None:
        """Present another certificate to whoever connects from now on."""
        place_files(self.cluster, certificate, key)
        self.cluster.sql("SELECT pg_reload_conf()")

    def log(self) -> str:
        """Return what the server logged: every connection with its kind."""
        return (self.cluster.sockets / "postgres.log").read_text(errors="replace")


def migrate(owner_url: str) -> None:
    """Bring a database to the newest schema, also one of release 15, which our schema does not support.

    All that it does not know is the privilege SET, which release 16 took out of MEMBER.
    """

    def run_sql_file(name: str, folder: Path = migrating.MIGRATIONS) -> None:
        from alembic import op  # noqa: PLC0415 - it is there while a revision is applied

        text = (folder / name).read_text(encoding="utf-8").replace("'SET')", "'MEMBER')")
        adapted: Any = op.get_bind().connection.dbapi_connection
        adapted.run_async(lambda database: database.execute(text))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrating, "run_sql_file", run_sql_file)
        migrating.migrate(owner_url)


def place_files(cluster: Cluster, certificate: Path, key: Path) -> None:
    """Put certificate and key where the server reads them, as its account's own."""
    for source, name, mode in ((certificate, "server.crt", 0o644), (key, "server.key", 0o600)):
        new = cluster.folder / f"{name}.new"
        shutil.copyfile(source, new)
        new.chmod(mode)
        os.chown(new, cluster.account.uid, cluster.account.gid)
        new.replace(cluster.folder / name)


@contextmanager
def postgres_with_tls(folder: Path, certificate: Path, key: Path) -> Iterator[TlsPostgres]:
    """Run a PostgreSQL of the system's with a certificate; its roles have the same password."""
    cluster = make_cluster(folder, needs.postgres_with_tls(), free_port())
    place_files(cluster, certificate, key)
    (cluster.folder / "pg_hba.conf").unlink()
    append(cluster, "pg_hba.conf", ["local all all trust", "hostssl all all 127.0.0.1/32 scram-sha-256"])
    append(cluster, "postgresql.auto.conf", ["ssl = on", "log_connections = on", "archive_mode = off"])
    with cluster.running("-c listen_addresses=127.0.0.1"):
        for role in (OWNER_ROLE, APP_ROLE, SYSTEM_ROLE):
            cluster.sql(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'")
        yield TlsPostgres(cluster)
