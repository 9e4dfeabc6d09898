"""The versions of the rules behind an answer. An offer names them, so that it can be reproduced."""

ENGINE_VERSION = "3"
"""Changes whenever the same inputs would give a different cent."""
