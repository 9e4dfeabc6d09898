"""The watch over scenarios: what it does where nothing can be priced."""

from typing import Any

import pytest

from server.database.editions.rates import NotInForce
from server.hub.upkeep.scenario_watch import ScenarioWatch


class WithoutSheets:
    """Editions of a store that has imported none."""

    async def in_force(self, _today: object) -> Any:
        raise NotInForce("rate sheet", None)


class Untouched:
    """A database that nobody asks."""

    def acquire(self) -> Any:
        raise AssertionError("there is nothing to look for")


@pytest.mark.parametrize("cars", [None, ["7"], []])
async def test_without_sheets_there_is_nothing_to_look_for(cars: list[str] | None) -> None:
    """It is no outage: whoever looks at expired holds and agreed figures too goes on as usual."""
    stubs: Any = Untouched(), None, WithoutSheets()
    await ScenarioWatch(*stubs).look(cars)
