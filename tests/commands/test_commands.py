"""The commands, as a person calls them: what they print, how they end, and what goes wrong."""

import contextlib
import gzip
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from server.__main__ import _default_web, app
from server.embedded.process import is_gone, listener
from server.settings import process_environment
from server.web.handover.slots import numbers
from tests.services import ROOT, Services, free_port, open_folder

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0
IMPORTS = [
    "import-inventory",
    "import-rates",
    "import-risk",
    "import-tax",
    "import-rebates",
    "import-limits",
    "import-products",
]
STORED = ["up", "web", "worker", "migrate", "seed", *IMPORTS, "verify-pencils", "report-markup"]
STORED += ["token", "tokens", "revoke-token", "audit", "replay", "doctor", "backup", "restore"]
GROUPS = ["store", "user"]
COMPUTED = ["price", "apr", "value", "roll", "lease"]


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without addresses of services, and with ``more``."""
    ours = {name for name in os.environ if name.startswith("DEAL_")} | {"DATABASE_URL", "REDIS_URL"}
    kept = {name: value for name, value in process_environment().items() if name not in ours}
    return kept | {"COLUMNS": "200", "NO_COLOR": "1"} | more


def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    argv = [sys.executable, "-m", "server", *words]
    return subprocess.run(
        argv,
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=GUARD_SECONDS,
    )


def help_of(command: str) -> str:
    """Return what a command says of itself. No process is started: nearly all of it would be imports."""
    shown = CliRunner().invoke(app, [command, "--help"], prog_name="deal-architect", env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    return shown.output


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that a failed command wrote."""
    assert done.returncode == 1, done
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for data, with a path that is short enough for sockets."""
    with open_folder(in_memory=True) as path:
        yield path


def services_of(folder: Path) -> list[int]:
    """Return the process ids of the folder's services that run."""
    found = [listener(folder / "run" / name) for name in (".s.PGSQL.5432", "redis.sock")]
    return [pid for pid in found if pid is not None]


class Up:
    """``up`` as a person starts it in a terminal."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.log = folder / "up.log"
        words = [
            "up",
            "--data-dir",
            str(folder / "data"),
            "--port",
            str(port),
            "--workers",
            "2",
        ]
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "server", *words],
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def await_ready(self) -> None:
        """Wait for the line that says it is ready."""
        deadline = time.monotonic() + GUARD_SECONDS
        while f"ready http://127.0.0.1:{self.port}" not in self.log.read_text().splitlines():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def children(self) -> list[int]:
        """Return the process ids of its web and worker processes."""
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def end(self) -> None:
        """Press Ctrl-C and wait for the end."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(GUARD_SECONDS)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def ups() -> Iterator[list[Up]]:
    """Those that a test started; ended after it whatever happened."""
    started: list[Up] = []
    yield started
    for one in started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            one.end()


def test_up_from_nothing_to_ctrl_c_and_again(folder: Path, ups: list[Up]) -> None:
    """A new folder is made ready and seeded; Ctrl-C leaves no process; the next start finds the data."""
    ups.append(up := Up(folder, free_port()))
    up.await_ready()
    with socket.create_connection(("127.0.0.1", up.port), timeout=5):
        pass
    everything = up.children() + services_of(folder / "data")
    # The sample data have two stores.
    webs = min(2, os.cpu_count() or 1)
    assert len(everything) == webs + 2 + 2
    assert numbers(folder / "data" / "run") == [*range(1, webs + 1)]
    up.end()
    assert up.process.returncode == 0
    assert all(is_gone(pid) for pid in everything)
    ups.append(again := Up(folder, free_port()))
    again.await_ready()
    assert "seeding" not in again.log.read_text()
    printed = run("token", "--user", "riverside-sales", "--data-dir", str(folder / "data"))
    assert printed.returncode == 0, printed.stderr
    assert len(printed.stdout.splitlines()[-1]) >= 43
    again.end()
    assert services_of(folder / "data") == []


@pytest.mark.parametrize(
    ("stores", "processors", "expected"),
    [(0, 4, 1), (1, 4, 1), (2, 4, 2), (9, 4, 4), (2, 1, 1), (2, None, 1)],
)
def test_how_many_web_processes_there_are(
    monkeypatch: pytest.MonkeyPatch, stores: int, processors: int | None, expected: int
) -> None:
    """One for each store, as far as processors and connections to Postgres go; at least one."""
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    assert _default_web(stores) == expected


def test_up_killed_without_notice(folder: Path, ups: list[Up]) -> None:
    """kill -9 of ``up`` ends its processes; the next command takes the services over and ends them."""
    ups.append(up := Up(folder, free_port()))
    up.await_ready()
    children, services = up.children(), services_of(folder / "data")
    up.kill()
    deadline = time.monotonic() + GUARD_SECONDS
    while not all(is_gone(pid) for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert services_of(folder / "data") == services
    assert run("migrate", "--data-dir", str(folder / "data")).returncode == 0
    assert services_of(folder / "data") == []


def test_a_port_that_is_taken(folder: Path) -> None:
    """Said before anything is started, also where the other one would share the port."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        line = complaint(run("up", "--port", port, "--data-dir", str(folder / "data")))
    assert f"127.0.0.1:{port}" in line
    assert "--port" in line
    assert not (folder / "data").exists()


def test_two_commands_at_once_on_a_new_folder(folder: Path) -> None:
    """Both work, one after the other where they must; the last one stops the services."""
    words = [sys.executable, "-m", "server", "migrate", "--data-dir", str(folder / "data")]
    both = [subprocess.Popen(words, cwd=ROOT, env=environment()) for _ in range(2)]
    assert [one.wait(GUARD_SECONDS) for one in both] == [0, 0]
    assert services_of(folder / "data") == []


def test_a_newer_data_folder(folder: Path) -> None:
    """A folder that a later version wrote is refused on one line."""
    (folder / "FORMAT").write_text("99\n")
    assert "format 99" in complaint(run("migrate", "--data-dir", str(folder)))


def test_a_newer_schema(folder: Path, services: Services) -> None:
    """A database that a later version migrated is refused on one line."""
    with services.database() as database:
        given = {"DATABASE_URL": database.owner_url, "REDIS_URL": services.redis_url}
        assert run("migrate", **given).returncode == 0
        services.run_sql("UPDATE alembic_version SET version_num = '9999'", database=database.name)
        assert "9999" in complaint(run("migrate", **given))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"DATABASE_URL": "mysql://db", "REDIS_URL": "redis://cache"}, "DATABASE_URL must be"),
        (
            {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"},
            "DATABASE_URL",
        ),
    ],
)
def test_wrong_addresses(given: dict[str, str], expected: str) -> None:
    """An address of the wrong kind, or of nothing, is one line that names the variable."""
    assert expected in complaint(run("migrate", **given))


def test_nobody_of_that_name(folder: Path) -> None:
    """A token for an unknown user says how to get users."""
    assert "deal-architect seed" in complaint(
        run("token", "--user", "nobody", "--data-dir", str(folder / "data"))
    )


def test_what_help_says() -> None:
    """Every command is listed with what it does."""
    overview = run("--help").stdout
    for name in (*STORED, *GROUPS, *COMPUTED):
        assert f" {name} " in overview


@pytest.mark.parametrize("command", STORED)
def test_help_of_each_command(command: str) -> None:
    """Each explains itself and takes ``--data-dir``, without starting anything."""
    text = help_of(command)
    assert f"deal-architect {command}" in text
    assert "--data-dir" in text


@pytest.mark.parametrize("command", COMPUTED)
def test_help_of_each_computation(command: str) -> None:
    """What needs no data says what it reads: a JSON file or standard input."""
    text = help_of(command)
    assert f"deal-architect {command}" in text
    assert "standard input" in text


def test_a_file_that_cannot_be_read_is_told_by_line_and_code_2(folder: Path) -> None:
    """Cut off, or one line without end: said with the line and what was expected, by every import."""
    cut, long = folder / "cut.csv.gz", folder / "long.csv.gz"
    cut.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 1_000)[:-20])
    long.write_bytes(gzip.compress(b"x" * 10_000_000))
    data = ("--data-dir", str(folder / "data"))
    for words, said in (
        (("import-inventory", str(long)), "line 1: expected the names of the columns"),
        (("import-rates", str(long), "--version", "x"), "line 1: expected the names of the columns"),
        (("import-tax", str(cut), "--version", "x", "--max-mib", "1"), "is damaged after line"),
    ):
        done = run(*words, *data)
        assert done.returncode == 2, done
        line = done.stderr.splitlines()[-1]
        assert line.startswith("error: ")
        assert said in line
        assert "Traceback" not in done.stderr


def test_an_import_into_a_new_folder(folder: Path) -> None:
    """A file is imported by one command on a bare folder, and importing it again changes nothing."""
    stock = folder / "stock.csv"
    stock.write_text(
        "VIN,Stock No,Year,Make,Model,Mileage,Price,Cost\n"
        "1n4al11d66n429180,S1,2006,Nissan,Altima,130115,4995,3300\n"
        "1N4AL11D66N429181,S2,2006,Nissan,Altima,90000,5995,3900\n"
    )
    written = folder / "rejects.csv"
    words = ("import-inventory", str(stock), "--rejects", str(written), "--data-dir", str(folder / "data"))
    first = run(*words)
    assert "store riverside: 2 rows read: 1 added, 0 updated, 0 unchanged, 1 rejected" in first.stdout, first
    assert "check digit" in written.read_text()
    again = run(*words)
    assert "2 rows read: 0 added, 0 updated, 1 unchanged, 1 rejected" in again.stdout, again
