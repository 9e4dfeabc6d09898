"""Stores what was read: a page of one kind of rows in one transaction."""
