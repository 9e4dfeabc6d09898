"""The fixtures of the flows, for the tests of trips."""

from tests.flow.conftest import stocked, stocked_template

__all__ = ["stocked", "stocked_template"]
