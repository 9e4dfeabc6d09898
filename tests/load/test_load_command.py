"""``load`` as an operator calls it: how it ends, what it prints, and what it leaves behind."""

import asyncio
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from client.load.judging.result import Exit
from protocol import codec
from server.__main__ import app
from server.database.core.pool import connect_as_owner
from server.settings import Settings, process_environment
from tests.load import hearing_twice
from tests.load.test_load_flow import tokens_of
from tests.services import ROOT, free_port, start_web

SHORT = "--ramp=0", "--steady=0.5", "--drain=0", "--deals=1", "--watchers=2", "--json"
GUARD_SECONDS = 60.0


async def run(settings: Settings, *words: str, module: str = "server") -> tuple[int, str, str]:
    """Run ``load`` in a process of its own; return its exit code and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, "load", *words),
        cwd=ROOT,
        env=process_environment() | {"COLUMNS": "200", "NO_COLOR": "1"} | settings.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(GUARD_SECONDS):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.flow
async def test_how_it_ends(stocked: Settings, tmp_path: Path) -> None:
    """A run that is fine, one whose condition breaks at once, one that hears a note twice, one that nobody
    answers, and one that cannot be understood: each has its exit code and says why. A generator on a busy
    machine may find itself too slow to prove anything. No token that it made for itself works afterwards.
    """
    file = tmp_path / "tokens"
    file.write_text("\n".join(await tokens_of(stocked)))
    given = *SHORT, f"--token-file={file}"
    nobody = f"--url=http://127.0.0.1:{free_port()}"
    async with start_web(stocked, tmp_path):
        fine, missed, wrong, alone, unclear = await asyncio.gather(
            run(stocked, "--mode=idle", *SHORT),
            run(stocked, "--mode=idle", *given, "--until=max<0.001ms"),
            run(stocked, "--mode=fanout", *given, "--rate=20", module=hearing_twice.__name__),
            run(stocked, "--mode=idle", *given, nobody),
            run(stocked, "--mode=idle", *given, "--until=max"),
        )
    assert fine[0] in {Exit.FINE, Exit.SATURATED}, fine
    assert missed[0] in {Exit.CONDITION_MISSED, Exit.SATURATED}, missed
    assert wrong[0] == Exit.VIEWS_WRONG, wrong
    told = [codec.decode(each[1].encode()) for each in (fine, missed, wrong)]
    assert [each["exit_code"] for each in told] == [fine[0], missed[0], wrong[0]]
    views = [each["result"]["views"] for each in told]
    assert [each["checked"] for each in views[:2]] == [2, 2]
    assert 0 < views[2]["counts"]["duplicates"] <= views[2]["checked"]
    assert (told[1]["capacity"], fine[2], missed[2], wrong[2]) == (0, "", "", "")
    assert (alone[0], alone[1]) == (Exit.FAILED, "")
    assert alone[2].startswith("error: ")
    assert alone[2].count("\n") == 1
    assert unclear[:2] == (Exit.BAD_ARGUMENTS, "")
    assert "Invalid value for --until: expected a condition" in unclear[2]
    async with connect_as_owner(stocked.database_owner_url) as owner:
        revoked = await owner.fetch("SELECT revoked_at FROM credentials WHERE label LIKE 'load %'")
    assert len(revoked) == 2
    assert all(each["revoked_at"] is not None for each in revoked)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["--require", "p95>500ms"], "--require"),
        (["--most", "5"], "--most"),
        (["--url", "ftp://127.0.0.1"], "--url"),
        (["--url", "http://deals.example.com", "--yes"], "--token-file"),
        (["--token-file", "no such file"], "--token-file"),
        (["--report", "no such folder/report.html"], "--report"),
        (["--watchers", "-1"], "--watchers"),
        (["--mode", "fast"], "--mode"),
        (["--mode", "idle", "--salespeople", "3"], "--salespeople"),
        (["--mode", "search", "--deals", "3"], "--deals"),
        (["--mode", "jitter", "--slow", "3"], "--slow"),
    ],
)
def test_bad_arguments_are_named(words: list[str], option: str) -> None:
    """Before anything is connected to, and with what was expected."""
    done = CliRunner().invoke(app, ["load", *words], env={"COLUMNS": "200"})
    assert done.exit_code == Exit.BAD_ARGUMENTS
    assert done.stdout == ""
    assert f"Invalid value for {option}" in done.stderr.replace("'", "")
