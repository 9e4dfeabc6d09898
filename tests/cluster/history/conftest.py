"""Fixtures of the flows and of the histories, for both together."""

from tests.flow.conftest import stocked
from tests.history.conftest import files, known_history, small_history

__all__ = ["files", "known_history", "small_history", "stocked"]
