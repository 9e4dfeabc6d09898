"""Backups, restores and the rotation of secrets, with whole systems."""
