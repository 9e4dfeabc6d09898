"""Deals as they are read: snapshots, history, walls, pencils."""
