"""Which rules an answer was computed by. An offer names them, so that it can be computed again."""

ENGINE_VERSION = "3"
"""Moves whenever the same inputs would give another cent."""
