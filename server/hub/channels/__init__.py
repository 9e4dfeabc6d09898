"""A channel in one process: its session, its deal in memory, and its presence."""
