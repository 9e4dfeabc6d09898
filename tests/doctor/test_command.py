"""The command without any installation: its options, its errors, and how a report reads."""

import datetime as dt
import io
from pathlib import Path

import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from server.commands.doctor import add_doctor_command
from server.doctor.report import Finding, Report
from server.doctor.terminal import show
from server.doctor.verdicts import CHECKS, Severity
from server.embedded.errors import FolderUnusable
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


def test_services_that_are_named_need_no_folder(tmp_path: Path) -> None:
    """An operator's own Postgres and Redis."""
    named = {"DATABASE_URL": "postgresql://db/deals", "REDIS_URL": "redis://redis:6379/0"}
    assert (
        standing_services(named | {"DEAL_DATA_DIR": str(tmp_path / "none")}).redis_url == named["REDIS_URL"]
    )


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
