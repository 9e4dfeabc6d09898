"""Exceptions from the checks of `make lint`: each names what it excepts and says why."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import ROOT

FOLDERS = ("server", "client", "protocol", "tests")
BARE_NOQA = re.compile(r"#\s*(ruff:\s*)?noqa(?!: [A-Z]+\d+(, ?[A-Z]+\d+)* - \S)", re.IGNORECASE)
NOSEC = re.compile(r"- \S.*  # nosec B\d{3}(,B\d{3})*$")
SQUAWK = re.compile(r"^ *-- squawk-ignore(-file)? [a-z-]+(, [a-z-]+)*$")


def lines_of(*endings: str) -> Iterator[tuple[Path, list[str]]]:
    """Yield our source files with their lines, generated and installed ones left out."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in endings and "node_modules" not in path.parts and path != Path(__file__):
                yield path, path.read_text(encoding="utf-8").splitlines()


def test_each_exception_of_security_has_its_reason() -> None:
    """A mark for ruff's S rules or bandit names the code and gives the reason on the same line."""
    for path, lines in lines_of(".py"):
        for number, line in enumerate(lines, 1):
            if re.search(r"noqa: S\d|noqa:.*, ?S\d", line):
                assert not BARE_NOQA.search(line), f"{path}:{number}: {line.strip()}"
            if "# nosec" in line:
                assert NOSEC.search(line), f"{path}:{number}: {line.strip()}"


def test_each_exception_of_a_migration_has_its_reason() -> None:
    """`squawk-ignore` names its rules, and the comment above says why."""
    for path, lines in lines_of(".sql"):
        for above, line in zip(["", *lines], lines, strict=False):
            if "squawk-ignore" in line:
                assert SQUAWK.search(line), f"{path}: {line}"
                assert re.search(r"^ *-- \w+", above), f"{path}: {line}"


def test_each_exception_of_a_configuration_has_its_reason() -> None:
    """What is excluded in pyproject.toml or .squawk.toml has a comment beside or above it."""
    bandit = (ROOT / "pyproject.toml").read_text().split("[tool.bandit]")[1].split("\n[")[0]
    squawk = (ROOT / ".squawk.toml").read_text()
    above = ""
    for line in (*bandit.splitlines(), *squawk.splitlines()):
        if line.startswith('    "'):
            assert "# " in line or above.strip().startswith("# "), line
        above = line


def test_new_migrations_are_looked_at() -> None:
    """Only migrations that are released are excepted: not a newer one, nor all of them by a pattern."""
    text = (ROOT / ".squawk.toml").read_text()
    excluded = re.findall(r'^    "(server/database/migrations/.*)",$', text, re.M)
    assert excluded
    for path in excluded:
        assert (ROOT / path).is_file()
        assert Path(path).name < "0007"


@pytest.mark.parametrize("code", ["B608"])
def test_what_bandit_leaves_to_ruff_is_looked_at(code: str) -> None:
    """Each query that bandit finds to be put together from parts has ruff's mark, and so its reason."""
    words = ("bandit", "--quiet", "--tests", code, "--format", "json", "--recursive", *FOLDERS[:3])
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    found = json.loads(done.stdout)["results"]
    assert found
    for one in found:
        lines = (ROOT / one["filename"]).read_text().splitlines()
        span = lines[min(one["line_range"]) - 1 : max(one["line_range"]) + 1]
        assert any("noqa: S608 - " in line for line in span), (one["filename"], one["line_number"])


def test_the_checks_of_lint_find_a_planted_fault(tmp_path: Path) -> None:
    """With the project's configuration, squawk and bandit fail on a file that holds one."""
    migration, module = tmp_path / "0099_planted.sql", tmp_path / "planted.py"
    migration.write_text("CREATE INDEX planted ON deals (version);\n")
    module.write_text('import hashlib\n\nDIGEST = hashlib.md5(b"").hexdigest()\n')
    for words, fault in (
        (("squawk", "--config", ".squawk.toml", str(migration)), "require-concurrent-index-creation"),
        (("bandit", "--quiet", "--configfile", "pyproject.toml", str(module)), "B324"),
    ):
        argv = (str(Path(sys.executable).parent / words[0]), *words[1:])
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, fault in done.stdout) == (1, True), done.stdout + done.stderr
