"""What keeps a backup from being written or restored."""

from pathlib import Path

from server.errors import UserError


class FolderTaken(UserError):
    """The folder for a new backup holds something already."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"{self.folder} is not empty: name a new folder for each backup"


class NotABackup(UserError):
    """The folder is no backup that this release can read."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        return f"{self.folder} is not a complete backup: {self.reason}"


class BackupDamaged(UserError):
    """A file of the backup is not as it was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path} is damaged ({self.reason}): restore another backup"


class NewerBackup(UserError):
    """The backup has a schema revision that this release does not know."""

    def __init__(self, revision: str, newest: str, release: str) -> None:
        super().__init__(revision, newest, release)
        self.revision, self.newest, self.release = revision, newest, release

    def __str__(self) -> str:
        return (
            f"the backup has schema revision {self.revision}, but this release knows none after"
            f" {self.newest}: restore it with release {self.release}, which wrote it, or a newer one"
        )


class HasData(UserError):
    """The database is in use."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows

    def __str__(self) -> str:
        return (
            f"the database has {self.rows:,} rows: restore into a new data folder or an empty database, or"
            " replace everything that it holds with --replace"
        )


class ProgramFailed(UserError):
    """A program of PostgreSQL failed. Nothing was changed."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(program, reason)
        self.program, self.reason = program, reason

    def __str__(self) -> str:
        return f"{self.program} failed, and nothing was changed: {self.reason}"
