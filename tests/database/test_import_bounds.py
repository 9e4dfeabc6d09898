"""Files made to harm: bounded memory, a clear refusal, and no row that goes untold."""

import csv
import gzip
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from server.database.core import rejects_file
from server.database.core.rejects_file import RejectsFile
from server.database.importing import CURVES, RULES, ImportFailed, TableRejected, versioned
from server.database.importing.columns import find_layout
from server.database.importing.parsing import LONGEST_CELL, Flaw, FlawKind, parse_row
from server.database.importing.reading import (
    COLUMNS,
    ROW_CHARACTERS,
    Row,
    open_inventory,
)
from server.database.importing.versioned import FAULTS, Fault, read_table
from tests.database.tables import CURVE
from tests.database.test_importing import DEALER, GOOD, TODAY
from tests.services import ROOT

MIB = 1024 * 1024
BOMB_MIB = 256
MOST_BYTES = 32 * MIB
"""Well above what reading takes, and an eighth of what one line of a bomb holds."""

READ = """
import sys, tracemalloc
from pathlib import Path
from server.database.importing.columns import ImportFailed
from server.database.importing.reading import open_inventory
tracemalloc.start()
try:
    with open_inventory(Path(sys.argv[1])) as file:
        print(sum(1 for row in file.rows() if row.broken is None))
except ImportFailed as error:
    print(error)
print(tracemalloc.get_traced_memory()[1])
"""


def bomb(path: Path, *parts: tuple[bytes, int]) -> Path:
    """Write a gzip of parts, each repeated; a repeated one may be long."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        for part, times in parts:
            for _ in range(times):
                file.write(part)
    return path


def plain(path: Path, text: str) -> Path:
    """Write a file as it stands."""
    path.write_bytes(text.encode())
    return path


def rows_of(path: Path) -> list[Row]:
    """Return every row of a file."""
    with open_inventory(path) as file:
        return list(file.rows())


HEADER = (b"a,b\n", 1)
FILLER = (b"x" * MIB, BOMB_MIB)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        pytest.param([FILLER], "line 1: expected the names of the columns", id="a header without end"),
        pytest.param([(b"\0" * MIB, BOMB_MIB)], "line 1: expected the names of the columns", id="NULs"),
        pytest.param([HEADER, (b"1,2\n", 1), FILLER, (b"\n3,4\n", 1)], "2", id="a row without end"),
        pytest.param([HEADER, (b"1,2\n" * 40, 1), (b"," * MIB, BOMB_MIB)], "40", id="cells without end"),
        pytest.param([HEADER, (b'"', 1), (b"\n" * 200_000, 1)], "0", id="a quote that is never closed"),
    ],
)
def test_a_small_file_that_unpacks_to_much_takes_little_memory(
    parts: Iterable[tuple[bytes, int]], said: str, tmp_path: Path
) -> None:
    """Neither one line nor one row is held whole: it is told, dropped, and the next row is read."""
    path = bomb(tmp_path / "bomb.csv.gz", *parts)
    done = subprocess.run(
        [sys.executable, "-c", READ, path], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    outcome, peak = done.stdout.splitlines()
    assert said in outcome
    assert int(peak) < MOST_BYTES


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_that_holds_too_much_is_refused(packed: bool, tmp_path: Path) -> None:
    """The error says how much was expected and how to allow more; an honest file then goes through."""
    text = "a,b\n" + "1,2\n" * (MIB // 4)
    path = tmp_path / "large.csv"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    refused = pytest.raises(ImportFailed, match=r"expected at most 1 MiB, uncompressed.*--max-mib")
    with refused, open_inventory(path, 1) as file:
        list(file.rows())
    with open_inventory(path, 2) as file:
        assert sum(1 for _ in file.rows()) == MIB // 4


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("more", range(-3, 4))
def test_lines_keep_their_numbers_after_a_row_that_is_too_long(
    ending: str, more: int, tmp_path: Path
) -> None:
    """Wherever the cut falls, also inside a line end, the next row stands on the next line."""
    long = "x" * (ROW_CHARACTERS + more)
    path = plain(tmp_path / "rows.csv", ending.join(["a,b", "1,2", long, "3,4", "", "5,6", ""]))
    found = rows_of(path)
    assert [(row.line, row.broken is None) for row in found][0::2] == [(2, True), (4, True)]
    assert (found[1].line, found[1].broken is None) == (3, len(long + ending) <= ROW_CHARACTERS)
    assert [(row.line, list(row.cells)) for row in found[2:]] == [(4, ["3", "4"]), (6, ["5", "6"])]


def test_a_quote_that_stays_open_is_told_with_its_lines(tmp_path: Path) -> None:
    """The reason names the lines that it swallowed; what follows is read."""
    path = plain(tmp_path / "rows.csv", 'a,b\n1,2\n"3,4\n' + "5,6\n" * 20_000)
    broken, *rest = rows_of(path)[1:]
    assert broken.line == 3
    assert broken.broken is not None
    assert "up to line 16" in broken.broken
    assert "quote" in broken.broken
    assert all(row.cells == ["5", "6"] for row in rest)
    assert rest[0].line == int(broken.broken.split("up to line ")[1].split(":")[0]) + 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: expected the names of the columns, found none"),
        (b"\n1,2\n", "line 1: expected the names of the columns, found none"),
        (b"\xff\xfev\0i\0n\0\n\0", "line 1: expected the names of the columns in UTF-8, found a NUL"),
        (b"a\0b,c\n", "found a NUL character"),
        (b",".join([b"x"] * (COLUMNS + 1)) + b"\n", f"line 1: expected at most {COLUMNS} columns, found 501"),
        (b"\x1f\x8b", "is damaged after line 0"),
        (b"\x1f\x8b\x08\x00 no gzip at all", "is damaged after line 0"),
        (b"\x1f\x8b\x07\x00" + b"\0" * 20, "is damaged after line 0"),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 50_000, mtime=0)[:-12], "is damaged after line"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-8] + b"\0" * 8, "is damaged after line"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0) + b"what is this", "is damaged after line"),
    ],
)
def test_a_file_that_is_none_is_refused_by_line(content: bytes, said: str, tmp_path: Path) -> None:
    """Empty, another encoding, too wide, cut off, changed: ImportFailed, and nothing else."""
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(ImportFailed) as refused:
        rows_of(path)
    assert said in str(refused.value)


@pytest.mark.parametrize("at", range(10, 2_000, 97))
def test_a_gzip_that_is_changed_anywhere_is_read_or_refused(at: int, tmp_path: Path) -> None:
    """A byte that the format's checks miss changes nothing; any other one is a refusal of ours."""
    content = b"a,b\n" + b"".join(b"%d,%d\n" % (number, number**2) for number in range(2_000))
    packed = bytearray(gzip.compress(content, mtime=0))
    packed[at] ^= 0xFF
    path = tmp_path / "changed.csv.gz"
    path.write_bytes(packed)
    with pytest.raises(ImportFailed, match="is damaged after line"):
        rows_of(path)


def test_a_value_that_no_screen_could_show_is_rejected() -> None:
    """Digits by the thousand and names without end are told by field and length."""
    layout = find_layout(DEALER, {})
    for name, field in (
        ("Odometer", "mileage"),
        ("Cost", "cost"),
        ("Model", "model"),
        ("Stock #", "stock_no"),
    ):
        cells = ["9" * 5_000 if header == name else cell for header, cell in zip(DEALER, GOOD, strict=True)]
        (flaw,) = parse_row(cells, layout, TODAY).flaws
        assert flaw == Flaw(FlawKind.LONG, f"{field} has 5,000 characters, expected at most {LONGEST_CELL}")
    wide = find_layout((*DEALER, "Description"), {})
    assert parse_row([*GOOD, "fine " * 5_000], wide, TODAY).car is not None


def test_no_cell_of_a_rejects_file_is_a_formula(tmp_path: Path) -> None:
    """Neither a cell nor a column's name nor a reason: all come from the file."""
    with a_file(tmp_path / "r.csv", "line", "outcome", "reason", "vin", "=cmd()") as rejects:
        rejects.write(2, "rejected", "@x is no VIN", "-1", "\t=HYPERLINK(A1)")
    with (tmp_path / "r.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "outcome", "reason", "vin", "'=cmd()"],
            ["2", "rejected", "'@x is no VIN", "'-1", "'\t=HYPERLINK(A1)"],
        ]


def test_a_rejects_file_ends_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By rows and by bytes; what it does not hold is counted. Begun again, a full one has room, and another
    one keeps its rows.
    """
    monkeypatch.setattr(rejects_file, "REJECTS", 3)
    with a_file(tmp_path / "rows.csv", "line", "vin") as rejects:
        for line in range(3):
            rejects.write(line, "x")
        rejects.begin()
        for line in range(3, 10):
            rejects.write(line, "x")
        assert rejects.left_out == 7
        rejects.flush()
        assert (tmp_path / "rows.csv").read_text().count("\n") == 1 + 3
        rejects.begin()
        rejects.write(10, "x")
        assert rejects.left_out == 0
    assert (tmp_path / "rows.csv").read_text().splitlines() == ["line,vin", "10,x"]
    monkeypatch.setattr(rejects_file, "REJECTS_BYTES", 100)
    with a_file(tmp_path / "bytes.csv", "line", "vin") as rejects:
        for line in range(3):
            rejects.write(line, "x" * 80)
    assert rejects.left_out == 2


def a_file(path: Path, *header: str) -> RejectsFile:
    """Return a file that has begun."""
    file = RejectsFile(path, header, OSError)
    file.begin()
    return file


def test_reading_a_table_ends_at_its_faults(tmp_path: Path) -> None:
    """A thousand faults are enough, whether of rows or of the header."""
    names = "jurisdiction,state,rate_percent\n"
    many = plain(tmp_path / "rows.csv", names + "x,y,z\n" * 50_000)
    rows, faults = read_table(many, RULES)
    assert (rows, len(faults)) == ([], FAULTS)
    wide = plain(tmp_path / "header.csv", ",".join(f"c{i}" for i in range(COLUMNS)) + "\n")
    assert len(read_table(wide, RULES)[1]) <= FAULTS
    assert "perhaps more" in str(TableRejected(many, faults))


def test_a_table_has_so_many_rows_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first row beyond is told with its line."""
    monkeypatch.setattr(versioned, "ROWS", 3)
    rules = "".join(f"Place {i},OH,1\n" for i in range(5))
    path = plain(tmp_path / "rules.csv", "jurisdiction,state,rate_percent\n" + rules)
    rows, faults = read_table(path, RULES)
    assert (len(rows), [(fault.line, fault.column) for fault in faults]) == (3, [(5, "the row")])


def test_a_risk_model_of_edges_that_never_meet_is_told_in_time(tmp_path: Path) -> None:
    """3,000 rows with edges of their own would need 27,000,000,000 curves: the first are named."""
    path = tmp_path / "curves.csv"
    edges = ("term_max_months", "ltv_max_percent", "pti_max_percent")
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*CURVE, *edges])
        writer.writeheader()
        for number in range(3_000):
            shares = dict.fromkeys(edges[1:], f"{number + 1}.5")
            writer.writerow(CURVE | shares | {"term_max_months": str(number % 120 + 1)})
    _, faults = read_table(path, CURVES)
    assert len(faults) == FAULTS


def test_what_a_file_holds_does_not_steer_a_terminal(tmp_path: Path) -> None:
    """Names of columns are cut and freed of control characters before they are shown."""
    fault = Fault(1, "\x1b[2J" + "x" * 500, "one of the columns", "y" * 500)
    assert "\x1b" not in str(fault)
    assert len(str(fault)) < 250
    with pytest.raises(ImportFailed) as refused:
        find_layout(["\x1b]0;x\x07", *(f"column {i}" + "z" * 300 for i in range(400))], {})
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 5_000
    assert "361 more" in str(refused.value)
