"""What each event does to a deal's scenarios: a part of the deal's fold, and as idempotent."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from protocol.deal.scenarios import Scenario, same_figures
from protocol.events import ScenarioAdded, ScenarioChanged, ScenarioRemoved, ScenarioUsed

_CHANGED: Final = ("name", "vehicle_id", "changes", "asked", "programme_id", "offer", "refusal", "outdated")
_CALLED: Final = {"changes": "structure", "asked": "changes"}
"""The fields of a scenario that have another name in an event."""

_SAME: Final = frozenset({"name", "outdated", "offer", "by", "at"})
"""What may change while a scenario stays the deal's, if its offer keeps its figures."""


def scenarios_after(scenarios: list[Scenario], event: Any, deal_version: int) -> list[Scenario]:
    """Return a deal's scenarios after an event about one of them; the deal is at ``deal_version``."""
    match event:
        case ScenarioAdded():
            known = any(each.id == event.scenario.id for each in scenarios)  # type: ignore[union-attr]
            return scenarios if known else [*scenarios, event.scenario]  # type: ignore[list-item]
        case ScenarioChanged():
            return [_changed(each, event) if each.id == event.scenario_id else each for each in scenarios]
        case ScenarioRemoved():
            return [each for each in scenarios if each.id != event.scenario_id]
        case ScenarioUsed() if deal_version <= event.deal_version:  # type: ignore[operator]
            used = (each for each in scenarios if each.id == event.scenario_id)
            stands = any(each.version <= event.scenario_version for each in used)  # type: ignore[operator]
            return marked(scenarios, event.scenario_id) if stands else scenarios  # type: ignore[arg-type]
    return scenarios


def marked(scenarios: Sequence[Scenario], scenario_id: str | None) -> list[Scenario]:
    """Return the scenarios with this one marked as the deal's, and no other; None marks none."""
    return [
        each
        if each.of_the_deal == (each.id == scenario_id)
        else replace(each, of_the_deal=not each.of_the_deal)
        for each in scenarios
    ]


def _changed(scenario: Scenario, event: Any) -> Scenario:
    if scenario.version >= event.scenario_version:
        return scenario
    given = {_CALLED.get(name, name): getattr(event, name) for name in _CHANGED}
    change = {name: value for name, value in given.items() if value is not UNSET}
    if "structure" in change:
        change["structure"] = scenario.structure | change["structure"]
    # After a change of more than its name it is not what is on the deal.
    stays = change.keys() <= _SAME and _is_still_offered(scenario, change)
    if not change.get("outdated"):
        # Whoever marks its figures as old has not changed it.
        change |= {"by": event.by, "at": event.at}
    on_deal = scenario.of_the_deal and stays
    return replace(scenario, **change, version=event.scenario_version, of_the_deal=on_deal)


def _is_still_offered(scenario: Scenario, change: Mapping[str, Any]) -> bool:
    offer = change.get("offer", scenario.offer)
    return scenario.offer is offer or (offer is not None and same_figures(scenario.offer, offer))
