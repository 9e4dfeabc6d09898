"""With the warehouse down everything but ``sync`` works."""

import asyncio
import sys
from pathlib import Path

import pytest

from protocol.deal.workflow import Action, Reason
from protocol.records import DealState
from server.settings import Settings, process_environment
from tests.flow.desk import open_both
from tests.services import ROOT, free_port

pytestmark = pytest.mark.flow


def environment(settings: Settings) -> dict[str, str]:
    """Return an environment whose warehouse is down: nobody listens there."""
    down = f"postgresql://nobody@127.0.0.1:{free_port()}/gone"
    return process_environment() | settings.environment() | {"WAREHOUSE_URL": down}


async def sync(environ: dict[str, str], folder: Path, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "sync", "--share", "1", "--rejects", str(folder / "r.csv"), *words),
        env=environ,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_people_sign_in_search_value_and_decide(
    stocked: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync that watches fails all the while, says so, and disturbs nobody."""
    environ = environment(stocked)
    monkeypatch.setenv("WAREHOUSE_URL", environ["WAREHOUSE_URL"])
    watching = await sync(environ, tmp_path, "--watch", "1")
    try:
        async with open_both(stocked, tmp_path) as desk:  # signs in, searches, and waits for all values
            await desk.submitted()
            await desk.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
            approved = await desk.agree(lambda deal: deal.state is DealState.APPROVED)
            assert approved.state is DealState.APPROVED
        assert watching.stderr is not None
        async with asyncio.timeout(60):
            while b"the warehouse broke off" not in (line := await watching.stderr.readline()):
                assert line, "it ended"
        assert watching.returncode is None
    finally:
        if watching.returncode is None:
            watching.terminate()
        await watching.communicate()


async def test_a_process_that_is_given_the_address_drops_it(settings: Settings, tmp_path: Path) -> None:
    """Web and worker begin anew without it, so that not even the system shows it."""
    environ = environment(settings)
    with (tmp_path / "log").open("wb") as log:
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server.run.processes", "worker"),
            env=environ,
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        async with asyncio.timeout(60):
            while b"worker ready" not in (tmp_path / "log").read_bytes():
                assert worker.returncode is None, (tmp_path / "log").read_text()
                await asyncio.sleep(0.05)
        seen = await asyncio.to_thread(Path(f"/proc/{worker.pid}/environ").read_bytes)
        assert b"WAREHOUSE_URL" not in seen
        assert b"DATABASE_OWNER_URL" not in seen
        assert b"DATABASE_URL" in seen
    finally:
        worker.terminate()
        await worker.wait()
