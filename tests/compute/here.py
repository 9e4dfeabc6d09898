"""A compute pool that computes at once and in this process, for tests of what is computed."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from server.compute.pool import ComputePool
from server.sharing.lanes import Lane

P = ParamSpec("P")
R = TypeVar("R")


class ComputeHere(ComputePool):
    """Runs each function in the caller's own turn."""

    def __init__(self) -> None:
        super().__init__()

    async def run(self, lane: Lane, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what ``function`` returns."""
        return function(*args, **kwargs)
