"""The fixtures of the flows, for the tests of trips."""

from tests.flow.conftest import stocked

__all__ = ["stocked"]
