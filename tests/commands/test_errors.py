"""Every error that a person at the terminal reads: one line, and an exit code."""

import importlib
import pkgutil
import signal
from pathlib import Path

import pytest

import server
from server.commands.deals.printing import NotPrinted
from server.commands.deals.traces import NoTraces
from server.commands.operations.backups import RedisNotEmptied
from server.commands.privacy.customers import ErasuresUnreadable, NotErasedAgain
from server.commands.privacy.retaining import NotErased
from server.commands.terminal import DealUnknown, StoreMissing, UserUnknown, explain
from server.database.backups.errors import (
    BackupDamaged,
    FolderTaken,
    HasData,
    NewerBackup,
    NotABackup,
    ProgramFailed,
)
from server.database.core.migrate import UnknownRevision
from server.database.core.partitions import CopyIncomplete
from server.database.core.pooler import SettingsDropped
from server.database.deals.history import NewerEvent
from server.database.editions.calibrations import EditionTaken
from server.database.importing import ImportFailed, TableRejected
from server.database.importing.versioned import Fault
from server.database.people.staff import StaffError
from server.doctor.profiling.sampling import NotSampled
from server.embedded import errors as embedded
from server.environment import SettingsError
from server.errors import FAILED, UNUSABLE_INPUT, UserError
from server.history.aggregates.engine import EngineMissing, HistoryUnusable
from server.history.judging import CalibrationRefused
from server.observe.spans import SpansError
from server.privacy.batches import Failed
from server.privacy.erasing import CustomerUnknown, RecordChanged
from server.privacy.obligations import DealsOpen
from server.run.processes import explained_errors
from server.run.procfile import ProcfileError
from server.run.supervisor import KeepsFalling
from server.run.up import NotReady, PortTaken
from server.warehouse.errors import (
    LayoutError,
    SyncRunning,
    TooManyGone,
    TooSlow,
    WarehouseAway,
    WarehouseRefused,
)

HERE = Path("/data")
EXAMPLES: dict[UserError, int] = {
    BackupDamaged(HERE, "its SHA-256 is not that"): FAILED,
    CalibrationRefused(["too thin", "too far"]): FAILED,
    CopyIncomplete("pencils", 3, 2): FAILED,
    CustomerUnknown("42"): FAILED,
    DealUnknown("42"): FAILED,
    DealsOpen("42", ("7",), ("8",)): FAILED,
    EditionTaken("--version", "another name"): UNUSABLE_INPUT,
    EngineMissing(): UNUSABLE_INPUT,
    ErasuresUnreadable(HERE, 3): UNUSABLE_INPUT,
    FolderTaken(HERE): FAILED,
    HasData(7): FAILED,
    HistoryUnusable("/history", "payments"): UNUSABLE_INPUT,
    ImportFailed("no column\nholds a VIN"): UNUSABLE_INPUT,
    KeepsFalling("web.1", "exit code 1"): FAILED,
    LayoutError("deal_architect.stock.vin", "a column for the field vin"): UNUSABLE_INPUT,
    NewerBackup("0099", "0001", "2.0"): FAILED,
    NewerEvent(3, "deal_flagged"): FAILED,
    NotABackup(HERE, "it has no manifest"): FAILED,
    NotSampled("no process of ours answers"): FAILED,
    NotPrinted("Put a car on the deal first."): FAILED,
    NotErased((Failed("42", RecordChanged("42")),)): FAILED,
    NotErasedAgain((Failed("42", ValueError()),)): FAILED,
    NotReady(): FAILED,
    NoTraces(): FAILED,
    PortTaken("127.0.0.1", 80, "Permission denied"): FAILED,
    ProcfileError(HERE, "No such file or directory"): FAILED,
    ProgramFailed("psql", "no answer"): FAILED,
    RecordChanged("42"): FAILED,
    RedisNotEmptied("no answer"): FAILED,
    SettingsDropped("role"): FAILED,
    SettingsError("REDIS_URL", "an address"): FAILED,
    SpansError("OpenTelemetry is not installed"): FAILED,
    StaffError("login", "there is none"): FAILED,
    StoreMissing(): FAILED,
    SyncRunning(): 3,
    TableRejected(HERE, [Fault(2, "tier", "a tier", "none\nof them")]): UNUSABLE_INPUT,
    TooManyGone("cars", "riverside", gone=40, known=100, removed=30): 4,
    TooSlow(120.0): FAILED,
    UnknownRevision("0099", "0001"): FAILED,
    UserUnknown("ann"): FAILED,
    WarehouseAway("127.0.0.1:5439", "connection refused"): FAILED,
    WarehouseRefused("permission denied"): UNUSABLE_INPUT,
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
