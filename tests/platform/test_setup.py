"""Set-up: what an old Python is told, and that a step is done once for the same inputs."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.services import ROOT
from tools import bootstrap, installation


def test_an_old_python_can_read_the_bootstrap() -> None:
    """Its syntax is that of Python 3.4, so that an old Python gets as far as the message."""
    source = (ROOT / "tools" / "bootstrap.py").read_text()
    assert ast.parse(source, feature_version=(3, 4)).body


def test_an_old_python_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no newer one is on PATH, one line says what to install."""
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _name, **_: None)
    assert bootstrap.main() == 1
    said = capsys.readouterr().err
    assert "Python 3.11 or newer is needed, this one is 3.9" in said
    assert said.count("\n") == 1


def test_an_old_python_beside_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer one on PATH takes over, with the same arguments."""
    became: list[Sequence[str]] = []

    def become(_path: str, argv: Sequence[str]) -> None:
        became.append(argv)

    found = shutil.which("sh")
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(bootstrap.sys, "argv", ["bootstrap.py", "run", "--port", "9000"])
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name, **_: found if name == "python3.12" else None)
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda *_, **__: 0)
    monkeypatch.setattr(bootstrap.os, "execv", become)
    bootstrap.main()
    assert became == [[found, str(ROOT / "tools" / "installation.py"), "run", "--port", "9000"]]


def test_root_prefers_a_python_that_others_may_reach(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Web and worker do not run as root: a Python in root's home is taken only where there is no other."""
    became: list[str] = []
    closed, opened = tmp_path / "root" / "python3.12", Path(sys.executable)
    closed.parent.mkdir(mode=0o700)
    closed.touch()
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
    monkeypatch.setattr(bootstrap.os, "execv", lambda path, _argv: became.append(path))
    monkeypatch.setattr(bootstrap.sys, "executable", str(closed))
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda *_, **__: 0)
    monkeypatch.setattr(bootstrap, "is_open", lambda path: path == str(opened))
    for others in (None, str(opened)):
        monkeypatch.setattr(bootstrap.shutil, "which", lambda _name, found=others, **_: found)
        bootstrap.main()
    assert became == [str(closed), str(opened)]
    monkeypatch.undo()
    assert not bootstrap.is_open(str(closed)) or os.geteuid() != 0


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder with a place for stamps."""
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    monkeypatch.setattr(installation, "STAMPS", tmp_path / "stamps")
    (tmp_path / "stamps").mkdir()
    return tmp_path


def test_a_step_runs_when_its_inputs_change(project: Path) -> None:
    """The same inputs: nothing. Other contents, or a missing output: again."""
    source, output, done = project / "source", project / "output", []

    def step() -> None:
        done.append(source.read_text())
        output.write_text("built")

    for text in ("one", "one", "two"):
        source.write_text(text)
        installation.once("build", [source], step, output)
    assert done == ["one", "two"]
    output.unlink()
    installation.once("build", [source], step, output)
    assert done == ["one", "two", "two"]


def test_a_failed_step_is_not_taken_for_done(project: Path) -> None:
    """After an error the step runs again next time."""
    source, attempts = project / "source", []
    source.write_text("one")

    def step() -> None:
        attempts.append(1)
        raise installation.SetupError("no network")

    for _ in range(2):
        with pytest.raises(installation.SetupError):
            installation.once("build", [source], step)
    assert len(attempts) == 2


def test_no_redis_wheel_and_no_compiler(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Redis can neither be installed nor built, the error names both ways out."""

    def fail(path: Path, *_words: str) -> None:
        raise installation.SetupError(f"no wheel in {path}")

    monkeypatch.setattr(installation, "install_lock", fail)
    monkeypatch.setattr(installation.shutil, "which", lambda _name: None)
    with pytest.raises(
        installation.SetupError, match="no make or gcc to build it with: install redis-server"
    ):
        installation.install_redis(project / "redis.lock")


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Said on one line before anything is written."""
    usage = shutil.disk_usage(ROOT)
    monkeypatch.setattr(installation.shutil, "disk_usage", lambda _path: usage._replace(free=2**20))
    assert installation.main(["setup"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: the disk of ")
    assert said.count("\n") == 1


def test_a_command_that_fails_is_one_error() -> None:
    """The step's own words become the error; the command's output stays above it."""
    with pytest.raises(installation.SetupError, match="no packages"):
        installation.run(["false"], "no packages")


def test_the_locks_name_no_address() -> None:
    """Locks hold versions and hashes only, so that they work with any index."""
    locks = list(ROOT.glob("server/*.lock")) + list(ROOT.glob("tests/*.lock"))
    assert len(locks) == 4
    for lock in locks:
        assert "://" not in lock.read_text()
        assert "--hash=sha256:" in lock.read_text()


def test_ci_script_parses() -> None:
    """The script of continuous integration is valid bash."""
    bash = shutil.which("bash")
    assert bash is not None
    assert subprocess.run([bash, "-n", str(ROOT / ".ci" / "run")], check=False).returncode == 0


def test_the_locks_of_npm_name_no_address() -> None:
    """Each package of a lock has its hash and no place, so that any registry serves."""
    for lock in (
        ROOT / "client" / "web" / "package-lock.json",
        ROOT / "tests" / "elsewhere" / "package-lock.json",
    ):
        _, *packages = json.loads(lock.read_text())["packages"].values()
        assert packages
        assert all("integrity" in each and "resolved" not in each for each in packages)


@pytest.mark.parametrize("all_must_run", [False, True])
def test_packages_of_the_tests_that_cannot_be_installed(
    all_must_run: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    """It is said loudly that tests are skipped; where all must run, as in CI, set-up fails."""

    def fail(_arguments: Sequence[str], _folder: Path) -> None:
        raise installation.SetupError("npm ci failed")

    monkeypatch.setattr(installation, "ELSEWHERE", project)
    monkeypatch.setattr(installation, "run_npm", fail)
    monkeypatch.setenv("DEAL_TEST_ALL", "1" if all_must_run else "")
    for name in ("package.json", "package-lock.json"):
        (project / name).touch()
    if all_must_run:
        with pytest.raises(installation.SetupError, match="npm ci failed"):
            installation.ensure_elsewhere()
    else:
        installation.ensure_elsewhere()
        assert (
            "WARNING: npm ci failed. The tests that use these packages are SKIPPED."
            in capsys.readouterr().err
        )
