"""Web and worker on a read-only root, as the Containerfile says: they need /run/deal-architect and /tmp."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest

from protocol.events import SearchEnded
from protocol.records import View
from server.settings import Settings, process_environment
from tests.cluster import needs
from tests.flow.conftest import stocked
from tests.flow.shop import EASY, a_deal_of, connect, events_until, token_of
from tests.services import ROOT, answers, free_port
from tests.web.site import csrf_of

__all__ = ["stocked"]

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0
SERVICES = "/srv/services"

# Its own mount namespace: nothing of it is seen outside, and it ends with the process. The checkout is at
# another place, because /tmp is empty.
READ_ONLY = """
set -eu
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir /srv/code /srv/services
mount --bind "$1" /srv/code
mount --bind "$2" /srv/services
shift 2
cut -d ' ' -f 5 /proc/self/mountinfo | while read -r place; do
  place=$(printf %b "$place")
  case "$place" in /proc|/proc/*|/sys|/sys/*|/dev|/dev/pts|/dev/mqueue) continue ;; esac
  # What another mount hides is no mount point.
  mountpoint -q "$place" || continue
  mount -o remount,bind,ro "$place"
done
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/deal-architect
mount -t tmpfs -o "mode=0700,uid=$(id -u deal-architect)" tmpfs /run/deal-architect
mount -o remount,ro /run
cd /srv/code
exec "$@"
"""


def in_read_only(services: Path, *words: str) -> list[str]:
    """Return the words that run a program on a read-only root."""
    namespace = (needs.binary("unshare"), "--mount", "--propagation", "private")
    return [*namespace, "/bin/sh", "-c", READ_ONLY, "sh", str(ROOT), str(services), *words]


def image_environment() -> dict[str, str]:
    """Return the variables that the Containerfile sets, but for its path."""
    text = (ROOT / "docs/operations/deploy/Containerfile").read_text()
    (block,) = re.findall(r"^ENV ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    return {name: value for name, value in re.findall(r"(\w+)=(\S+)", block) if name != "PATH"}


@pytest.fixture(autouse=True)
def allowed() -> None:
    """Skip these tests where nobody may make a mount namespace."""
    if os.geteuid() != 0:
        pytest.skip("only root may make a mount namespace and mount in it: run this test as root")
    tried = subprocess.run(
        [needs.binary("unshare"), "--mount", "mount", "-t", "tmpfs", "tmpfs", "/srv"],
        check=False,
        capture_output=True,
        text=True,
    )
    if tried.returncode:
        pytest.skip(f"this machine refuses root a mount in a namespace of its own: {tried.stderr.strip()}")


@contextmanager
def started(kind: str, settings: Settings, log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process of ours on a read-only root, and see that it ends well."""
    services = settings.data_dir
    own = settings.environment() | image_environment() | more
    own = {name: value.replace(str(services), SERVICES) for name, value in own.items()}
    del own["DATABASE_OWNER_URL"]
    # Not root, as in the image: those who may use the services of these tests.
    account = ("--reuid", "deal-architect", "--regid", "deal-architect", "--clear-groups", "--no-new-privs")
    program = "/srv/code/" + os.path.relpath(sys.executable, ROOT)
    words = (needs.binary("setpriv"), *account, program, "-m", "server.run.processes", kind)
    with log.open("wb") as out:
        process = subprocess.Popen(
            in_read_only(services, *words),
            env={name: value for name, value in process_environment().items() if name not in own} | own,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(GUARD_SECONDS) == 0, log.read_text()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


@asynccontextmanager
async def system(settings: Settings, folder: Path) -> AsyncIterator[str]:
    """Run a web process and a worker; give the address."""
    port = free_port()
    own = {"DEAL_HOST": "127.0.0.1", "DEAL_PORT": str(port), "DEAL_DRAIN_SECONDS": "0"}
    own["DEAL_ALLOWED_ORIGINS"] = url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        processes = [
            stack.enter_context(started(kind, settings, folder / f"{kind}.log", **own))
            for kind in ("worker", "web")
        ]
        deadline = time.monotonic() + GUARD_SECONDS
        while not await answers(port, "/readyz"):
            logs = "".join((folder / f"{kind}.log").read_text() for kind in ("worker", "web"))
            assert all(process.poll() is None for process in processes), logs
            assert time.monotonic() < deadline, logs
            await asyncio.sleep(0.05)
        yield url


def test_nothing_else_can_be_written(stocked: Settings) -> None:
    """What the other test relies on, tried by root."""
    tried = (
        "for place in / /etc /var /run /srv /srv/code /srv/services /home /root /run/deal-architect /tmp; do"
    )
    tried += ' if touch "$place/new" 2>/dev/null; then echo "$place"; fi; done'
    done = subprocess.run(
        in_read_only(stocked.data_dir, "/bin/sh", "-c", tried), check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["/run/deal-architect", "/tmp"]  # noqa: S108 - one of the namespace's own
    assert not (ROOT / "new").exists()


async def test_people_work_on_a_read_only_root(stocked: Settings, tmp_path: Path) -> None:
    """Somebody signs in, and a search finds and values cars. Nothing tried to write elsewhere."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(system(stocked, tmp_path))
        browser = await stack.enter_async_context(httpx.AsyncClient(timeout=GUARD_SECONDS))
        form = {"login": "riverside-manager", "password": "demo", "next": "/"}
        form["csrf_token"] = csrf_of(await browser.get(f"{url}/login"))
        assert (await browser.post(f"{url}/login", data=form)).status_code == 303
        assert (await browser.get(f"{url}/api/deals")).status_code == 200

        token = await token_of(stocked, "riverside-manager")
        workspace = await stack.enter_async_context(connect(url, token))
        deal = await workspace.join(await a_deal_of(stocked), View.MANAGER)
        await deal.terms(EASY)
        search_id = await deal.search(limit=40)
        events = await events_until(
            deal, lambda event: isinstance(event, SearchEnded) and event.search_id == search_id
        )
        assert isinstance(events[-1], SearchEnded)
        assert len(deal.rows) == events[-1].matched > 20
        async with asyncio.timeout(GUARD_SECONDS):
            while any(row.offer is None for row in deal.rows.values()):
                await anext(deal)
    for kind in ("web", "worker"):
        log = (tmp_path / f"{kind}.log").read_text()
        assert "ready" in log
        for sign in (
            "Read-only file system",
            "Permission denied",
            "Errno 30",
            '"level": "error"',
            "Traceback",
        ):
            assert sign not in log, f"{kind}:\n{log}"
