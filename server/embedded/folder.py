"""The data folder: its format, parts and users.

Every user holds a shared lock on ``users`` while it needs the services. Users join and leave one at a time
under ``turn``. A leaving user that can make its lock exclusive was the last. A lock ends with its process,
however that ends.

The folder belongs to the user who starts the services. If that is root, its parts belong to the account of
the services, which may traverse the folder but not change it. Existing files are never given to another owner
or opened to others: they are already ours, or they are refused.
"""

import errno
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from server.embedded.account import Account, name_of
from server.embedded.errors import DiskFull, FolderUnusable, ForeignFolder, NewerFolder

FORMAT = "1"
MEBIBYTE = 2**20
NEW_FOLDER_BYTES = 256 * MEBIBYTE
OLD_FOLDER_BYTES = 48 * MEBIBYTE
# The kernel's limit is 108 bytes on Linux and 104 on macOS; PostgreSQL adds "/.s.PGSQL.5432.lock".
MAX_SOCKET_FOLDER_BYTES = 84
SECRET_BYTES = 32


class DataFolder:
    """A folder that holds the data of one installation."""

    def __init__(self, path: Path, account: Account) -> None:
        self.path = path.resolve()
        self.account = account
        self.cluster = self.path / "postgres"
        self.logs = self.path / "log"
        self.redis = self.path / "redis"
        self._sockets: Path | None = None
        self._users: int | None = None

    @property
    def sockets(self) -> Path:
        """Where the services listen; known from ``open`` on."""
        if self._sockets is None:
            raise RuntimeError("the data folder is not open")
        return self._sockets

    def open(self) -> None:
        """Check the folder, make its parts where they are missing, and count as its user until ``close``.

        Raises NewerFolder, ForeignFolder, DiskFull, FolderUnusable, Unreachable.
        """
        try:
            self._check_format()
            self._check_space()
            self.account.require_passage(self.cluster)
            for part in (self.logs, self.redis):
                self.make_part(part)
            if self.cluster.exists():
                self._check_owner(self.cluster)
            self._sockets = self._open_sockets()
            self._users = self._open_lock("users")
            fcntl.flock(self._users, fcntl.LOCK_SH)
        except OSError as error:
            raise self._explain(error) from error

    def look(self) -> None:
        """Find where the services of an existing folder listen. Nothing is made, changed or locked.

        Raises NewerFolder; FolderUnusable if there is no data folder, or none that we may look into.
        """
        try:
            found = (self.path / "FORMAT").read_text().strip()
            if found != FORMAT:
                raise NewerFolder(self.path, found, FORMAT)
            inside, record = self.path / "run", self.path / "sockets"
            is_inside = len(os.fsencode(inside)) <= MAX_SOCKET_FOLDER_BYTES
            self._sockets = inside if is_inside else Path(record.read_text().rstrip("\n"))
        except FileNotFoundError:
            raise FolderUnusable(self.path, "nothing was started in it yet") from None
        except OSError as error:
            raise self._explain(error) from error

    def make_part(self, part: Path) -> None:
        """Make a folder of the account's that nobody else may enter, or take the one that is there.

        Raises FolderUnusable if what is there is no folder, someone else's, or open to others.
        """
        with suppress(FileExistsError):
            part.mkdir(mode=0o700)
        try:
            opened = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except (NotADirectoryError, PermissionError) as error:
            raise FolderUnusable(part, "it is not a folder that we can use") from error
        try:
            state = os.fstat(opened)
            if state.st_uid not in (self.account.uid, os.geteuid()) or state.st_mode & 0o077:
                raise FolderUnusable(part, "it belongs to another user, or other users can access it")
            if state.st_uid != self.account.uid:
                os.fchown(opened, self.account.uid, self.account.gid)
        finally:
            os.close(opened)

    def secret(self, name: str) -> str:
        """Return the password that the folder keeps under ``name``; a new one if there is none.

        Raises DiskFull, FolderUnusable.
        """
        path = self.path / name
        try:
            with suppress(FileNotFoundError):
                if kept := path.read_text().strip():
                    return kept
            path.unlink(missing_ok=True)
            made = secrets.token_hex(SECRET_BYTES)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
                file.write(made + "\n")
        except OSError as error:
            raise self._explain(error) from error
        return made

    def close(self) -> None:
        """Count no longer as a user."""
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def remove_sockets(self) -> None:
        """Remove the folder of sockets if it is not a part of this one; only the last user may."""
        if self._sockets is not None and self._sockets.parent != self.path:
            with suppress(OSError):
                self._sockets.rmdir()

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
        """Hold everyone else's joining and leaving off.

        Raises FolderUnusable.
        """
        try:
            if self._users is None:
                self._claim()
            lock = self._open_lock("turn")
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

    def _claim(self) -> None:
        """Make the folder where it is missing; refuse one that is not ours alone to change.

        Raises FolderUnusable.
        """
        # As root, the account passes through the folder on its way to the parts.
        mode = 0o711 if self.account.is_other else 0o700
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.path.mkdir(mode=mode)
        except FileExistsError:
            self._check_owner(self.path, os.geteuid())
            self._check_writers()
        else:
            self.path.chmod(mode)  # whatever the umask takes away
        self._check_above(self.path)

    def _check_writers(self) -> None:
        """Refuse a folder that others may write to; take the right from them where we made the folder."""
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if not mode & 0o022:
            return
        if not (self.path / "FORMAT").exists():
            raise FolderUnusable(self.path, f"other users may write to it (`chmod go-w {self.path}`)")
        self.path.chmod(mode & ~0o022)

    def _check_above(self, path: Path) -> None:
        """Refuse a place where anyone may put another folder under our name.

        Raises FolderUnusable.
        """
        for above in path.parents:
            if (mode := above.stat().st_mode) & stat.S_IWOTH and not mode & stat.S_ISVTX:
                raise FolderUnusable(path, f"anyone can replace it, because everyone may write to {above}")

    def _check_owner(self, path: Path, uid: int | None = None) -> None:
        """Refuse what is no folder, or not the account's.

        Raises FolderUnusable.
        """
        state, expected = path.lstat(), self.account.uid if uid is None else uid
        if not stat.S_ISDIR(state.st_mode) or state.st_uid != expected:
            raise FolderUnusable(
                path, f"it belongs to {name_of(state.st_uid)}, but {name_of(expected)} must own it"
            )

    def _open_lock(self, name: str) -> int:
        """Return the descriptor of a lock file, which the account may open too."""
        lock = os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if self.account.is_other:
            os.fchown(lock, self.account.uid, self.account.gid)
        return lock

    def _open_sockets(self) -> Path:
        """Return the folder for sockets: inside, or where the path is too long, one that ``sockets`` names.

        Its name is unpredictable, so nobody can create it first.
        """
        inside, record = self.path / "run", self.path / "sockets"
        if len(os.fsencode(inside)) <= MAX_SOCKET_FOLDER_BYTES:
            self.make_part(inside)
            return inside
        with suppress(OSError, FolderUnusable):
            known = Path(record.read_text().rstrip("\n"))
            self.make_part(known)
            return known
        made = Path(tempfile.mkdtemp(prefix="deal-architect-"))
        if len(os.fsencode(made)) > MAX_SOCKET_FOLDER_BYTES:
            made.rmdir()
            raise FolderUnusable(self.path, "its path and TMPDIR are both too long for a Unix socket")
        self._check_above(made)
        self.make_part(made)
        new = record.with_suffix(".new")
        new.write_text(f"{made}\n")
        new.rename(record)
        return made

    def _explain(self, error: OSError) -> DiskFull | FolderUnusable:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DiskFull(self.path)
        return FolderUnusable(self.path, error.strerror or str(error))
