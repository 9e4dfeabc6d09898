"""The data folder: its format, its parts, and who uses it.

Every user holds a shared lock on ``users`` for as long as it needs the services. Joining and leaving happen
one at a time under ``turn``; who can then make its lock exclusive was the last. Locks end with their process,
however it ends.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.embedded.account import Account
from server.embedded.errors import DiskFull, FolderUnusable, ForeignFolder, NewerFolder

FORMAT = "1"
MEBIBYTE = 2**20
NEW_FOLDER_BYTES = 256 * MEBIBYTE
OLD_FOLDER_BYTES = 48 * MEBIBYTE
# The kernel's limit is 108 bytes on Linux and 104 on macOS; PostgreSQL adds "/.s.PGSQL.5432.lock".
MAX_SOCKET_FOLDER_BYTES = 84


class DataFolder:
    """A folder that holds the data of one installation."""

    def __init__(self, path: Path, account: Account) -> None:
        self.path = path.resolve()
        self.account = account
        self.cluster = self.path / "postgres"
        self.logs = self.path / "log"
        self.redis = self.path / "redis"
        self.sockets = self._socket_folder()
        self._users: int | None = None

    def open(self) -> None:
        """Make the folder where it is missing, check it, and count as its user until ``close``.

        Raises NewerFolder, ForeignFolder, DiskFull, FolderUnusable.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._check_format()
            self._check_space()
            self.account.admit(self.path / "postgres")
            for part in (self.logs, self.redis, self.sockets):
                part.mkdir(mode=0o700, exist_ok=True)
                self.account.own(part)
            self._check_owner(self.sockets)
            self._users = os.open(self.path / "users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._users, fcntl.LOCK_SH)
        except OSError as error:
            raise self._explain(error) from error

    def close(self) -> None:
        """Count no longer as a user."""
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def is_last_user(self) -> bool:
        """Return whether nobody else uses the folder. Only under ``turn``: nobody joins then."""
        if self._users is None:
            return False
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold everybody else's joining and leaving off.

        Raises FolderUnusable.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / "turn", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._explain(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _check_format(self) -> None:
        mark = self.path / "FORMAT"
        if mark.exists():
            found = mark.read_text().strip()
            if found != FORMAT:
                raise NewerFolder(self.path, found, FORMAT)
            return
        if {entry.name for entry in self.path.iterdir()} - {"turn", "FORMAT.new"}:
            raise ForeignFolder(self.path)
        new = mark.with_suffix(".new")
        new.write_text(FORMAT + "\n")
        new.rename(mark)

    def _check_space(self) -> None:
        needed = OLD_FOLDER_BYTES if self.cluster.exists() else NEW_FOLDER_BYTES
        if shutil.disk_usage(self.path).free < needed:
            raise DiskFull(self.path, needed)

    def _socket_folder(self) -> Path:
        inside = self.path / "run"
        if len(os.fsencode(inside)) <= MAX_SOCKET_FOLDER_BYTES:
            return inside
        mark = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"deal-architect-{mark}"

    def _check_owner(self, folder: Path) -> None:
        """Refuse a socket folder that somebody else made: in the folder for temporary files anybody may."""
        state = folder.lstat()
        if (
            state.st_uid != self.account.uid
            or state.st_mode & 0o077
            or not folder.is_dir()
            or folder.is_symlink()
        ):
            raise FolderUnusable(folder, "it belongs to somebody else, or is open to others")

    def _explain(self, error: OSError) -> DiskFull | FolderUnusable:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DiskFull(self.path)
        return FolderUnusable(self.path, error.strerror or str(error))
