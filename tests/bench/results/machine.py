"""What a run was measured on: only ratios travel to other machines, but a reader wants to know."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from server.embedded.account import service_account
from server.embedded.postgres import find_binaries
from server.embedded.redis_server import find_program

GIB = 1024 * 1024


def describe() -> dict[str, str]:
    """Return the parts of this machine that matter, by name."""
    one, five, fifteen = os.getloadavg()
    return {
        "processor": _line_of("/proc/cpuinfo", "model name") or platform.processor() or "unknown",
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "PostgreSQL": _says(find_binaries(service_account()) / "postgres", "--version"),
        "Redis": ".".join(map(str, find_program().version)),
        "uvicorn": version("uvicorn"),
        "uvloop": version("uvloop"),
        "asyncpg": version("asyncpg"),
        "load average": f"{one:.1f} {five:.1f} {fifteen:.1f}",
        "commit": _says("git", "describe", "--always", "--dirty"),
    }


def _memory() -> str:
    total = _line_of("/proc/meminfo", "MemTotal").split()
    return f"{int(total[0]) / GIB:.0f} GiB" if total else "unknown"


def _line_of(path: str, name: str) -> str:
    """Return the value of the first line ``name: value`` of a file; nothing where there is none."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    values = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(values, "")


def _says(*words: str | Path) -> str:
    """Return the first line that a program prints, or that it does not answer."""
    try:
        out = subprocess.run(words, capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return out.stdout.strip().partition("\n")[0]
