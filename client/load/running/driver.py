"""A whole run: people, deals, load, check, verdict; or many of them, up to the capacity."""

import asyncio
import datetime as dt
import os
import platform
import signal
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from client.load.clients.wire import Target, connect_to
from client.load.judging.conditions import Condition
from client.load.judging.ladder import Ending, Ladder, Level, climb
from client.load.judging.result import Exit, Result, merged
from client.load.planning.plan import DEFAULTS, DESK_MODES, MOST_SALESPEOPLE, MOST_WATCHERS, Plan
from client.load.running.crew import cast_of, clean_up, prepare
from client.load.running.processes import generate
from client.load.running.run import Report

STEP_SECONDS: Final = 8.0
"""The steady phase of one step of ``--until``, at most."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears how far it is: preparations (done of all), a step that begins, and ticks of a run."""

    prepares: Callable[[str, int, int], None]
    begins: Callable[[Plan], None]
    ticks: Report


@dataclass(frozen=True, slots=True)
class Job:
    """A plan against a target, with conditions; ``until`` asks for the capacity."""

    plan: Plan
    target: Target
    tokens: Sequence[str]
    required: Sequence[Condition]
    until: Sequence[Condition] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job found. ``steps`` and ``ladder`` belong to ``--until``; ``result`` counts."""

    job: Job
    result: Result
    began: dt.datetime
    left_open: int = 0
    ladder: Ladder | None = None
    steps: Sequence[Result] = ()

    @property
    def exit(self) -> Exit:
        """How the command ends."""
        if self.ladder is None:
            return self.result.exit
        if any(not step.findings.are_none for step in self.steps):
            return Exit.VIEWS_WRONG
        match self.ladder.ending:
            case Ending.TOO_LOW:
                return Exit.CONDITION_MISSED
            case Ending.STOPPED:
                return Exit.INTERRUPTED
            case Ending.GENERATOR if self.ladder.capacity == 0:
                return Exit.SATURATED
        return Exit.FINE

    @property
    def verdict(self) -> str:
        """The outcome in a sentence."""
        if self.ladder is None or self.exit is Exit.VIEWS_WRONG:
            wrong = next((step for step in self.steps if not step.findings.are_none), self.result)
            return wrong.verdict
        who = "salespeople" if self.job.plan.mode in DESK_MODES else "watchers"
        condition = ", ".join(each.text for each in self.job.until)
        match self.ladder.ending:
            case Ending.TOO_LOW:
                return f"Condition missed: {condition} does not hold even with {self.ladder.first} {who}."
            case Ending.FOUND:
                found = f"{self.ladder.breaks} break it"
            case Ending.GENERATOR:
                found = "beyond that the generator is saturated; use --processes, or another machine"
            case Ending.STOPPED:
                found = "interrupted"
            case _:
                found = "the most that was allowed; see --most"
        return f"Capacity: {self.ladder.capacity} {who} with {condition} ({found})."

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        plan = asdict(self.job.plan)
        return {
            "tool": "deal-architect load",
            "began": self.began.isoformat(timespec="seconds"),
            "target": self.job.target.http,
            "generator": {
                "python": platform.python_version(),
                "system": f"{platform.system()} {platform.release()}",
                "cores": os.cpu_count(),
                "load_average": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
            },
            "plan": plan,
            "metric": DEFAULTS[self.job.plan.mode].metric,
            "verdict": self.verdict,
            "exit_code": int(self.exit),
            "deals_left_open": self.left_open,
            "capacity": None if self.ladder is None else self.ladder.capacity,
            "ending": None if self.ladder is None else str(self.ladder.ending),
            "steps": [_step(step) for step in self.steps],
            "result": self.result.plain(),
        }


def _step(result: Result) -> dict[str, Any]:
    verdicts = [dict(each.plain()) for each in result.verdicts]
    valid = not result.saturated
    return {"level": result.plan.level, "rate": result.plan.rate, "valid": valid, "conditions": verdicts}


async def execute(job: Job, listener: Listener, stop: asyncio.Event, most: int | None = None) -> Outcome:
    """Do a job. ``stop`` ends it early, with what was measured.

    Raises WorkspaceError if nobody answers or lets the generator in.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        return await (_climb(job, listener, stop, most) if job.until else _once(job, listener, stop))
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def measure(
    job: Job, plan: Plan, conditions: Sequence[Condition], listener: Listener, stop: asyncio.Event
) -> tuple[Result, int]:
    """Run one plan; return what was found, and how many of its deals could not be closed."""
    connect = connect_to(job.target)
    people = await cast_of(plan, connect, job.tokens)
    cast = await prepare(
        plan, job.target, people, lambda done: listener.prepares("deals", done, plan.channels)
    )
    try:
        listener.begins(plan)
        parts = await generate(plan, job.target, cast, listener.ticks, stop)
    finally:
        left = await clean_up(plan, cast, connect)
    return merged(plan, parts, conditions), left


async def _once(job: Job, listener: Listener, stop: asyncio.Event) -> Outcome:
    began = dt.datetime.now(dt.UTC)
    result, left = await measure(job, job.plan, job.required, listener, stop)
    return Outcome(job, result, began, left)


async def _climb(job: Job, listener: Listener, stop: asyncio.Event, most: int | None) -> Outcome:
    began, left = dt.datetime.now(dt.UTC), 0
    steps: list[Result] = []
    allowed = MOST_SALESPEOPLE if job.plan.mode in DESK_MODES else MOST_WATCHERS
    ladder = Ladder(job.plan.level, max(job.plan.level, most or allowed))

    async def step(level: int) -> Level | None:
        nonlocal left
        plan = job.plan.at_level(level)
        plan = replace(plan, steady=min(plan.steady, STEP_SECONDS), drain=min(plan.drain, 1.0))
        result, open_ = await measure(job, plan, [*job.until, *job.required], listener, stop)
        left += open_
        steps.append(result)
        if result.interrupted:
            return None
        return level_of(result)

    await climb(ladder, step)
    held = [each for each in steps if each.plan.level == ladder.capacity]
    return Outcome(job, (held or steps)[-1], began, left, ladder, steps)


def level_of(result: Result) -> Level:
    """Return what a step's result says of its level."""
    if result.saturated:
        return Level.INVALID
    return Level.HOLDS if all(each.met for each in result.verdicts) else Level.BREAKS
