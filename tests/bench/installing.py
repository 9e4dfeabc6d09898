"""Installs what peers need: into folders of their own, never beside ours, with pinned versions."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parent / "peer_servers"
FOLDER: Final = Path(".data/bench/peers")
SECONDS: Final = 300
FINISHED: Final = ".finished"


class NotInstalled(Exception):
    """A peer cannot be measured here."""


def python_with(requirements: str) -> Path:
    """Return a Python that has the packages of a file of ``peer_servers``. Raises NotInstalled."""
    source = SOURCES / requirements
    folder = _folder_for(source)
    python = folder / "bin" / "python"
    if not (folder / FINISHED).exists():
        _begin(folder)
        _run("no virtual environment could be made", sys.executable, "-m", "venv", folder)
        quiet = ("--quiet", "--disable-pip-version-check")
        _run("pip could not install it", python, "-m", "pip", "install", *quiet, "-r", source)
        (folder / FINISHED).touch()
    return python.absolute()


def node_with(script: str) -> tuple[Path, Path]:
    """Return node, and a script of ``peer_servers`` beside the packages it needs. Raises NotInstalled."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NotInstalled("there is no node and npm on PATH")
    manifests = [SOURCES / name for name in ("package.json", "package-lock.json")]
    folder = _folder_for(*manifests, SOURCES / script)
    if not (folder / FINISHED).exists():
        _begin(folder)
        for source in (*manifests, SOURCES / script):
            shutil.copy(source, folder)
        quiet = ("--no-audit", "--no-fund", "--loglevel=error")
        _run("npm could not install it", npm, "ci", *quiet, folder=folder)
        (folder / FINISHED).touch()
    return Path(node), (folder / script).absolute()


def _folder_for(*sources: Path) -> Path:
    """Return a folder named after what is to be in it, so that another version is another folder."""
    content = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    return FOLDER / f"{sources[0].stem}-{content[:12]}"


def _begin(folder: Path) -> None:
    """Make the folder anew: one that was not finished is of no use."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _run(failed: str, *words: str | Path, folder: Path | None = None) -> None:
    try:
        subprocess.run(_texts(words), cwd=folder, check=True, capture_output=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotInstalled(failed) from error


def _texts(words: Sequence[str | Path]) -> list[str]:
    return [str(word) for word in words]
