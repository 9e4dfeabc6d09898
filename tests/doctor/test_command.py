"""The command without any installation: its options, its errors, and how a report reads."""

import datetime as dt
import io
import os
from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from server.commands.operations.doctor import add_doctor_command
from server.doctor.probes.processes import why_none
from server.doctor.profiling import sampling
from server.doctor.profiling.profiled import Profiled
from server.doctor.profiling.sampling import Sampled, Target
from server.doctor.profiling.stacks import Profile
from server.doctor.report import Finding, Report
from server.doctor.terminal import show
from server.doctor.verdicts import CHECKS, Severity
from server.embedded.account import Account
from server.embedded.errors import FolderUnusable, NewerFolder
from server.embedded.folder import FORMAT, DataFolder
from server.run.processes import standing_services
from server.settings import Settings
from tests.services import ROOT


def _no_settings(_data_dir: Path | None) -> Settings:
    raise AssertionError("not even looked for")


@pytest.mark.parametrize(
    "words", [("--profile", "1", "--watch-redis", "1"), ("--pid", "7"), ("--out", "x"), ("--profile", "0")]
)
def test_options_that_do_not_fit_together(words: tuple[str, ...]) -> None:
    """Exit code 2, as for any command, before anything is looked at."""
    app = Typer()
    add_doctor_command(app, _no_settings)
    assert CliRunner().invoke(app, list(words)).exit_code == 2


def test_without_a_data_folder_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    """And no folder is made."""
    with pytest.raises(FolderUnusable, match="nothing was started in it yet"):
        standing_services({"DEAL_DATA_DIR": str(tmp_path / "none")})
    assert not (tmp_path / "none").exists()


def test_a_folder_with_a_long_path_names_where_its_sockets_are(tmp_path: Path) -> None:
    """They do not fit into it; whoever started the services wrote down where they are."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    (deep / "FORMAT").write_text(f"{FORMAT}\n")
    (deep / "sockets").write_text("/tmp/deal-architect-here\n")  # noqa: S108 - a name only
    folder = DataFolder(deep, Account(0, 0, "root"))
    folder.look()
    assert folder.sockets == Path("/tmp/deal-architect-here")  # noqa: S108 - nothing is written there
    (deep / "FORMAT").write_text("99\n")
    with pytest.raises(NewerFolder):
        folder.look()


def test_processes_that_cannot_be_seen_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They run elsewhere, or their folder is another account's."""
    assert "none has a socket in" in why_none(tmp_path)
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert "is closed to this account" in why_none(tmp_path)


def test_services_that_are_named_need_no_folder(tmp_path: Path) -> None:
    """An operator's own Postgres and Redis."""
    named = {"DATABASE_URL": "postgresql://db/deals", "REDIS_URL": "redis://redis:6379/0"}
    assert (
        standing_services(named | {"DEAL_DATA_DIR": str(tmp_path / "none")}).redis_url == named["REDIS_URL"]
    )


def test_a_profile_is_written_where_the_output_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the functions that cost most; without --out, in a file that is named after the process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sampling, "target_for", lambda _folder, pid: Target(pid or 7, f"web {pid or 7}"))

    def sampled(target: Target, seconds: float) -> Sampled:
        return Sampled(target, Profile({("a", "b"): 3}), "by hand", seconds)

    monkeypatch.setattr(sampling, "sample", sampled)
    app = Typer()
    add_doctor_command(app, lambda _data_dir: Settings("", "", ""))

    done = CliRunner().invoke(app, ["--profile", "2"])
    chosen = CliRunner().invoke(app, ["--profile", "2", "--pid", "8", "-o", "flame.html", "--json"])

    (named,) = tmp_path.glob("profile-web-7-*.html")
    assert f"Flame graph: {named}" in done.stdout
    assert ["b", "100.0%", "100.0%"] in [line.split() for line in done.stdout.splitlines()]
    found = msgspec.json.decode(chosen.stdout, type=Profiled)
    assert (found.pid, found.file) == (8, str(tmp_path / "flame.html"))
    assert "web 8" in (tmp_path / "flame.html").read_text()


def test_the_report_is_readable() -> None:
    """The finding first, then what to do, then what it is based on; nothing is taken for markup."""
    finding = Finding(
        check="locks.held",
        severity=Severity.FAULT,
        about="pid 7",
        says="a transaction of [red]ann[/red] holds a lock",
        remedy="End it.",
        wait_ms=1_500.0,
        share=15.0,
    )
    report = Report(
        at=dt.datetime(2026, 11, 29, tzinfo=dt.UTC), seconds=1.0, worst=Severity.FAULT, exit_code=4,
        findings=[finding], unseen=["the disk of Postgres"],
    )  # fmt: skip
    console = Console(width=120, file=io.StringIO(), color_system=None)
    show(report, console)

    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert lines[0] == "FAULT  a transaction of [red]ann[/red] holds a lock  [people wait 1.5 s for it]"
    assert lines[1].strip() == "→ End it."
    assert "Not seen: the disk of Postgres" in lines
    assert lines[-1] == "Examined at 2026-11-29 00:00:00 UTC in 1.0 s: 1 fault."


def test_every_check_is_documented() -> None:
    """An operator looks up what a line means."""
    text = (ROOT / "docs" / "operations" / "doctor.md").read_text(encoding="utf-8")
    assert [check for check in CHECKS if f"`{check}`" not in text] == []
