"""What the aggregates of a history were made from: files by name, size and time, and the bands' edges."""

import fcntl
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from server.history.aggregates.durable import put
from server.history.aggregates.engine import SPILL, HistoryUnusable
from server.history.aggregates.files import SUFFIX, HistoryFiles

AGGREGATES: Final = "aggregates"
MANIFEST: Final = "manifest.json"
LOCK: Final = ".lock"
FORM: Final = 3
"""Raised when an aggregate means something else: older ones are then made again."""

CELLS: Final = "cells"
EVENTS: Final = "events"
IDS: Final = "ids"
LIVING: Final = "living"
"""The loans that are alive in a month, of the history's first month only."""

PARTS: Final = (CELLS, EVENTS, IDS)
"""What every month has."""

Stamps = dict[str, tuple[int, int]]
"""Size and modification time (ns) of files by name."""


class Edges(msgspec.Struct, frozen=True):
    """The upper edges of a tier's bands, ascending: months and basis points."""

    tier: str
    terms: tuple[int, ...]
    ltvs: tuple[float, ...]
    ptis: tuple[float, ...]


class Month(msgspec.Struct, frozen=True):
    """A month that is aggregated: its files, and how many rows they hold, older versions included.

    ``loan_months`` are its loans with payments, ``orphans`` those of them that nobody knows.
    """

    files: Stamps
    rows: int
    loan_months: int
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


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other calibrations off a history's aggregates, and remove what a killed one had spilled.

    Raises HistoryUnusable if another one is at work.
    """
    (folder / AGGREGATES).mkdir(parents=True, exist_ok=True)
    with (folder / AGGREGATES / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HistoryUnusable(
                str(folder), "one calibration at a time, and another one is at work: wait until it ends"
            ) from None
        shutil.rmtree(folder / SPILL, ignore_errors=True)
        yield


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a history's folder; an empty one if there is none that can be read."""
    try:
        text = (folder / AGGREGATES / MANIFEST).read_bytes()
        if msgspec.json.decode(text, type=_Form).form != FORM:
            return Manifest()
        return msgspec.json.decode(text, type=Manifest)
    except (FileNotFoundError, msgspec.DecodeError):
        return Manifest()


class _Form(msgspec.Struct):
    form: int


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest."""
    place = folder / AGGREGATES / MANIFEST
    new = place.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(manifest))
    put(new, place)


def stamps(files: Iterable[Path]) -> Stamps:
    """Return size and time of each file."""
    states = {file.name: file.stat() for file in files}
    return {name: (state.st_size, state.st_mtime_ns) for name, state in states.items()}


def place_of(folder: Path, part: str, month: str) -> Path:
    """Return where a month's aggregate lies."""
    return folder / AGGREGATES / part / f"{month}{SUFFIX}"


def parts_of(month: str, months: Iterable[str]) -> tuple[str, ...]:
    """Return the aggregates that a month has, one of the history's ``months``."""
    return (*PARTS, LIVING) if month == min(months) else PARTS


def changed_months(files: HistoryFiles, manifest: Manifest) -> dict[str, Stamps]:
    """Return the months whose files are not those that were aggregated, or whose aggregates are not all
    there, with the files that they have now.
    """
    found, months = {}, files.months()
    for month in months:
        now = stamps(files.payment_files(month))
        known = manifest.months.get(month)
        places = [place_of(files.folder, part, month) for part in parts_of(month, months)]
        if known is None or known.files != now or not all(place.exists() for place in places):
            found[month] = now
    return found
