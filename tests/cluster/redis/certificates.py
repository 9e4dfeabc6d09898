"""Certificates that are made for one test: an authority, and a server on loopback that it vouches for."""

import subprocess
from pathlib import Path

from tests.cluster import needs

DAYS = "2"


def make_authority(folder: Path, name: str) -> Path:
    """Make an authority and return its certificate; its key lies beside it."""
    openssl, key, certificate = needs.binary("openssl"), folder / f"{name}.key", folder / f"{name}.pem"
    subject = ("-subj", f"/CN={name}", "-days", DAYS)
    made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key))
    _run(openssl, "req", "-x509", *made, "-out", str(certificate), *subject)
    return certificate


def make_server(folder: Path, authority: Path, name: str = "server") -> tuple[Path, Path]:
    """Make the certificate and key of a server on 127.0.0.1 and return them."""
    openssl, key, certificate = needs.binary("openssl"), folder / f"{name}.key", folder / f"{name}.pem"
    request, names = folder / f"{name}.csr", folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key))
    _run(openssl, "req", *made, "-out", str(request), "-subj", "/CN=127.0.0.1")
    signed = ("-CA", str(authority), "-CAkey", str(authority.with_suffix(".key")), "-CAcreateserial")
    _run(
        *(openssl, "x509", "-req", "-in", str(request), *signed, "-days", DAYS),
        *("-extfile", str(names), "-out", str(certificate)),
    )
    return certificate, key


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
