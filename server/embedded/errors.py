"""Errors of the embedded services. Each text is one line and says what to do."""

from pathlib import Path

from server.errors import UserError


class EmbeddedError(UserError):
    """Base of all that stops the embedded services from running."""


class NewerFolder(EmbeddedError):
    """The data folder was written by a later version of this program."""

    def __init__(self, folder: Path, found: str, known: str) -> None:
        super().__init__(folder, found, known)
        self.folder, self.found, self.known = folder, found, known

    def __str__(self) -> str:
        return (
            f"the data folder {self.folder} has format {self.found}, this version knows {self.known}: "
            "use the newer version that wrote it, or another folder (--data-dir)"
        )


class ForeignFolder(EmbeddedError):
    """The folder holds something, but not our data."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"{self.folder} is not empty, and it is not a data folder of Deal Architect: choose"
            " another folder (--data-dir)"
        )


class FolderUnusable(EmbeddedError):
    """The folder cannot be made, read or written."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        return f"cannot use the data folder {self.folder}: {self.reason}; choose another folder (--data-dir)"


class DiskFull(EmbeddedError):
    """Too little space is left where the data folder is."""

    def __init__(self, folder: Path, needed_bytes: int | None = None) -> None:
        super().__init__(folder, needed_bytes)
        self.folder, self.needed_bytes = folder, needed_bytes

    def __str__(self) -> str:
        amount = f" at least {self.needed_bytes // 2**20} MiB are needed;" if self.needed_bytes else ""
        return (
            f"the disk of {self.folder} is full:{amount} free some space, or choose another"
            " folder (--data-dir)"
        )


class ProgramMissing(EmbeddedError):
    """No program to run a service with."""

    def __init__(self, service: str, remedy: str) -> None:
        super().__init__(service, remedy)
        self.service, self.remedy = service, remedy

    def __str__(self) -> str:
        return f"no {self.service} server found: {self.remedy}"


class AccountMissing(EmbeddedError):
    """We are root, and there is no other account to run anything under."""

    def __init__(self, account: str, reason: str) -> None:
        super().__init__(account, reason)
        self.account, self.reason = account, reason

    def __str__(self) -> str:
        return (
            f"services do not run as root, and the account {self.account} cannot be created "
            f"({self.reason}): create it yourself, or run as another user"
        )


class Unreachable(EmbeddedError):
    """We are root, and the account that everything runs under cannot get to a file."""

    def __init__(self, account: str, path: Path, barrier: Path, right: str) -> None:
        super().__init__(account, path, barrier, right)
        self.account, self.path, self.barrier, self.right = account, path, barrier, right

    def __str__(self) -> str:
        return (
            f"the account {self.account}, which the processes run under, cannot open {self.barrier} and "
            f"needs {self.path}: run as a user other than root, move it to an accessible folder (the data: "
            f"--data-dir), or open the folder yourself: `chmod o+{self.right} {self.barrier}`"
        )


class ForeignServer(EmbeddedError):
    """Another user's process listens on one of our sockets."""

    def __init__(self, service: str, socket: Path, owner: str) -> None:
        super().__init__(service, socket, owner)
        self.service, self.socket, self.owner = service, socket, owner

    def __str__(self) -> str:
        return (
            f"the server on {self.socket} runs as {self.owner} and is not the {self.service} of"
            " this folder: find "
            "out who started it and stop it, or choose another data folder (--data-dir)"
        )


class ServiceFailed(EmbeddedError):
    """A service ended, or did not answer in time."""

    def __init__(self, service: str, reason: str, log: Path) -> None:
        super().__init__(service, reason, log)
        self.service, self.reason, self.log = service, reason, log

    def __str__(self) -> str:
        return f"{self.service} did not start: {self.reason} (see {self.log})"
