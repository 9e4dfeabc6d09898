"""The account that services, web and worker run under: the current one, or an unprivileged one if root starts
them.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.embedded.errors import AccountMissing, Unreachable

ACCOUNT_NAME = "deal-architect"
# Takes pairs of a test and a path, and prints the first pair that fails.
PROBE = 'while [ $# -gt 0 ]; do test "$1" "$2" || { printf "%s\\n%s" "$1" "$2"; exit 1; }; shift 2; done'


@dataclass(frozen=True, slots=True)
class Account:
    """The owner of a process."""

    uid: int
    gid: int
    name: str
    home: str = "/"

    @property
    def is_other(self) -> bool:
        """Whether it is not the account that this process runs under."""
        return self.uid != os.geteuid()

    def spawn_options(self) -> dict[str, Any]:
        """Return the ``subprocess`` options that run a child under the account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return ``environ`` as the account's own: its home and its name in place of root's."""
        if not self.is_other:
            return dict(environ)
        return {**environ, "HOME": self.home, "USER": self.name, "LOGNAME": self.name}

    def require_passage(self, *paths: Path) -> None:
        """See that the account may pass through every folder above ``paths``.

        Nothing is opened for it: whose folders they are decides that. Raises Unreachable.
        """
        self._require([(path, test) for path in paths for test in _passage(path)])

    def require_access(self, *paths: Path) -> None:
        """See that the account may read ``paths``, too. Raises Unreachable."""
        self._require([(path, test) for path in paths for test in (*_passage(path), ("-r", path))])

    def _require(self, wanted: Sequence[tuple[Path, tuple[str, Path]]]) -> None:
        if not self.is_other:
            return
        tests = {test: path for path, test in wanted}
        done = subprocess.run(
            ["/bin/sh", "-c", PROBE, "sh", *(word for test, path in tests for word in (test, str(path)))],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            **self.spawn_options(),
        )
        if done.returncode != 0:
            test, _, barrier = done.stdout.partition("\n")
            at = Path(barrier)
            raise Unreachable(self.name, tests.get((test, at), at), at, test.removeprefix("-"))

    def become(self) -> None:
        """Turn this process, which is root's, into one of the account's; there is no way back."""
        if not self.is_other:
            return
        os.environ.update(self.environment(os.environ))
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)


def service_account() -> Account:
    """Return the account for services, web and worker; as root, make it if it does not exist.

    Raises AccountMissing.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), own_name())
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        entry = _add_account()
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name, entry.pw_dir)


def own_name() -> str:
    """Return the name of the account that this process runs under; its number if it has no name."""
    return name_of(os.geteuid())


def name_of(uid: int) -> str:
    """Return the name of an account; its number if it has no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _passage(path: Path) -> list[tuple[str, Path]]:
    """Return what must be tested of the folders above ``path``, from the top, and of where links lead."""
    return [("-x", folder) for way in (path.absolute(), path.resolve()) for folder in reversed(way.parents)]


def _add_account() -> pwd.struct_passwd:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise AccountMissing(ACCOUNT_NAME, "useradd is not installed")
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    done = subprocess.run([program, *options, ACCOUNT_NAME], check=False, capture_output=True, text=True)
    try:
        return pwd.getpwnam(ACCOUNT_NAME)  # also where another process was quicker than this one
    except KeyError:
        raise AccountMissing(
            ACCOUNT_NAME, done.stderr.strip() or f"useradd: exit {done.returncode}"
        ) from None
