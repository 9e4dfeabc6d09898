"""Each proxy's own program takes its example, and systemd takes the units."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cluster import needs
from tests.services import free_port
from tests.services.proxies import EXAMPLES, PROXIES, Proxy

UNITS = ("deal-web@8000.service", "deal-worker@1.service", "deal-migrate.service", "deal-architect.target")


def made(kind: str, folder: Path) -> Proxy:
    """Return a proxy whose files are written, and which is not started."""
    needs.binary(kind)
    needs.binary("openssl")
    proxy = Proxy(kind, folder, free_port(), [free_port() for _ in range(4)])
    proxy.write()
    return proxy


@pytest.mark.parametrize("kind", PROXIES)
def test_the_example_is_valid(kind: str, tmp_path: Path) -> None:
    """Only places and addresses are replaced. Raises what the program says otherwise."""
    made(kind, tmp_path).check()


@pytest.mark.parametrize("kind", PROXIES)
def test_a_fault_in_it_is_found(kind: str, tmp_path: Path) -> None:
    """The check can fail."""
    proxy = made(kind, tmp_path)
    proxy.config.write_text(proxy.config.read_text() + "\nnonsense {\n")
    with pytest.raises(subprocess.CalledProcessError):
        proxy.check()


def test_caddys_own_format() -> None:
    """As ``caddy fmt`` writes it."""
    done = subprocess.run(
        [needs.binary("caddy"), "fmt", str(EXAMPLES / "Caddyfile")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == (EXAMPLES / "Caddyfile").read_text()


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """Every directive is known and has a value that it may have; nothing is left open that need not be."""
    program = needs.binary("systemd-analyze")
    for unit in UNITS:
        template = EXAMPLES / "systemd" / unit.replace("@8000", "@").replace("@1", "@")
        # The programs are on the machines that they are for.
        text = template.read_text().replace(
            "/opt/deal-architect/.venv/bin/python", shutil.which("true") or ""
        )
        text = text.replace("/opt/deal-architect/.venv/bin/deal-architect", shutil.which("true") or "")
        (tmp_path / unit).write_text(text)
        (tmp_path / template.name).write_text(text)
    verified = subprocess.run(
        [program, "verify", "--man=no", *(str(tmp_path / unit) for unit in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    for unit in UNITS[:3]:
        exposed = subprocess.run(
            [program, "security", "--offline=yes", "--no-pager", "--threshold=25", str(tmp_path / unit)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert exposed.returncode == 0, exposed.stdout[-400:]
