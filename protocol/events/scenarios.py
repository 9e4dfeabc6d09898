"""Events of a deal's scenarios. They leave the deal's version as it is; customers see none of them."""

from typing import Any

from msgspec import UNSET, UnsetType

from protocol.deal.deal_parts import DealOffer
from protocol.deal.scenarios import Scenario, ScenarioRefusal
from protocol.deal.workflow import Reason
from protocol.events.base import Event
from protocol.records import Actor


class ScenarioAdded(Event, tag="scenario_added", frozen=True):
    """A scenario was added. ``source`` is the name of the scenario that it duplicates, null for the deal."""

    scenario: Scenario | UnsetType = UNSET
    source: str | UnsetType | None = UNSET
    by: Actor | UnsetType = UNSET


class ScenarioChanged(Event, tag="scenario_changed", frozen=True):
    """A scenario changed, which now has ``scenario_version``. What is absent stays as it was.

    ``changes`` are the fields of its structure with their new values, ``before`` with their old ones.
    ``asked`` and ``programme_id`` are what its offer asks for on top. ``outdated`` is set when its figures
    may be others today, and null once it is priced again. ``title`` is its name before this event.
    """

    scenario_id: str | UnsetType = UNSET
    scenario_version: int | UnsetType = UNSET
    title: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    vehicle_id: str | UnsetType | None = UNSET
    changes: dict[str, Any] | UnsetType = UNSET
    before: dict[str, Any] | UnsetType = UNSET
    asked: dict[str, Any] | UnsetType = UNSET
    programme_id: str | UnsetType | None = UNSET
    offer: DealOffer | UnsetType | None = UNSET
    refusal: ScenarioRefusal | UnsetType | None = UNSET
    outdated: Reason | UnsetType | None = UNSET
    by: Actor | UnsetType = UNSET


class ScenarioRemoved(Event, tag="scenario_removed", frozen=True):
    """A scenario was removed."""

    scenario_id: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class ScenarioUsed(Event, tag="scenario_used", frozen=True):
    """A scenario was put on the deal, which the events before this one changed.

    It is the deal's while the deal is at ``deal_version`` and the scenario at ``scenario_version``, and
    longer if what follows changes neither.
    """

    scenario_id: str | UnsetType = UNSET
    scenario_version: int | UnsetType = UNSET
    deal_version: int | UnsetType = UNSET
    title: str | UnsetType = UNSET
    by: Actor | UnsetType = UNSET
