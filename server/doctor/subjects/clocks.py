"""The clocks of this machine, of Postgres, of Redis and of each process, compared with one another."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from server.doctor.verdicts import Severity, Verdict

WARNING_MS, FAULT_MS = 1_000.0, 5_000.0
"""What is shown to people comes from several clocks: waiting times, holds, a lease's age, the day of a
sheet.
"""

THIS_MACHINE: Final = "this machine"


class Clock(Struct, frozen=True, kw_only=True):
    """How far a clock is ahead of this machine's; ``error_ms`` is how much of that may be the way there."""

    name: str
    ahead_ms: float
    error_ms: float = 0.0


def judge_clocks(clocks: Sequence[Clock]) -> list[Verdict]:
    """Return the clocks that differ from most others. With three or more, one alone is the one that is
    off.
    """
    known = [Clock(name=THIS_MACHINE, ahead_ms=0.0), *clocks]
    middle = sorted(clock.ahead_ms for clock in known)[(len(known) - 1) // 2]
    found = []
    for clock in known:
        off = clock.ahead_ms - middle
        beyond = abs(off) - clock.error_ms
        if beyond < WARNING_MS:
            continue
        found.append(
            Verdict(
                check="clock.off",
                severity=Severity.FAULT if beyond >= FAULT_MS else Severity.WARNING,
                about=clock.name,
                says=f"the clock of {clock.name} is {abs(off) / 1000:,.1f} s"
                f" {'ahead of' if off > 0 else 'behind'} {_others(len(known))}: waiting times, holds and the"
                " day of a rate sheet differ with it",
                remedy="Let it follow a time server (chrony, systemd-timesyncd), and see that it does.",
                wait_ms=0.0,
            )
        )
    return found


def _others(known: int) -> str:
    return "the other one" if known == 2 else "the others"
