"""The space that is left where data is written."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from server.doctor.verdicts import STOPPED_MS, Severity, Verdict

MEBIBYTE: Final = 2**20
FULL_BYTES: Final = 64 * MEBIBYTE
LOW_BYTES: Final = 2 * 1024 * MEBIBYTE
LOW_SHARE: Final = 0.05
LOW_INODES_SHARE: Final = 0.02


class Disk(Struct, frozen=True, kw_only=True):
    """The disk of a folder. ``holds`` says what is written there; inodes are 0 where a disk has no limit."""

    holds: str
    path: str
    free_bytes: int
    total_bytes: int
    free_inodes: int = 0
    total_inodes: int = 0


def judge_disks(disks: Sequence[Disk]) -> list[Verdict]:
    """Return the disks with no or little space; of two folders on one disk, only the first."""
    found = []
    for disk in disks:
        inodes = disk.free_inodes / disk.total_inodes if disk.total_inodes else 1.0
        is_low = disk.free_bytes < LOW_BYTES and disk.free_bytes < LOW_SHARE * disk.total_bytes
        if disk.free_bytes < FULL_BYTES or (disk.total_inodes and disk.free_inodes == 0):
            check, severity, wait_ms = "disk.full", Severity.FAULT, STOPPED_MS
        elif is_low or inodes < LOW_INODES_SHARE:
            check, severity, wait_ms = "disk.low", Severity.WARNING, 0.0
        else:
            continue
        left = f"{disk.free_bytes / MEBIBYTE:,.0f} MiB"
        if inodes < LOW_INODES_SHARE:
            left += f" and {disk.free_inodes:,} inodes"
        found.append(
            Verdict(
                check=check,
                severity=severity,
                about=disk.path,
                says=f"{left} are left on the disk of {disk.path}, where {disk.holds} is",
                remedy="Free some space, or move it to a larger disk.",
                wait_ms=wait_ms,
            )
        )
    return found
