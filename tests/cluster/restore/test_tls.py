"""TLS to PostgreSQL: with `verify-full` nothing is sent to a server that has not the right certificate."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from server.database.core.pool import connect_as_owner, open_pool
from server.settings import Settings
from tests.cluster import needs

TLS_REQUEST = bytes.fromhex("0000000804d2162f")


@dataclass
class Listened:
    """What a server heard after the request for TLS."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Return a self-signed certificate for a host, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        [
            *(needs.binary("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-keyout", str(key), "-out", str(certificate), "-subj", f"/CN={name}"),
            *("-addext", f"subjectAltName=DNS:{name}"),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@asynccontextmanager
async def server_with(certificate: Path, key: Path) -> AsyncIterator[Listened]:
    """Serve the beginning of PostgreSQL's protocol: TLS, and then what a client says first."""
    found = Listened()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(8)
            if first != TLS_REQUEST:
                found.heard.append(first)
                return
            writer.write(b"S")
            await writer.start_tls(context)
            found.heard.append(await reader.read(1_000))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


@pytest.mark.parametrize(
    ("presented", "host"), [("other", "localhost"), ("localhost", "127.0.0.1")], ids=["issuer", "host"]
)
async def test_a_wrong_certificate_is_told_nothing(presented: str, host: str, tmp_path: Path) -> None:
    """Neither by another issuer nor for another host; the right one is told who connects."""
    right, right_key = make_certificate(tmp_path, "localhost")
    certificate, key = (
        (right, right_key) if presented == "localhost" else make_certificate(tmp_path, presented)
    )
    async with server_with(certificate, key) as server:
        url = f"postgresql://deal_app:word@{host}:{server.port}/deal?sslmode=verify-full&sslrootcert={right}"
        settings = Settings(url, url, "redis://cache:6379/0")
        with pytest.raises(ssl.SSLCertVerificationError):
            await open_pool(settings)
        with pytest.raises(ssl.SSLCertVerificationError):
            async with connect_as_owner(url):
                pass
        assert server.heard == []
    async with server_with(right, right_key) as server:
        url = (
            f"postgresql://deal_app:word@localhost:{server.port}/deal?sslmode=verify-full&sslrootcert={right}"
        )
        with pytest.raises(Exception, match=r"connection|closed|unexpected"):
            await open_pool(replace(settings, database_url=url, pool_min=1))
        assert b"deal_app" in server.heard[0]
