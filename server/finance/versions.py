"""Which rules an answer was computed by. An offer names them, so that it can be computed again."""

ENGINE_VERSION = "1"
"""Moves whenever the same inputs would give another cent."""

TAX_VERSION = "deal-rate-1"
"""One rate for the whole deal, as its structure states it."""
