"""Connections to Redis: behind a breaker, to a peer that is known, written and heard without a task."""
