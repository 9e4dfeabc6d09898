"""Aggregates a history month by month, by DuckDB, and only the months that changed.

For each month ``aggregates/cells/<month>.parquet`` holds counts and balances by cell and age, and
``aggregates/events/<month>.parquet`` its charge-offs and recoveries. Both are small: their size grows with
the cells and the charge-offs, not with the payments. ``aggregates/ids/<month>.parquet`` has a sample of its
payments' ids as numbers, one of SAMPLED: it shows whether payments are in several months and count in each.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from protocol.money.lending import RiskModel
from server.history.engine import MEMORY_MIB, HistoryUnusable, engine
from server.history.files import SUFFIX, HistoryFiles
from server.history.manifest import (
    AGGREGATES,
    Edges,
    Manifest,
    Month,
    changed_months,
    read_manifest,
    stamps,
    write_manifest,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCRIPTS: Final = Path(__file__).parent / "scripts"
CELLS: Final = "cells"
EVENTS: Final = "events"
IDS: Final = "ids"
SAMPLED: Final = 64
LOAN_SNAPSHOT: Final = f"loans{SUFFIX}"


@dataclass(frozen=True, slots=True)
class Aggregated:
    """What an aggregation did: months made again of all, rows read; loans and payments of the whole history.

    ``left_out`` are loans whose tier, term, amount or rate cannot be used; ``orphans`` are loans of payments
    that are not among the loans, summed over the months. ``moved`` is about how many payments are in more
    than one month: SAMPLED times those of the sample.
    """

    made: int
    months: int
    rows_read: int
    rows: int
    loans: int
    left_out: int
    orphans: int
    moved: int = 0


def edges_of(model: RiskModel) -> tuple[Edges, ...]:
    """Return the edges of the model's bands by tier."""
    tiers = dict.fromkeys(curve.tier for curve in model.curves)
    return tuple(
        Edges(
            tier=tier.value,
            terms=tuple(sorted({one.term_max_months for one in model.curves if one.tier is tier})),
            ltvs=tuple(sorted({one.ltv_max_bp for one in model.curves if one.tier is tier})),
            ptis=tuple(sorted({one.pti_max_bp for one in model.curves if one.tier is tier})),
        )
        for tier in tiers
    )


def aggregate(
    files: HistoryFiles,
    edges: tuple[Edges, ...],
    *,
    memory_mib: int = MEMORY_MIB,
    progress: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Aggregated:
    """Bring the aggregates up to date and return what was done.

    The manifest is written after each month, so an aggregation that was broken off goes on where it was.
    Raises HistoryUnusable if the history has no loans or no payments, or if a file cannot be read;
    EngineMissing.
    """
    if not files.loan_files() or not files.months():
        raise HistoryUnusable(str(files.folder), "payments and loans in Parquet files: docs/history.md")
    for part in (CELLS, EVENTS, IDS):
        (files.folder / AGGREGATES / part).mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(files.folder)
    with engine(files.folder, memory_mib) as database:
        version = _version(database)
        if (manifest.edges, manifest.engine) != (edges, version):
            manifest = Manifest(edges=edges, engine=version)
        _with_loans(database, files, manifest)
        changed = changed_months(files, manifest)
        _forget(files, manifest)
        rows = 0
        for month in progress(sorted(changed)):
            manifest.months[month] = _aggregate_month(database, files, month, changed[month])
            rows += manifest.months[month].rows
            write_manifest(files.folder, manifest)
        moved = _moved(database, [_place(files, IDS, month) for month in manifest.months])
    write_manifest(files.folder, manifest)
    return Aggregated(
        made=len(changed),
        months=len(manifest.months),
        rows_read=rows,
        rows=sum(month.rows for month in manifest.months.values()),
        loans=manifest.loan_count,
        left_out=manifest.left_out,
        orphans=sum(month.orphans for month in manifest.months.values()),
        moved=moved,
    )


def _with_loans(database: "DuckDBPyConnection", files: HistoryFiles, manifest: Manifest) -> None:
    """Make the table ``loans``, and strike the months from the manifest that counted with other loans."""
    place = files.folder / AGGREGATES / LOAN_SNAPSHOT
    now = stamps(files.loan_files())
    if manifest.loans == now and place.exists():
        database.execute(f"CREATE VIEW loans AS FROM read_parquet('{_quoted(place)}')")
        return
    database.execute("CREATE TABLE edges (tier VARCHAR, terms INTEGER[], ltvs DOUBLE[], ptis DOUBLE[])")
    database.executemany(
        "INSERT INTO edges VALUES ($1, $2, $3, $4)",
        [(one.tier, list(one.terms), list(one.ltvs), list(one.ptis)) for one in manifest.edges],
    )
    _run(database, "loans", {"files": [str(file) for file in files.loan_files()]})
    # Before the new loans are there: an aggregation that dies in between counts these months again.
    for month in _stale_months(database, place, manifest):
        manifest.months.pop(month, None)
    write_manifest(files.folder, manifest)
    new = place.with_suffix(".new")
    database.execute(f"COPY loans TO '{_quoted(new)}' (FORMAT parquet, COMPRESSION zstd)")
    new.replace(place)
    database.execute("DROP TABLE loans")
    database.execute(f"CREATE VIEW loans AS FROM read_parquet('{_quoted(place)}')")
    manifest.loans = now
    manifest.loan_count = _one(database, "SELECT count(*) FROM loans")
    all_loans = database.execute(
        "SELECT count(DISTINCT loan_id) FROM read_parquet($files)",
        {"files": [str(file) for file in files.loan_files()]},
    ).fetchone()
    manifest.left_out = (all_loans[0] if all_loans else 0) - manifest.loan_count


def _stale_months(database: "DuckDBPyConnection", place: Path, manifest: Manifest) -> list[str]:
    """Return the aggregated months in which a loan may have payments that changed or disappeared since."""
    unknown = [name for name, month in manifest.months.items() if month.orphans]
    if not place.exists() or not manifest.months:
        return unknown
    first = database.execute(
        f"""
        SELECT strftime(min(least(old.originated_on, new.originated_on)), '%Y-%m')
          FROM read_parquet('{_quoted(place)}') old LEFT JOIN loans new USING (loan_id)
         WHERE new.loan_id IS NULL OR old IS DISTINCT FROM new
        """  # noqa: S608 - our own path
    ).fetchone()
    since = first[0] if first else None
    return [name for name in manifest.months if name in unknown or (since is not None and name >= since)]


def _aggregate_month(
    database: "DuckDBPyConnection", files: HistoryFiles, month: str, stamped: dict[str, tuple[int, int]]
) -> Month:
    paths = [str(file) for file in files.payment_files(month) if file.name in stamped]
    _run(database, "month", {"files": paths})
    year, number = map(int, month.split("-"))
    parts: dict[str, dict[str, object]] = {
        CELLS: {},
        EVENTS: {"month": year * 12 + number - 1},
        IDS: {"files": paths, "sampled": SAMPLED},
    }
    for part, values in parts.items():
        place = _place(files, part, month)
        new = place.with_suffix(".new")
        query = (SCRIPTS / f"{part}.sql").read_text()
        database.execute(f"COPY ({query}) TO '{_quoted(new)}' (FORMAT parquet, COMPRESSION zstd)", values)
        new.replace(place)
    # Parquet states its rows in its footer: nothing is scanned.
    rows = database.execute(
        "SELECT sum(num_rows) FROM parquet_file_metadata($files)", {"files": paths}
    ).fetchone()
    orphans = _one(database, "SELECT count(*) FROM seen WHERE orphan")
    return Month(files=stamped, rows=int(rows[0]) if rows else 0, orphans=orphans)


def _forget(files: HistoryFiles, manifest: Manifest) -> None:
    """Remove the aggregates of months that have no payments now."""
    there = set(files.months())
    manifest.months = {name: month for name, month in manifest.months.items() if name in there}
    folders = ((files.folder / AGGREGATES / part).glob(f"*{SUFFIX}") for part in (CELLS, EVENTS, IDS))
    for file in itertools.chain.from_iterable(folders):
        if file.stem not in there:
            file.unlink()


def _moved(database: "DuckDBPyConnection", samples: Sequence[Path]) -> int:
    """Return about how many payments are in more than one month."""
    if not samples:
        return 0
    twice = database.execute(
        "SELECT count(*) FROM (SELECT id FROM read_parquet($files) GROUP BY id HAVING count(*) > 1)",
        {"files": [str(place) for place in samples]},
    ).fetchone()
    return (int(twice[0]) if twice else 0) * SAMPLED


def _version(database: "DuckDBPyConnection") -> str:
    """Return DuckDB's version: another one may number the same ids differently."""
    row = database.execute("SELECT version()").fetchone()
    return str(row[0]) if row else ""


def _place(files: HistoryFiles, part: str, month: str) -> Path:
    return files.folder / AGGREGATES / part / f"{month}{SUFFIX}"


def _run(database: "DuckDBPyConnection", script: str, values: dict[str, object]) -> None:
    import duckdb

    try:
        database.execute((SCRIPTS / f"{script}.sql").read_text(), values)
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.BinderException) as error:
        raise HistoryUnusable(f"{script}s of the history", f"readable Parquet files: {error}") from None


def _one(database: "DuckDBPyConnection", query: str) -> int:
    row = database.execute(query).fetchone()
    return int(row[0]) if row else 0


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
