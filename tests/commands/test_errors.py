"""Every error that a person at the terminal reads: one line, and an exit code."""

import importlib
import pkgutil
import signal
from pathlib import Path

import pytest

import server
from server.commands.deals.printing import NotPrinted
from server.commands.deals.traces import NoTraces
from server.commands.terminal import DealUnknown, StoreMissing, UserUnknown, explain
from server.database.core.migrate import UnknownRevision
from server.database.core.pooler import SettingsDropped
from server.database.importing import ImportFailed, TableRejected
from server.database.importing.versioned import Fault
from server.database.people.staff import StaffError
from server.doctor.profiling.sampling import NotSampled
from server.embedded import errors as embedded
from server.errors import FAILED, UNUSABLE_INPUT, UserError
from server.observe.spans import SpansError
from server.run.processes import explained_errors
from server.run.procfile import ProcfileError
from server.run.supervisor import KeepsFalling
from server.run.up import NotReady, PortTaken
from server.settings import SettingsError

HERE = Path("/data")
EXAMPLES: dict[UserError, int] = {
    DealUnknown("42"): FAILED,
    ImportFailed("no column\nholds a VIN"): UNUSABLE_INPUT,
    KeepsFalling("web.1", "exit code 1"): FAILED,
    NotSampled("no process of ours answers"): FAILED,
    NotPrinted("Put a car on the deal first."): FAILED,
    NotReady(): FAILED,
    NoTraces(): FAILED,
    PortTaken("127.0.0.1", 80, "Permission denied"): FAILED,
    ProcfileError(HERE, "No such file or directory"): FAILED,
    SettingsDropped("role"): FAILED,
    SettingsError("REDIS_URL", "an address"): FAILED,
    SpansError("OpenTelemetry is not installed"): FAILED,
    StaffError("login", "there is none"): FAILED,
    StoreMissing(): FAILED,
    TableRejected(HERE, [Fault(2, "tier", "a tier", "none\nof them")]): UNUSABLE_INPUT,
    UnknownRevision("0099", "0001"): FAILED,
    UserUnknown("ann"): FAILED,
    embedded.AccountMissing("deal-architect", "no useradd"): FAILED,
    embedded.DiskFull(HERE, 2**30): FAILED,
    embedded.FolderUnusable(HERE, "Permission denied"): FAILED,
    embedded.ForeignFolder(HERE): FAILED,
    embedded.ForeignServer("Redis", HERE, "somebody"): FAILED,
    embedded.NewerFolder(HERE, "2", "1"): FAILED,
    embedded.ProgramMissing("Redis", "install it"): FAILED,
    embedded.ServiceFailed("Redis", "it ended", HERE): FAILED,
    embedded.Unreachable("deal-architect", HERE, HERE, "x"): FAILED,
}


def kinds_below(kind: type[UserError]) -> set[type[UserError]]:
    """Return the classes below a class that have no class below them."""
    below = kind.__subclasses__()
    return set().union(*map(kinds_below, below)) if below else {kind}


def test_every_error_for_a_person_has_an_example() -> None:
    """Whoever adds such an error adds it to EXAMPLES too."""
    for module in pkgutil.walk_packages(server.__path__, "server."):
        importlib.import_module(module.name)

    assert kinds_below(UserError) == {type(error) for error in EXAMPLES}


@pytest.mark.parametrize(("error", "code"), EXAMPLES.items(), ids=lambda value: type(value).__name__)
def test_an_error_for_a_person_is_one_line_and_an_exit_code(
    error: UserError, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its text is all that is written, without a traceback."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    with pytest.raises(SystemExit) as ended, explained_errors():
        raise error

    written = capsys.readouterr()
    assert (ended.value.code, written.out) == (code, "")
    assert written.err == f"error: {' '.join(str(error).split())}\n"


def test_what_nobody_expected_is_not_explained() -> None:
    """A fault of the program keeps its traceback."""
    assert explain(RuntimeError("a fault")) is None
