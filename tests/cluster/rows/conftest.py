"""Fixtures of the flows, for rows."""

from tests.flow.conftest import stocked

__all__ = ["stocked"]
