"""Find a Python that is new enough, and let it run installation.py, whatever Python runs this file.

Kept to what every Python 3 can parse, so that an old one can say what is wrong instead of failing to read it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

MINIMUM = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
TOO_OLD = (
    "error: Python 3.11 or newer is needed, this one is {}.{}: install it (Debian: apt install python3 "
    "python3-venv), or name one with `make PYTHON=/path/to/python3.11 ...`\n"
)


def main() -> int:
    """Become installation.py under a Python that is new enough; where there is none, return 1."""
    python = sys.executable if sys.version_info[:2] >= MINIMUM else newer_python()
    if python is not None:
        script = Path(__file__).resolve().parent / "installation.py"
        os.execv(python, [python, str(script), *sys.argv[1:]])
    sys.stderr.write(TOO_OLD.format(*sys.version_info[:2]))
    return 1


def newer_python() -> "str | None":
    """Return the path of a Python on PATH that is new enough and runs; None where there is none."""
    for name in NEWER:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            return path
    return None


if __name__ == "__main__":
    sys.exit(main())
