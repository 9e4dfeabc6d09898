"""Joining a channel: a snapshot, then every event after it."""
