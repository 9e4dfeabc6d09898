"""Fixtures of the flows, for whole systems."""

from tests.flow.conftest import stocked

__all__ = ["stocked"]
