"""The account that services run under: ours, or a plain one where we are root, which PostgreSQL refuses."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from server.embedded.errors import AccountMissing

ACCOUNT_NAME = "deal-architect"
SEARCH_ONLY = stat.S_IXGRP | stat.S_IXOTH


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a service's process belongs to."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether it is not the account that this process runs under."""
        return self.uid != os.geteuid()

    def own(self, path: Path) -> None:
        """Hand ``path`` to the account."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def admit(self, path: Path) -> None:
        """Let the account pass through every folder above ``path``, without letting it list them."""
        if not self.is_other:
            return
        for folder in path.resolve().parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | SEARCH_ONLY)


def service_account() -> Account:
    """Return the account for services; as root, make it where it does not exist.

    Raises AccountMissing.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        entry = _add_account()
    return Account(entry.pw_uid, entry.pw_gid)


def _add_account() -> pwd.struct_passwd:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise AccountMissing(ACCOUNT_NAME, "there is no useradd")
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    done = subprocess.run([program, *options, ACCOUNT_NAME], check=False, capture_output=True, text=True)
    try:
        return pwd.getpwnam(ACCOUNT_NAME)  # also where another process was quicker than this one
    except KeyError:
        raise AccountMissing(
            ACCOUNT_NAME, done.stderr.strip() or f"useradd: exit {done.returncode}"
        ) from None
