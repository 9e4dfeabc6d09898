"""What the aggregates of a history were made from: files by name, size and time, and the bands' edges."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from server.history.files import HistoryFiles

AGGREGATES: Final = "aggregates"
MANIFEST: Final = "manifest.json"
FORM: Final = 2
"""Raised when an aggregate means something else: older ones are then made again."""

Stamps = dict[str, tuple[int, int]]
"""Size and modification time (ns) of files by name."""


class Edges(msgspec.Struct, frozen=True):
    """The upper edges of a tier's bands, ascending: months and basis points."""

    tier: str
    terms: tuple[int, ...]
    ltvs: tuple[float, ...]
    ptis: tuple[float, ...]


class Month(msgspec.Struct, frozen=True):
    """A month that is aggregated: its files, how many rows they hold, how many loans nobody knows."""

    files: Stamps
    rows: int
    orphans: int


class Manifest(msgspec.Struct):
    """The state of the aggregates; ``engine`` is the version of DuckDB that made them."""

    form: int = FORM
    edges: tuple[Edges, ...] = ()
    engine: str = ""
    loans: Stamps = {}
    loan_count: int = 0
    left_out: int = 0
    months: dict[str, Month] = {}


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a history's folder; an empty one if there is none that can be read."""
    try:
        manifest = msgspec.json.decode((folder / AGGREGATES / MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.DecodeError):
        return Manifest()
    return manifest if manifest.form == FORM else Manifest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest."""
    place = folder / AGGREGATES / MANIFEST
    new = place.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(manifest))
    new.replace(place)


def stamps(files: Iterable[Path]) -> Stamps:
    """Return size and time of each file."""
    states = {file.name: file.stat() for file in files}
    return {name: (state.st_size, state.st_mtime_ns) for name, state in states.items()}


def changed_months(files: HistoryFiles, manifest: Manifest) -> dict[str, Stamps]:
    """Return the months whose files are not those that were aggregated, with the files they have now."""
    found = {}
    for month in files.months():
        now = stamps(files.payment_files(month))
        known = manifest.months.get(month)
        if known is None or known.files != now:
            found[month] = now
    return found
