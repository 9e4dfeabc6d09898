"""What ``doctor --profile --json`` prints."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from server.doctor.profiling.sampling import Sampled
from server.doctor.profiling.stacks import Cost, costs_of

VERSION: Final = 1


class Profiled(Struct, frozen=True, kw_only=True):
    """A profile that was written. ``waiting_share`` are the samples of threads without work. Version 1 grows
    only by additions.
    """

    version: int = VERSION
    process: str
    pid: int
    seconds: float
    how: str
    file: str
    samples: int
    waiting_share: float
    functions: list[Cost]


def profiled(sampled: Sampled, file: Path, most: int) -> Profiled:
    """Return the summary of a profile, with the ``most`` functions that cost most in themselves."""
    profile = sampled.profile
    seen = profile.samples + profile.waiting
    return Profiled(
        process=sampled.target.name,
        pid=sampled.target.pid,
        seconds=sampled.seconds,
        how=sampled.how,
        file=str(file),
        samples=profile.samples,
        waiting_share=round(profile.waiting / seen, 4) if seen else 0.0,
        functions=[
            Cost(cost.name, round(cost.own, 4), round(cost.total, 4)) for cost in costs_of(profile)[:most]
        ],
    )
