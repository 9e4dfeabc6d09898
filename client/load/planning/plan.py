"""What a run of the load generator does: its mode, its size, its phases. Pure."""

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

SECONDS: Final = 1.0
MOST_SALESPEOPLE: Final = 500
MOST_WATCHERS: Final = 5_000
MOST_RATE: Final = 1_000.0
MOST_SECONDS: Final = 900.0
MOST_ARRIVALS: Final = 500_000
"""What a run may do without ``--unbounded``."""

COMMANDS_A_SECOND: Final = 4.0
"""What one connection sends at most: a server refuses more than 50 commands in 10 s."""

ACTIONS_A_SECOND: Final = 0.5
"""What one salesperson does, if no rate is given."""


class PlanError(ValueError):
    """An option of a run is unusable."""

    def __init__(self, option: str, expected: str) -> None:
        super().__init__(option, expected)
        self.option, self.expected = option, expected

    def __str__(self) -> str:
        return f"{self.option}: expected {self.expected}"


class Mode(StrEnum):
    """What the clients do."""

    STEADY = "steady"
    FANOUT = "fanout"
    SEARCH = "search"
    IDLE = "idle"
    JITTER = "jitter"
    AVALANCHE = "avalanche"
    SLOW_READER = "slow-reader"


class Arrivals(StrEnum):
    """How the arrivals are spread in time."""

    POISSON = "poisson"
    CONSTANT = "constant"


@dataclass(frozen=True, slots=True)
class Defaults:
    """The size of a mode's run if nothing is said. ``deals`` is for the modes without salespeople."""

    salespeople: int
    watchers: int
    rate: float
    deals: int
    metric: str
    """The latency that a bare ``p95<500ms`` means."""


DEFAULTS: Final = {
    Mode.STEADY: Defaults(10, 20, 0.0, 0, "reply"),
    Mode.SEARCH: Defaults(10, 0, 0.0, 0, "first_matches"),
    Mode.FANOUT: Defaults(0, 300, 5.0, 1, "seen"),
    Mode.IDLE: Defaults(0, 1_000, 10.0, 20, "ping"),
    Mode.JITTER: Defaults(0, 100, 10.0, 5, "back"),
    Mode.AVALANCHE: Defaults(0, 300, 10.0, 5, "back"),
    Mode.SLOW_READER: Defaults(0, 50, 20.0, 1, "seen"),
}
DESK_MODES: Final = frozenset({Mode.STEADY, Mode.SEARCH})
"""Modes in which salespeople work through the script, each on a deal of their own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run. Times are seconds, ``rate`` is arrivals a second of all clients together."""

    mode: Mode = Mode.STEADY
    salespeople: int = 10
    watchers: int = 20
    rate: float = 5.0
    deals: int = 10
    ramp: float = 5 * SECONDS
    steady: float = 30 * SECONDS
    drain: float = 5 * SECONDS
    arrivals: Arrivals = Arrivals.POISSON
    seed: int = 1
    matches: int = 100
    note_bytes: int = 200
    jitter_every: float = 15 * SECONDS
    jitter_away: float = 2 * SECONDS
    slow: int = 0
    """How many of the watchers stop reading, in the mode ``slow-reader``."""
    drops: bool = True
    """Whether an avalanche drops its own connections; else it waits for a restart of the server."""
    patience: float = 15 * SECONDS
    """How long what is unanswered after the last arrival is waited for."""
    processes: int = 1
    unbounded: bool = field(default=False, compare=False)

    @property
    def writers(self) -> int:
        """How many connections write notes, in the modes without salespeople."""
        if self.mode in DESK_MODES or self.mode is Mode.IDLE:
            return 0
        return max(self.deals, math.ceil(self.rate / COMMANDS_A_SECOND))

    @property
    def sockets(self) -> int:
        """How many connections are open at once; each salesperson's deal is open at a manager's, too."""
        return 2 * self.salespeople + self.writers + self.watchers

    @property
    def channels(self) -> int:
        """How many deals are made."""
        return self.salespeople or self.deals

    @property
    def seconds(self) -> float:
        """How long arrivals come."""
        return self.ramp + self.steady + self.drain

    @property
    def level(self) -> int:
        """What ``--until`` raises: the salespeople, or else the watchers."""
        return self.salespeople if self.mode in DESK_MODES else self.watchers

    def at_level(self, level: int) -> "Plan":
        """Return this plan with so many salespeople or watchers; each of them does as much as before."""
        if self.mode not in DESK_MODES:
            slow = max(1, round(self.slow * level / self.watchers)) if self.slow else 0
            return replace(self, watchers=level, slow=slow)
        factor = level / self.salespeople
        watchers = round(self.watchers * factor)
        return replace(self, salespeople=level, deals=level, watchers=watchers, rate=self.rate * factor)

    def check(self) -> None:
        """Raise PlanError for what no run can be."""
        if self.mode in DESK_MODES and self.salespeople < 1:
            raise PlanError("--salespeople", f"at least 1 for the mode {self.mode}")
        if self.mode not in DESK_MODES and self.watchers < 1:
            raise PlanError("--watchers", f"at least 1 for the mode {self.mode}")
        if self.mode is Mode.SLOW_READER and not 0 < self.slow < self.watchers:
            raise PlanError("--slow", f"between 1 and {self.watchers - 1}: some must read, and some must not")
        if self.mode in DESK_MODES and self.rate > self.salespeople * COMMANDS_A_SECOND:
            least = math.ceil(self.rate / COMMANDS_A_SECOND)
            raise PlanError(
                "--rate",
                f"at most {COMMANDS_A_SECOND:g} a second for each salesperson, or --salespeople {least}",
            )
        if self.processes > max(1, self.level):
            raise PlanError("--processes", f"at most {max(1, self.level)}: each needs a client of its own")
        if not self.unbounded:
            self._check_bounds()

    def _check_bounds(self) -> None:
        bounds = (
            ("--salespeople", self.salespeople, MOST_SALESPEOPLE),
            ("--watchers", self.watchers, MOST_WATCHERS),
            ("--rate", self.rate, MOST_RATE),
            ("--ramp, --steady and --drain", self.seconds, MOST_SECONDS),
            ("--rate and --steady", self.rate * self.seconds, MOST_ARRIVALS),
        )
        for option, value, most in bounds:
            if value > most:
                text = f"at most {most:,.0f} (together, if more than one), or --unbounded; got {value:,.0f}"
                raise PlanError(option, text)


def planned(mode: Mode, **given: object) -> Plan:
    """Return a plan of a mode: ``given`` replaces the mode's defaults, None stands for a default.

    Raises PlanError.
    """
    usual, desks = DEFAULTS[mode], mode in DESK_MODES
    for name, is_used in (("salespeople", desks), ("deals", not desks), ("slow", mode is Mode.SLOW_READER)):
        if given.get(name) and not is_used:
            raise PlanError(f"--{name}", f"nothing: the mode {mode} does not use it")
    values = {name: value for name, value in given.items() if value is not None}
    values.setdefault("salespeople", usual.salespeople)
    values.setdefault("watchers", usual.watchers)
    if desks:
        values.setdefault("rate", int(str(values["salespeople"])) * ACTIONS_A_SECOND)
        values["deals"] = values["salespeople"]
    else:
        values["salespeople"] = 0
        values.setdefault("rate", usual.rate)
        values.setdefault("deals", usual.deals)
    if mode is Mode.SLOW_READER:
        values.setdefault("slow", max(1, int(str(values["watchers"])) // 10))
        # What is not read must fill the buffers of both kernels before the server notices.
        values.setdefault("note_bytes", 1_900)
    else:
        values["slow"] = 0
    plan = Plan(mode=mode, **values)  # type: ignore[arg-type]
    plan.check()
    return plan


def share_of(plan: Plan, number: int) -> Plan:
    """Return what process ``number`` of ``plan.processes`` generates; together they do all of it."""

    def part(whole: int) -> int:
        return whole // plan.processes + (number < whole % plan.processes)

    mine = replace(
        plan,
        salespeople=part(plan.salespeople),
        watchers=part(plan.watchers),
        slow=part(plan.slow),
        seed=plan.seed + number,
    )
    if plan.mode in DESK_MODES:
        return replace(mine, deals=mine.salespeople, rate=plan.rate * mine.salespeople / plan.salespeople)
    return replace(mine, rate=plan.rate / plan.processes)
