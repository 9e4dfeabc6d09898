"""Giving files their names so that a loss of power leaves a whole file or none."""

import os
from pathlib import Path


def put(new: Path, place: Path) -> None:
    """Move a finished file to its place. It is on the disk, with its name, when this returns."""
    with new.open("rb") as file:
        os.fsync(file.fileno())
    if not place.parent.exists():
        place.parent.mkdir()
        sync_folder(place.parent.parent)
    new.replace(place)
    sync_folder(place.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
