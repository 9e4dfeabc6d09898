"""Partitions, retention, and databases of older releases."""
