"""What a backup holds, as ``manifest.json`` beside its dump.

It is written last: without it, there is no backup.
"""

import datetime as dt
import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

from server.database.backups.errors import BackupDamaged, NewerBackup, NotABackup
from server.database.core.migrate import known_revisions

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file's size in bytes and its SHA-256 in hexadecimal digits."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``release`` wrote the backup of a database with schema ``revision``, as it was at ``made_at``.

    ``editions`` are the versions that were in force then, by what they are of; ``rows`` the number of rows of
    each table.
    """

    format: int
    made_at: dt.datetime
    release: str
    revision: str
    postgres: str
    editions: dict[str, str]
    rows: dict[str, int]
    dump: Written

    @property
    def all_rows(self) -> int:
        """The number of rows of all tables."""
        return sum(self.rows.values())


def measured(path: Path) -> Written:
    """Return the size and checksum of a file. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Written(path.stat().st_size, digest)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Complete a backup: from here on it is one, whatever happens to the machine. Raises OSError."""
    new = folder / f"{MANIFEST}.new"
    new.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    for path in (folder / DUMP, new):
        _sync(path)
    new.rename(folder / MANIFEST)
    for path in (folder, folder.absolute().parent):
        _sync(path)


def open_backup(folder: Path) -> Manifest:
    """Return what a backup holds, after its files were compared with their checksums.

    Raises NotABackup, BackupDamaged, NewerBackup, OSError.
    """
    try:
        text = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NotABackup(folder, f"it has no {MANIFEST}") from None
    try:
        found = msgspec.json.decode(text)
        written = found.get("format")
        if written != FORMAT:
            raise NotABackup(folder, f"it has format {written}, and this release reads format {FORMAT}")
        manifest = msgspec.convert(found, Manifest)
    except (msgspec.MsgspecError, AttributeError) as error:
        raise BackupDamaged(folder / MANIFEST, str(error)) from error
    known = known_revisions()
    if manifest.revision not in known:
        raise NewerBackup(manifest.revision, known[-1], manifest.release)
    dump = folder / DUMP
    if not dump.is_file():
        raise NotABackup(folder, f"it has no {DUMP}")
    there = measured(dump)
    if there.bytes != manifest.dump.bytes:
        raise BackupDamaged(dump, f"{there.bytes:,} bytes, and {manifest.dump.bytes:,} were written")
    if there.sha256 != manifest.dump.sha256:
        raise BackupDamaged(dump, "its SHA-256 is not that of the manifest")
    return manifest


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
