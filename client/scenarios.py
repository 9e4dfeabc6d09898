"""The scenarios of a deal in a client. ``deal.state.scenarios`` has them as they stand."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import UNSET, UnsetType

from protocol.commands import AnyCommand, ScenarioAdd, ScenarioChange, ScenarioRemove, ScenarioUse
from protocol.deal.scenarios import Scenario
from protocol.deal.structure import StructureChanges
from protocol.events import DealSnapshot


class Scenarios:
    """Adds, changes, removes and uses the scenarios of one deal.

    Every command raises CommandError if the server refuses it; ``op`` identifies a command, as in ``Deal``.
    """

    def __init__(
        self,
        channel: str,
        request: Callable[[AnyCommand], Awaitable[dict[str, Any]]],
        state: Callable[[], DealSnapshot],
    ) -> None:
        self._channel = channel
        self._request = request
        self._state = state

    def named(self, name: str) -> Scenario:
        """Return the scenario of a name. Raises LookupError."""
        known = self._state().scenarios
        found = [each for each in ([] if known is UNSET else known) if each.name == name]
        if not found:
            raise LookupError(f"{self._channel} has no scenario {name!r}")
        return found[0]

    async def add(
        self,
        name: str | None = None,
        *,
        source: str | None = None,
        changes: StructureChanges | None = None,
        vehicle_id: str | UnsetType | None = UNSET,
        op: uuid.UUID | None = None,
    ) -> str:
        """Duplicate the deal, or its scenario ``source``, with changes; return the new scenario's id.

        Without a name it gets the next free one. It is for the source's car unless ``vehicle_id`` names
        another; None: for none.
        """
        command = ScenarioAdd(
            ref=0,
            channel=self._channel,
            op=op or uuid.uuid4(),
            name=name,
            source=source,
            changes=changes or StructureChanges(),
            vehicle_id=vehicle_id,
        )
        return str((await self._request(command))["scenario_id"])

    async def change(
        self,
        scenario: Scenario,
        changes: StructureChanges | None = None,
        *,
        name: str | UnsetType = UNSET,
        vehicle_id: str | UnsetType | None = UNSET,
        op: uuid.UUID | None = None,
    ) -> int:
        """Change a scenario, based on its version; return the new one. Without changes it is priced anew."""
        command = ScenarioChange(
            ref=0,
            channel=self._channel,
            op=op or uuid.uuid4(),
            scenario_id=scenario.id,
            version=scenario.version,
            name=name,
            changes=changes or StructureChanges(),
            vehicle_id=vehicle_id,
        )
        return int((await self._request(command))["scenario_version"])

    async def remove(self, scenario_id: str, *, op: uuid.UUID | None = None) -> None:
        """Remove a scenario; the deal stays as it is."""
        command = ScenarioRemove(ref=0, channel=self._channel, op=op or uuid.uuid4(), scenario_id=scenario_id)
        await self._request(command)

    async def use(self, scenario: Scenario, *, op: uuid.UUID | None = None) -> int:
        """Make a scenario the deal's, as this client knows it; return the deal's new version."""
        command = ScenarioUse(
            ref=0,
            channel=self._channel,
            op=op or uuid.uuid4(),
            scenario_id=scenario.id,
            version=scenario.version,
        )
        return int((await self._request(command))["version"])
