"""Fixtures of the flows and of the histories, for both together."""

from tests.flow.conftest import stocked
from tests.history.conftest import known_history

__all__ = ["known_history", "stocked"]
