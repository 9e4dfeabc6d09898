"""Our processes of this machine, through their probe sockets; and the disks that data is written to."""

import asyncio
import os
import socket
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from server.doctor.probes.postgres import is_local
from server.doctor.subjects.disks import Disk
from server.doctor.subjects.processes import Pool, ProcessFacts, Vitals
from server.observe.probe.asking import NoAnswer, vitals_of
from server.observe.probe.places import Place, places, probe_folder, short_address
from server.settings import Settings

STOPPED_STATES: Final = {"T": "it is stopped (SIGSTOP)", "t": "a debugger holds it", "Z": "it has ended"}


@dataclass(frozen=True, slots=True)
class Look:
    """The vital signs of a process at one moment; ``error`` says why there are none."""

    place: Place
    at: float
    vitals: Vitals | None = None
    error: str = ""
    skew_ms: float | None = None
    trip_ms: float = 0.0


def places_of(data_dir: Path) -> list[Place]:
    """Return the sockets of the processes that run; one that was left behind by a dead process is none."""
    return [place for place in places(probe_folder(data_dir)) if _listens(place.path)]


def why_none(data_dir: Path) -> str:
    """Return why no process was found in a data folder: they run elsewhere, or their folder is closed to
    us.
    """
    folder = probe_folder(data_dir)
    if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
        return f"{folder} is closed to this account: run as the one that runs them, or as root"
    return f"none has a socket in {folder}; those of other machines are looked at there"


async def look_at(found: Sequence[Place], threads: Executor, seconds: float) -> list[Look]:
    """Ask every process at the same time for its vital signs, and give each so many seconds."""
    loop = asyncio.get_running_loop()
    looks = (loop.run_in_executor(threads, _look, place, seconds) for place in found)
    return list(await asyncio.gather(*looks))


def facts_of(first: Sequence[Look], second: Sequence[Look]) -> list[ProcessFacts]:
    """Return what two looks at the same processes show together. One that ended in between is left out."""
    later = {look.place.pid: look for look in second}
    return [
        _between(look, later.get(look.place.pid, look))
        for look in first
        if look.vitals is not None or _exists(look.place.pid)
    ]


def read_disks(folders: Sequence[tuple[str, Path]]) -> list[Disk]:
    """Return the disks of the folders that exist and may be seen, each disk once."""
    found: dict[int, Disk] = {}
    for holds, folder in folders:
        try:
            state, device = os.statvfs(folder), folder.stat().st_dev
        except OSError:
            continue
        found.setdefault(
            device,
            Disk(
                holds=holds,
                path=str(folder),
                free_bytes=state.f_bavail * state.f_frsize,
                total_bytes=state.f_blocks * state.f_frsize,
                free_inodes=state.f_favail,
                total_inodes=state.f_files,
            ),
        )
    return list(found.values())


def disks_of(settings: Settings, folder: str | None) -> list[Disk]:
    """Return the disks of the data folder and of the database; ``folder`` is Postgres's, if that is known."""
    data_dir = settings.data_dir
    folders = [("the data folder", data_dir), ("the database", data_dir / "postgres")]
    if folder is not None and is_local(settings.database_url):
        folders.append(("the database", Path(folder)))
    return read_disks(folders)


def _look(place: Place, seconds: float) -> Look:
    began, sent = time.monotonic(), time.time()
    try:
        vitals = msgspec.convert(vitals_of(place, seconds), Vitals, strict=False)
    except (NoAnswer, ValueError) as error:
        return Look(place, began, error=_silence(place.pid, error))
    trip_ms = (time.monotonic() - began) * 1000
    skew_ms = None if vitals.now is None else vitals.now * 1000 - (sent * 1000 + trip_ms / 2)
    return Look(place, began, vitals, skew_ms=skew_ms, trip_ms=trip_ms)


def _between(first: Look, second: Look) -> ProcessFacts:
    vitals = second.vitals or first.vitals
    if vitals is None or second.error:
        return ProcessFacts(kind=first.place.kind, pid=first.place.pid, silence=second.error or first.error)
    cpu_share = None
    waits, wait_ms, is_drained = 0, 0.0, False
    before = first.vitals
    if before is not None and second.at > first.at:
        if vitals.cpu_seconds is not None and before.cpu_seconds is not None:
            cpu_share = round((vitals.cpu_seconds - before.cpu_seconds) / (second.at - first.at), 3)
        waits, wait_ms = _waits(before.pool, vitals.pool)
        is_drained = _is_drained(before.pool) and _is_drained(vitals.pool)
    return ProcessFacts(
        kind=first.place.kind,
        pid=first.place.pid,
        vitals=vitals,
        skew_ms=second.skew_ms,
        skew_error_ms=second.trip_ms / 2,
        cpu_share=cpu_share,
        waits=waits,
        wait_ms=wait_ms,
        is_drained=is_drained,
    )


def _waits(before: Pool | None, after: Pool | None) -> tuple[int, float]:
    """Return how many waits for a connection ended between two looks, and their mean in milliseconds."""
    if before is None or after is None:
        return 0, 0.0
    waits = after.waits_total - before.waits_total
    seconds = after.wait_seconds_total - before.wait_seconds_total
    return (waits, round(seconds / waits * 1000, 3)) if waits > 0 else (0, 0.0)


def _is_drained(pool: Pool | None) -> bool:
    return pool is not None and pool.max > 0 and pool.idle == 0 and pool.size >= pool.max


def _silence(pid: int, error: Exception) -> str:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        state = ""
    text = str(error)
    return STOPPED_STATES.get(state) or (
        "no answer in time" if "imed out" in text or "timeout" in text else text
    )


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _listens(path: Path) -> bool:
    """Return whether somebody listens there, or may: only a refusal says that nobody does."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(0)
        try:
            with short_address(path) as address:
                caller.connect(address)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True
