"""Measure what a search of 500 matches costs all processes, against an earlier revision of this repository.

The revision is checked out into a folder of its own, with a set-up of its own. Each tree runs the same
scenario with its own client, PostgreSQL and Redis; both have their turns.
"""

import asyncio
import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from server.settings import process_environment
from tests.bench import goals
from tests.bench.results.figures import Figure, Report, median
from tests.services import ROOT, Services

BASE: Final = "3ae8663"
"""The commit before the short road; what is compared with where no revision is named."""

GIT: Final = ("git", "-c", "gc.auto=0")
SCENARIO: Final = Path(__file__).with_name("search_scenario.py")
GUARD_SECONDS: Final = 120.0
MS: Final = 1_000


class Unavailable(Exception):
    """The revision cannot be measured here."""


async def measure(_services: Services, _folder: Path, repeats: int, previous: str = "") -> Report:
    """Measure this tree and the revision in turns."""
    revision = previous or last_release()
    ours: list[float] = []
    theirs: list[float] = []
    failed = ""
    try:
        with checked_out(revision) as tree:
            async with AsyncExitStack() as stack:
                mine = await stack.enter_async_context(scenario(ROOT))
                other = await stack.enter_async_context(scenario(tree))
                for _ in range(1 + repeats):
                    ours.append(await _turn(mine))
                    theirs.append(await _turn(other))
    except Unavailable as error:
        failed = f": not measured, {error}"
        async with scenario(ROOT) as mine:
            ours = [await _turn(mine) for _ in range(1 + repeats)]
    return [
        Figure(
            "CPU of a search of 500 matches, all processes",
            "ms",
            median(ours[1:]),
            median(theirs[1:]) if theirs else None,
            f"revision {revision}{failed}",
            goals.CPU_OF_A_SEARCH,
            samples=tuple(ours[1:]),
            floor_samples=tuple(theirs[1:]),
        )
    ], ["All processes: web, its computing processes, two workers, PostgreSQL and Redis; not the client."]


def last_release() -> str:
    """Return the last tag, or the base commit where nothing is tagged."""
    try:
        return _run("nothing is tagged", *GIT, "describe", "--tags", "--abbrev=0")
    except Unavailable:
        return BASE


@contextmanager
def checked_out(revision: str, scenario: Path = SCENARIO) -> Iterator[Path]:
    """Check a revision out with a scenario, and set it up as tests need it; nothing is left behind.

    Raises Unavailable.
    """
    tree = Path(tempfile.mkdtemp(prefix="bench-previous-"))
    # The account of the embedded services passes through it.
    tree.chmod(0o755)
    try:
        _run(
            "it is no revision of this clone", *GIT, "worktree", "add", "--detach", "--force", tree, revision
        )
        _run("its set-up failed", sys.executable, str(next(tree.glob("*/bootstrap.py"))), "test", folder=tree)
        shutil.copy(scenario, tree / "tests" / "bench" / scenario.name)
        yield tree
    finally:
        with contextlib.suppress(Unavailable):
            _run("it is gone", *GIT, "worktree", "remove", "--force", tree)
        shutil.rmtree(tree, ignore_errors=True)


def _run(failed: str, *words: str | Path, folder: Path = ROOT) -> str:
    """Return what a program prints. Raises Unavailable."""
    try:
        done = subprocess.run(
            [str(word) for word in words], cwd=folder, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(failed) from error
    return done.stdout.strip()


@asynccontextmanager
async def scenario(
    tree: Path, script: Path = SCENARIO, *words: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a scenario in a tree; it waits to be told of each turn."""
    process = await asyncio.create_subprocess_exec(
        str(tree / ".venv" / "bin" / "python"),
        *("-m", f"tests.bench.{script.stem}", *words),
        cwd=tree,
        env=process_environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if await _line(process) != b"ready\n":
            raise Unavailable("the scenario does not run in it")
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GUARD_SECONDS):
                await process.wait()


async def _turn(process: asyncio.subprocess.Process) -> float:
    """Return the milliseconds of all processors that a search takes."""
    return (await answered(process))[0]


async def answered(process: asyncio.subprocess.Process) -> list[float]:
    """Tell a scenario to have its turn, and return the numbers that it answers."""
    assert process.stdin is not None
    process.stdin.write(b"search\n")
    return [float(word) for word in (await _line(process)).split()]


async def _line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    async with asyncio.timeout(GUARD_SECONDS):
        return await process.stdout.readline()
