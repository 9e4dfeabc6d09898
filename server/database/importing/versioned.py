"""Imports a version of a table from CSV, whole or not at all, and reports all faults at once.

Reading stops after FAULTS faults.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from msgspec import NODEFAULT

from protocol.deal.structure import FIRST_DATE, LAST_DATE
from protocol.money.lending import NO_EDGE_BP, NO_EDGE_MONTHS, RiskCurve
from protocol.records import Tier
from protocol.texts import ONE_LINE, echoed
from server.database.core.pool import connect_as_owner
from server.database.editions.writing import RISK, Edition, begun_on, is_stored, store_version
from server.database.importing.amounts import LONGEST_ID, Unexpected
from server.database.importing.columns import SHOWN_CHARACTERS, shown
from server.database.importing.reading import open_inventory
from server.database.importing.table_layout import Column, TableLayout
from server.errors import UNUSABLE_INPUT, UserError

HEADER_LINE = 1
FAULTS: Final = 1_000
ROWS: Final = 100_000
"""The most rows of a version: each pricing process holds a whole version in memory."""

TABLE_MIB: Final = 64
LONGEST_CELL: Final = 2_000
MOST_NAMED: Final = 5
"""How many values of a repeated key a fault shows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in the file: the line, the column, what was expected and what was found."""

    line: int
    column: str
    expected: str
    found: str

    def __str__(self) -> str:
        found = self.found if len(self.found) <= SHOWN_CHARACTERS else f"{self.found[:SHOWN_CHARACTERS]}…"
        return f"line {self.line}, {shown(self.column)}: expected {self.expected}, found {found!r}"


class TableRejected(UserError):
    """The file is not a valid table; nothing was stored. ``faults`` are in line order, at most FAULTS."""

    exit_code = UNUSABLE_INPUT

    def __init__(self, path: Path, faults: Sequence[Fault]) -> None:
        super().__init__(path, faults)
        self.path = path
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return f"{self.path}: {self.summary}: {self.faults[0]}"

    @property
    def summary(self) -> str:
        """How many faults there are."""
        text = f"nothing was stored; faults to fix: {len(self.faults):,}"
        return (
            text if len(self.faults) < FAULTS else f"{text} and perhaps more, because reading stopped there"
        )


@dataclass(frozen=True, slots=True)
class Numbered:
    """A record and its line."""

    line: int
    record: Any


Check = Callable[[Sequence[Any]], None]
"""Raises ValueError if records that are valid one by one do not form a valid table."""


async def import_table(
    owner_url: str,
    path: Path,
    layout: TableLayout,
    edition: Edition,
    check: Check | None = None,
    *,
    most_mib: int = TABLE_MIB,
) -> int:
    """Store the table in ``path`` (CSV, gzip or not) as a new version; return how many rows it has.

    ``check`` runs last, if the rows have no other fault.

    Raises TableRejected with the faults of the file, or if the version or its first day is taken;
    ImportFailed if the file cannot be read or holds more than ``most_mib`` uncompressed.
    """
    rows, faults = read_table(path, layout, most_mib)
    if check is not None and not faults:
        try:
            check([row.record for row in rows])
        except ValueError as error:
            faults.append(
                Fault(HEADER_LINE, "the table", "a table that can be used in calculations", str(error))
            )
    faults += _edition_faults(edition)
    if any(fault.column == "--version" for fault in faults):
        raise TableRejected(path, sorted(faults, key=lambda fault: fault.line))
    async with connect_as_owner(owner_url) as database, database.transaction():
        # The head table must not change between the check and the write.
        await database.execute(f"LOCK TABLE {layout.kind.head} IN SHARE ROW EXCLUSIVE MODE")
        if await is_stored(database, layout.kind, edition.version):
            faults.append(
                Fault(
                    HEADER_LINE,
                    "--version",
                    f"a version name that no other {layout.kind.name} has",
                    edition.version,
                )
            )
        taken = await begun_on(database, layout.kind, edition.effective_from)
        if taken is not None:
            expected = f"a day on which no other {layout.kind.name} begins: {taken} begins then"
            faults.append(Fault(HEADER_LINE, "--effective-from", expected, str(edition.effective_from)))
        if faults:
            raise TableRejected(path, sorted(faults, key=lambda fault: fault.line))
        return await store_version(database, layout.kind, edition, [row.record for row in rows])


def _edition_faults(edition: Edition) -> Iterator[Fault]:
    """Yield what is wrong with a version's name and its first day."""
    name, day = edition.version, edition.effective_from
    if not 0 < len(name) <= LONGEST_ID or name != name.strip() or not re.match(ONE_LINE, name):
        expected = f"a name of 1 to {LONGEST_ID} visible characters"
        yield Fault(HEADER_LINE, "--version", expected, echoed(name))
    if not FIRST_DATE <= day <= LAST_DATE:
        yield Fault(HEADER_LINE, "--effective-from", f"a day between {FIRST_DATE} and {LAST_DATE}", str(day))


def read_table(
    path: Path, layout: TableLayout, most_mib: int = TABLE_MIB
) -> tuple[list[Numbered], list[Fault]]:
    """Return the records of a file and the faults in it, up to FAULTS.

    Raises ImportFailed if it cannot be read or holds more than ``most_mib`` uncompressed.
    """
    rows: list[Numbered] = []
    with open_inventory(path, most_mib) as file:
        positions, faults = _positions([name.strip() for name in file.header], layout)
        if faults:
            return rows, faults[:FAULTS]
        for row in file.rows():
            if len(faults) >= FAULTS:
                break
            if len(rows) == ROWS:
                faults.append(Fault(row.line, "the row", f"the end of the table: {ROWS:,} rows", "more rows"))
                break
            if row.broken is not None or len(row.cells) != len(file.header):
                found = row.broken or f"{len(row.cells)} cells"
                faults.append(Fault(row.line, "the row", f"{len(file.header)} cells", found))
                continue
            record, wrong = _read_row(row.line, row.cells, positions, layout)
            faults += wrong
            if record is not None:
                rows.append(Numbered(row.line, record))
    if not rows and not faults:
        faults.append(Fault(HEADER_LINE + 1, "the row", "at least one row", ""))
    more = itertools.chain(_repeated(rows, layout), _grid_faults(rows, bool(faults), layout))
    return rows, list(itertools.islice(itertools.chain(faults, more), FAULTS))


def _positions(header: Sequence[str], layout: TableLayout) -> tuple[dict[str, int], list[Fault]]:
    """Return the position of each column; optional ones may be left out, unknown ones are faults."""
    known = [column.name for column in layout.columns]
    faults = [
        Fault(HEADER_LINE, name or f"column {place}", f"one of the columns {', '.join(known)}", name)
        for place, name in enumerate(header, 1)
        if name not in known
    ]
    faults += [
        Fault(HEADER_LINE, name, "each column once", name)
        for name in sorted(set(header) & set(known))
        if header.count(name) > 1
    ]
    faults += [
        Fault(HEADER_LINE, column.name, "a column of this name", "no such column")
        for column in layout.columns
        if column.absent is NODEFAULT and column.name not in header
    ]
    return {name: header.index(name) for name in known if name in header}, faults


def _read_row(
    line: int, cells: Sequence[str], positions: Mapping[str, int], layout: TableLayout
) -> tuple[Any, list[Fault]]:
    """Return the record of a row, or None with its faults."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    text_of = {name: cells[position].strip() for name, position in positions.items()}
    for column in layout.columns:
        try:
            values[column.field] = _cell(column, text_of.get(column.name, ""))
        except Unexpected as error:
            found = text_of.get(column.name, "")[: SHOWN_CHARACTERS + 1]
            faults.append(Fault(line, column.name, str(error), found))
    if faults:
        return None, faults
    record = layout.record(**values)
    wrong = [
        Fault(line, name, expected, text_of.get(name, "")) for name, expected in layout.contradictions(record)
    ]
    return (None if wrong else record), wrong


def _cell(column: Column, text: str) -> Any:
    if len(text) > LONGEST_CELL:
        raise Unexpected(f"at most {LONGEST_CELL:,} characters")
    if text:
        return column.read(text)
    if column.absent is NODEFAULT:
        raise Unexpected("a value")
    return column.absent


def _repeated(rows: Sequence[Numbered], layout: TableLayout) -> Iterator[Fault]:
    """Yield a fault for each row whose key an earlier row has."""
    first: dict[tuple[Any, ...], int] = {}
    for row in rows:
        key = tuple(getattr(row.record, field) for field in layout.key)
        earlier = first.setdefault(key, row.line)
        if earlier != row.line:
            names = [column.name for column in layout.columns if column.field in layout.key]
            yield Fault(
                row.line,
                layout.key_name or ", ".join(names),
                f"a unique row: line {earlier} has the same values",
                ", ".join(str(value) for value in key[:MOST_NAMED] if value is not None),
            )


def _grid_faults(rows: Sequence[Numbered], has_faults: bool, layout: TableLayout) -> Iterator[Fault]:
    """Yield the gaps in a risk model's grids, only for valid rows, because others would mislead.

    If every row has different edges, there are as many gaps as the cube of the rows: callers take only the
    first ones.
    """
    if layout.kind is RISK and not has_faults:
        for tier in Tier:
            yield from _tier_faults(tier, [one for one in rows if one.record.tier is tier])


def _tier_faults(tier: Tier, rows: Sequence[Numbered]) -> Iterator[Fault]:
    """Yield the gaps of one tier: each band needs a curve, up to the bands without an edge."""
    if not rows:
        yield Fault(HEADER_LINE, "tier", f"curves of every tier, also of {tier}", "none")
        return
    curves: list[RiskCurve] = [row.record for row in rows]
    edges = [sorted({getattr(one, name) for one in curves}) for name in _EDGES]
    for (name, last), found in zip(_EDGES.items(), edges, strict=True):
        if found[-1] != last:
            column = f"{name.removesuffix('_bp')}_percent" if name.endswith("_bp") else name
            yield Fault(
                rows[-1].line,
                column,
                f"a last band of {tier} without an edge (an empty cell)",
                f"{found[-1]:g}",
            )
    there = {(one.term_max_months, one.ltv_max_bp, one.pti_max_bp) for one in curves}
    for term, ltv, pti in itertools.product(*edges):
        if (term, ltv, pti) not in there:
            band = f"term to {term} months, LTV to {ltv / 100:g} %, PTI to {pti / 100:g} %"
            yield Fault(rows[-1].line, "the grid", f"a curve of {tier} for {band}", "none")


_EDGES: Mapping[str, float] = {
    "term_max_months": NO_EDGE_MONTHS,
    "ltv_max_bp": NO_EDGE_BP,
    "pti_max_bp": NO_EDGE_BP,
}
