"""Scenarios of a deal: structures beside its own, one of which may become the deal's."""

from typing import ClassVar

from msgspec import UNSET, UnsetType

from protocol.commands.base import ChangeCommand, Cost, Seq
from protocol.deal.scenarios import ScenarioName
from protocol.deal.structure import StructureChanges
from protocol.records import Identifier
from protocol.rights import Right


class ScenarioAdd(ChangeCommand, tag="scenario_add", frozen=True):
    """Duplicate the deal, or one of its scenarios, as a new scenario. Reply: ``{scenario_id}``.

    ``source`` is the scenario to duplicate, null the deal. Without a ``name`` it gets the next free one,
    "Scenario B". ``changes`` are made to the copy, which is for the source's car unless ``vehicle_id`` names
    another; null: for none.
    """

    right: ClassVar = Right.TERMS
    cost: ClassVar = Cost.PRICING

    name: ScenarioName | None = None
    source: Identifier | None = None
    changes: StructureChanges = StructureChanges()
    vehicle_id: Identifier | UnsetType | None = UNSET


class ScenarioChange(ChangeCommand, tag="scenario_change", frozen=True):
    """Change a scenario, based on its ``version``, and price it again. Reply: ``{scenario_version}``.

    Changes to fields that nobody changed since merge; a field that someone changed since is a ``conflict``.
    Without any change the scenario is priced as it is today.
    """

    right: ClassVar = Right.TERMS
    cost: ClassVar = Cost.PRICING

    scenario_id: Identifier
    version: Seq
    name: ScenarioName | UnsetType = UNSET
    changes: StructureChanges = StructureChanges()
    vehicle_id: Identifier | UnsetType | None = UNSET


class ScenarioRemove(ChangeCommand, tag="scenario_remove", frozen=True):
    """Remove a scenario; the deal stays as it is. Reply: ``{}``."""

    right: ClassVar = Right.TERMS
    cost: ClassVar = Cost.LIGHT

    scenario_id: Identifier


class ScenarioUse(ChangeCommand, tag="scenario_use", frozen=True):
    """Make a scenario the deal's: its structure and its car, as ``terms`` and ``select`` would, at once.

    ``version`` must be the scenario's current one, and its figures those of today. Reply: ``{version}`` of
    the deal.
    """

    right: ClassVar = Right.TERMS
    cost: ClassVar = Cost.SEARCHING

    scenario_id: Identifier
    version: Seq
