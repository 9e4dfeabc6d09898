"""What a run found, over all its processes, and how it is judged."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from client.load.checking.ledger import Findings
from client.load.clients.office import Tally
from client.load.judging.conditions import Condition, Verdict, judge
from client.load.measuring.latencies import Latencies
from client.load.measuring.saturation import Strain
from client.load.planning.plan import DEFAULTS, Plan
from client.load.planning.schedule import Phase

NAMES: Final = {
    "join": "join, until the snapshot is whole",
    "reply": "any command, until its reply",
    "first_matches": "search, until the first cars",
    "valued": "search, until all values",
    "seen": "note, until a watcher has it",
    "seen_slow": "note, until a slow reader has it",
    "back": "connection lost, until back in step",
}
"""What the latencies mean; the others are named after their command."""


class Exit(IntEnum):
    """Exit codes of ``deal-architect load``."""

    FINE = 0
    FAILED = 1
    """The run could not be made: nobody answered, or nobody was let in."""
    BAD_ARGUMENTS = 2
    CONDITION_MISSED = 3
    VIEWS_WRONG = 4
    SATURATED = 5
    INTERRUPTED = 130


@dataclass(slots=True)
class Result:
    """What was measured with one plan."""

    plan: Plan
    latencies: Latencies
    tally: Tally = field(default_factory=Tally)
    findings: Findings = field(default_factory=Findings)
    strains: list[Strain] = field(default_factory=list)
    heard: Counter[int] = field(default_factory=Counter)
    checked: int = 0
    interrupted: bool = False
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def saturated(self) -> list[str]:
        """Why the generator's figures are not valid; empty if they are."""
        named = [(number, strain.reasons) for number, strain in enumerate(self.strains, 1)]
        many = len(self.strains) > 1
        return [f"process {at}: {why}" if many else why for at, reasons in named for why in reasons]

    @property
    def exit(self) -> Exit:
        """How the command ends. Wrong views are wrong however busy the generator was."""
        if self.tally.totals["joined"] == 0 and not self.interrupted:
            return Exit.FAILED
        if not self.findings.are_none:
            return Exit.VIEWS_WRONG
        if self.interrupted:
            return Exit.INTERRUPTED
        if self.saturated:
            return Exit.SATURATED
        return Exit.FINE if all(each.met for each in self.verdicts) else Exit.CONDITION_MISSED

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        match self.exit:
            case Exit.FINE:
                return "Fine: every condition holds, and every client's view is right."
            case Exit.FAILED:
                return "Failed: no client came in."
            case Exit.VIEWS_WRONG:
                wrong = [f"{count} {name}" for name, count in self.findings.counts.items() if count]
                return f"Views wrong: {', '.join(wrong)}."
            case Exit.SATURATED:
                return f"Not valid: the generator was saturated: {'; '.join(self.saturated)}."
            case Exit.INTERRUPTED:
                return "Interrupted: this is what was measured until then."
            case _:
                missed = [each.condition.text for each in self.verdicts if not each.met]
                return f"Condition missed: {', '.join(missed)}."

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        lat = self.latencies
        phases = {
            phase.value: {
                name: figures for name in lat.names() if (figures := lat.summary(name, phase)) is not None
            }
            for phase in Phase
        }
        return {
            "verdict": self.verdict,
            "exit_code": int(self.exit),
            "conditions": [dict(each.plain()) for each in self.verdicts],
            "phases": phases,
            "counts": self.tally.plain(),
            "errors_percent": round(self.tally.errors_percent, 3),
            "views": {"checked": self.checked, **self.findings.plain()},
            "generator": {
                "valid": not self.saturated,
                "reasons": self.saturated,
                "processes": [strain.plain() for strain in self.strains],
            },
            "timeline": self.timeline(),
            "curves": {name: curve for name in lat.names() if (curve := lat.curve(name))},
            "hdr": {name: text for name in lat.names() if (text := lat.hdr(name)) is not None},
        }

    def timeline(self) -> list[dict[str, float]]:
        """Return events heard and the followed latency, by second of the run."""
        followed = {int(each["at"]): each for each in self.latencies.seconds()}
        last = max([*self.heard, *followed, -1])
        return [
            {"at": at, "events": self.heard[at]}
            | {name: value for name, value in followed.get(at, {}).items() if name != "at"}
            for at in range(last + 1)
        ]


def merged(plan: Plan, parts: Iterable[dict[str, Any]], conditions: Sequence[Condition]) -> Result:
    """Return the result of a plan from what its processes found."""
    result = Result(plan, Latencies(DEFAULTS[plan.mode].metric))
    for part in parts:
        result.latencies.add(part["latencies"])
        result.tally.add(part["tally"])
        result.findings.add(part["findings"])
        result.strains.append(Strain(**part["strain"]))
        result.heard.update({int(at): count for at, count in part["heard"]})
        result.checked += part["checked"]
        result.interrupted |= part["interrupted"]
    result.verdicts = judge(conditions, result.latencies, result.tally.errors_percent)
    return result
