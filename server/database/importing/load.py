"""Import of an inventory file into one store: by COPY into a staging table, merged by VIN, all or nothing.

Memory stays bounded whatever the file's size: rows are sent in batches, and checks across rows (a repeated
VIN, a VIN of another store) run in the database. A second import of the same file changes nothing.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg

from protocol import codec
from server.database.core.one_row import one_row
from server.database.core.pool import connect_as_owner
from server.database.core.rejects_file import RejectsFile
from server.database.importing.columns import ColumnMap, ImportFailed, find_layout, shown_names
from server.database.importing.flaws import Flaw, FlawKind
from server.database.importing.merging import CAR_COLUMNS, DOUBTFUL, DUPLICATES, ELSEWHERE, merge_statement
from server.database.importing.parsing import names_of, parse_row
from server.database.importing.reading import UNPACKED_MIB, InventoryFile, open_inventory
from server.database.importing.snapshot import Snapshot

BATCH_ROWS = 2_000
BATCH_CHARACTERS: Final = 4_000_000
"""A batch is sent earlier if its rows are long."""

PREFETCH_ROWS: Final = 100
"""The most rows of a batch whose rows have the maximum length."""

MERGE_LOCK: Final = 4_911_202_611
"""The advisory lock under which an import merges its cars into the stock."""

BOOK_SOURCE = "import"
REJECTED, STORED = "rejected", "stored, please check"

STAGED_COLUMNS = ("line", "cells", *CAR_COLUMNS)
Progress = Callable[[int], None]
"""Called with the number of rows read so far."""


@dataclass(slots=True)
class ImportSummary:
    """The outcome of an import: ``read`` is the sum of the next four.

    ``doubtful`` counts stored rows that need a review. ``reasons`` and ``doubts`` count rows by their first
    flaw.
    """

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    doubtful: int = 0
    reasons: Counter[FlawKind] = field(default_factory=Counter)
    doubts: Counter[FlawKind] = field(default_factory=Counter)
    columns: dict[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    rejects_path: Path | None = None
    gone: int | None = None
    """Cars of the store that the file no longer has; None if it was no snapshot."""
    returned: int = 0
    without_cost: bool = False
    left_out: int = 0
    """Rejected and doubtful rows that did not fit into the rejects file."""

    def __str__(self) -> str:
        lines = [
            f"{self.read:,} rows read: {self.inserted:,} added, {self.updated:,} updated,"
            f" {self.unchanged:,} unchanged, {self.rejected:,} rejected",
            *(f"  {count:,} {kind}" for kind, count in self.reasons.most_common()),
        ]
        if self.gone is not None:
            back = f", {self.returned:,} are back" if self.returned else ""
            lines.append(f"{self.gone:,} cars are not in the file and are gone{back}")
        if self.without_cost:
            lines.append("the file has no cost: new cars have an unknown cost, and their NPV is incomplete")
        if self.doubtful:
            lines.append(f"{self.doubtful:,} of the stored cars need a review")
            lines += [f"  {count:,} {kind}" for kind, count in self.doubts.most_common()]
        if self.rejects_path is not None:
            lines.append(f"rows with reasons: {self.rejects_path}")
        if self.left_out:
            lines.append(
                f"{self.left_out:,} more are counted but not listed: fix the listed rows and import again"
            )
        if self.unread:
            lines.append(f"columns not read: {shown_names(self.unread)}")
        return "\n".join(lines)


async def import_inventory(  # noqa: PLR0917 - where from, where to, then what is optional
    owner_url: str,
    path: Path,
    store_id: str,
    mapping: Mapping[str, str] | None = None,
    rejects_path: Path | None = None,
    progress: Progress | None = None,
    most_mib: int = UNPACKED_MIB,
    *,
    constants: Mapping[str, str] | None = None,
    snapshot: bool = False,
    confirmed: bool = False,
) -> ImportSummary:
    """Import the cars of ``path`` (CSV, gzip or not) into the stock of a store, in one transaction.

    ``mapping`` is column to field, for headers that are not detected; ``constants`` is field to the value of
    all rows. With ``snapshot``, cars of the store that the file does not have are gone, unless there are
    suspiciously many and that is not ``confirmed``. An existing car is updated in the
    columns that the file has; its status and other columns stay. An unchanged car keeps its ``rev``. Rows
    that are rejected or doubtful go to ``rejects_path`` (default: ``<name>.rejects.csv`` in the working
    folder).

    Raises ImportFailed if the file is damaged or larger than ``most_mib`` uncompressed, if needed columns are
    missing, if there is no such store, or if a snapshot would remove too many cars.
    """
    target = rejects_path or Path(f"{path.name.removesuffix('.gz').removesuffix('.csv')}.rejects.csv")
    with open_inventory(path, most_mib) as file:
        try:
            layout = find_layout(file.header, mapping or {}, constants)
        except ImportFailed as error:
            raise ImportFailed(f"{path}: {error}") from None
        async with connect_as_owner(owner_url) as database:
            group_id = await database.fetchval("SELECT group_id FROM stores WHERE store_id = $1", store_id)
            if group_id is None:
                raise ImportFailed(f"--store: there is no store {store_id!r}")
            with open_rejects(target, layout.header, apart_from=path) as rejects:
                async with database.transaction():
                    whole = Snapshot(database, confirmed=confirmed) if snapshot else None
                    work = _Import(database, (store_id, group_id), layout, rejects, whole)
                    await work.stage(file, progress or (lambda _rows: None))
                    await work.merge()
            await database.execute("ANALYZE vehicles")
    work.summary.rejects_path, work.summary.left_out = rejects.path, rejects.left_out
    return work.summary


def open_rejects(path: Path, header: Sequence[str], *, apart_from: Path) -> RejectsFile:
    """Return the file of the rows for review: line, outcome, reason, and the original row. One from an
    earlier import is removed.

    Raises ImportFailed if it would replace the file that is read, or cannot be written.
    """

    def failed(reason: str) -> ImportFailed:
        return ImportFailed(f"--rejects {path}: cannot be written: {reason}")

    try:
        is_same = path.exists() and path.samefile(apart_from)
    except OSError as error:
        raise failed(error.strerror or type(error).__name__) from None
    if is_same:
        raise ImportFailed(f"--rejects {path}: expected another file than the one that is imported")
    file = RejectsFile(path, ("line", "outcome", "reason", *header), failed)
    file.begin()
    return file


class _Import:
    """One run: its connection (in a transaction), the store, where rejects go, and the counts so far."""

    def __init__(
        self,
        database: asyncpg.Connection,
        store: tuple[str, str],
        layout: ColumnMap,
        rejects: RejectsFile,
        snapshot: Snapshot | None,
    ) -> None:
        self._database = database
        self._snapshot = snapshot
        self._kind_in_condition = False
        self._store_id, self._group_id = store
        self._layout = layout
        self._rejects = rejects
        self._today = dt.datetime.now(dt.UTC).date()
        self.summary = ImportSummary(
            columns={one: layout.header[position] for one, position in layout.positions.items()},
            unread=layout.unread,
            without_cost="cost" not in layout.stated,
        )

    async def stage(self, file: InventoryFile, progress: Progress) -> None:
        """Parse the file into the staging table, batch by batch."""
        columns = ", ".join(CAR_COLUMNS)
        await self._database.execute(
            "CREATE TEMP TABLE staged ON COMMIT DROP AS"  # noqa: S608 - names of our own
            f" SELECT NULL::bigint AS line, NULL::text AS cells, {columns} FROM vehicles WITH NO DATA"
        )
        if self._snapshot is not None:
            await self._snapshot.open()
        batch: list[tuple[Any, ...]] = []
        characters = 0
        for row in file.rows():
            self.summary.read += 1
            if self._snapshot is not None:
                await self._snapshot.list(*names_of(row.cells, self._layout))
            if row.broken is not None:
                self._reject(row.line, row.cells, Flaw(FlawKind.SHAPE, row.broken))
                continue
            parsed = parse_row(row.cells, self._layout, self._today)
            if parsed.car is None:
                self._reject(row.line, row.cells, *parsed.flaws)
                continue
            self._kind_in_condition |= parsed.kind_in_condition
            # Kept with the car for the checks that only the database can do.
            cells = codec.encode([list(row.cells), [[one.kind, one.text] for one in parsed.flaws]]).decode()
            batch.append((row.line, cells, *(getattr(parsed.car, name) for name in CAR_COLUMNS)))
            characters += len(cells)
            if len(batch) == BATCH_ROWS or characters > BATCH_CHARACTERS:
                await self._copy(batch)
                characters = 0
                progress(self.summary.read)
        await self._copy(batch)
        progress(self.summary.read)

    async def merge(self) -> None:
        """Reject what may not be stored, then merge the rest into the stock.

        Imports merge one after the other: two that update the same cars in different orders would deadlock,
        and two new ones of one VIN would not see each other.
        """
        await self._database.execute("SELECT pg_advisory_xact_lock($1)", MERGE_LOCK)
        await self._database.execute("CREATE INDEX ON staged (vin)")
        await self._database.execute("ANALYZE staged")
        await self._take_out(DUPLICATES, lambda found: Flaw(FlawKind.DUPLICATE, _duplicate_text(found)))
        await self._take_out(
            ELSEWHERE,
            lambda found: Flaw(
                FlawKind.OTHER_STORE, f"VIN {found['vin']} is in the stock of {found['other']}"
            ),
            self._store_id,
        )
        await self._list_doubts()
        staged = await self._database.fetchval("SELECT count(*) FROM staged")
        statement = merge_statement(self._layout, kind_in_condition=self._kind_in_condition)
        inserted, updated = await one_row(
            self._database, statement, BOOK_SOURCE, self._today, self._store_id, self._group_id
        )
        if self._snapshot is not None:
            self.summary.gone, self.summary.returned = await self._snapshot.apply(self._store_id)
        self.summary.inserted, self.summary.updated = inserted, updated
        self.summary.unchanged = staged - inserted - updated

    async def _copy(self, batch: list[tuple[Any, ...]]) -> None:
        if batch:
            await self._database.copy_records_to_table("staged", records=batch, columns=STAGED_COLUMNS)
            batch.clear()

    async def _take_out(self, query: str, flaw: Callable[[Any], Flaw], *arguments: str) -> None:
        """Reject the staged rows that ``query`` finds (line, cells and what ``flaw`` needs)."""
        async for found in self._database.cursor(query, *arguments, prefetch=PREFETCH_ROWS):
            cells, _doubts = codec.decode(found["cells"])
            self._reject(found["line"], cells, flaw(found))
        await self._database.execute(
            f"DELETE FROM staged USING ({query}) AS found WHERE staged.line = found.line",  # noqa: S608 - ours
            *arguments,
        )

    async def _list_doubts(self) -> None:
        """List the doubtful cars once they are stored."""
        async for found in self._database.cursor(DOUBTFUL, prefetch=PREFETCH_ROWS):
            cells, doubts = codec.decode(found["cells"])
            flaws = [Flaw(FlawKind(kind), text) for kind, text in doubts]
            self.summary.doubtful += 1
            self.summary.doubts[flaws[0].kind] += 1
            self._write(found["line"], STORED, flaws, cells)

    def _reject(self, line: int, cells: Any, *flaws: Flaw) -> None:
        self.summary.rejected += 1
        self.summary.reasons[flaws[0].kind] += 1
        self._write(line, REJECTED, flaws, cells)

    def _write(self, line: int, outcome: str, flaws: Sequence[Flaw], cells: Sequence[str]) -> None:
        self._rejects.write(line, outcome, "; ".join(flaw.text for flaw in flaws), *cells)


def _duplicate_text(found: Any) -> str:
    return f"VIN {found['vin']} is already on line {found['first']}; the first row is kept"
