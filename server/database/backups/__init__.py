"""Backups of a database: a folder with a dump and what it holds, and the way back."""

from server.database.backups.dumping import back_up
from server.database.backups.manifest import Manifest, open_backup
from server.database.backups.restoring import complete, restore

__all__ = ["Manifest", "back_up", "complete", "open_backup", "restore"]
