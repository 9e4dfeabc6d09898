"""The privileges that web and worker drop before they serve: root, and the addresses of the schema's owner
and of the warehouse.

With any of them, an attacker who takes over a process could do more than the process ever needs.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from server.embedded.account import Account

OWNER_VARIABLE: Final = "DATABASE_OWNER_URL"
KEPT_BACK: Final = tuple(
    f"{name}{end}" for name in (OWNER_VARIABLE, "WAREHOUSE_URL") for end in ("", "_FILE")
)
"""What web and worker never see: the owner's address, and that of the warehouse, which only ``sync`` asks."""

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = tuple(ROOT / name for name in ("server", "protocol"))
CLIENT: Final = ROOT / "client" / "web" / "dist"

log = structlog.get_logger("privileges")


def without_owner(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` without what is KEPT_BACK."""
    return {name: value for name, value in environ.items() if name not in KEPT_BACK}


def give_up_owner() -> None:
    """Re-execute this program if its environment has what is KEPT_BACK; return if it does not.

    Deleting the variable is not enough: the system shows a program's initial environment while it runs.
    """
    found = [name for name in KEPT_BACK if name in os.environ]
    if found:
        log.warning(
            "restarted without a variable that is meant for other commands", variable=", ".join(found)
        )
        words = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, words, without_owner(os.environ))  # noqa: S606 - no shell is involved


def give_up_root(*, embedded: bool) -> None:
    """Become the account of the embedded services, if root started them; warn if root did not.

    Raises AccountMissing, Unreachable.
    """
    if os.geteuid() != 0:
        return
    if not embedded:
        log.warning("running as root: start web and worker under another account")
        return
    from server.embedded.account import service_account

    account = service_account()
    require_program(account)
    account.become()


def require_program(account: "Account") -> None:
    """Check that ``account`` can run this program, and compile it while we may still write the result.

    Raises Unreachable.
    """
    if not account.is_other:
        return
    import compileall

    libraries = Path(structlog.__file__)
    parts = [CLIENT] if CLIENT.exists() else []
    account.require_access(Path(sys.executable), libraries, *PACKAGES, PACKAGES[0] / "__main__.py", *parts)
    for package in PACKAGES:
        compileall.compile_dir(package, quiet=2)
