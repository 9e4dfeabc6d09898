"""Find a Python that is new enough, and run installation.py with it.

As root, processes run under another account, so a Python that only root can reach comes last.

This file uses only syntax that every Python 3 can parse, so that an old one can report what is wrong.
"""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

MINIMUM = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
USUAL_FOLDERS = ("/usr/local/bin", "/usr/bin")
TOO_OLD = (
    "error: Python 3.11 or newer is needed, this one is {}.{}: install it (Debian: apt install python3 "
    "python3-venv), or name one with `make PYTHON=/path/to/python3.11 ...`\n"
)


def main() -> int:
    """Become installation.py under a Python that is new enough; if there is none, return 1."""
    python = sys.executable if sys.version_info[:2] >= MINIMUM else None
    if python is None or not is_open(python):
        python = newer_python() or python
    if python is not None:
        script = Path(__file__).resolve().parent / "installation.py"
        os.execv(python, [python, str(script), *sys.argv[1:]])
    sys.stderr.write(TOO_OLD.format(*sys.version_info[:2]))
    return 1


def newer_python() -> "str | None":
    """Return the path of a Python that is new enough, runs and makes environments; None if there is none.

    Of several, one that only root may reach comes last.
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep) + list(USUAL_FOLDERS)
    found = [shutil.which(name, path=folder) for name in NEWER for folder in folders]
    for path in sorted(filter(None, found), key=lambda path: not is_open(path)):
        if subprocess.call([path, "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL) == 0:
            return path
    return None


def is_open(path: str) -> bool:
    """Return whether others than root may reach a file; if we are not root, it does not matter."""
    folders = list(Path(path).parents) + list(Path(path).resolve().parents)
    return os.geteuid() != 0 or all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)


if __name__ == "__main__":
    sys.exit(main())
