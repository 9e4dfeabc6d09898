"""Secrets from files: ``DEAL_SECRET_FILE=/run/secrets/deal`` in the place of ``DEAL_SECRET``, and others.

Container secrets and systemd's credentials are files. What is in the environment is shown by
``docker inspect`` and in ``/proc/PID/environ``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from server.environment import SettingsError

VARIABLES: Final = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SYSTEM_URL", "DATABASE_LISTEN_URL"),
    *("DATABASE_SEARCH_URL", "WAREHOUSE_URL", "REDIS_URL", "DEAL_SECRET", "DEAL_SECRET_ACCEPTED"),
)
MOST_BYTES: Final = 8_192


def with_secret_files(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` with what the files hold that it names.

    Raises SettingsError for a file that cannot be read or is empty, and for a secret that is given twice.
    """
    complete = dict(environ)
    for variable in VARIABLES:
        name = f"{variable}_FILE"
        path = complete.pop(name, "").strip()
        if not path:
            continue
        if complete.get(variable, "").strip():
            raise SettingsError(name, f"unset if {variable} is set")
        complete[variable] = _content(name, Path(path))
    return complete


def _content(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        # Not the path: somebody may have set the secret itself.
        expected = f"the path of a file that this account can read ({reason})"
        raise SettingsError(name, expected) from error
    if len(content) > MOST_BYTES:
        raise SettingsError(name, f"the path of a file of at most {MOST_BYTES:,} bytes")
    if not text or "\n" in text:
        found = "more" if text else "none"
        raise SettingsError(name, f"the path of a file with one line (it has {found})")
    return text
