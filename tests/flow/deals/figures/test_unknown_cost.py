"""A car without a cost on a deal: it can be sold, and nobody is told a value that nobody knows."""

import asyncio

import pytest

from protocol.deal.deal_parts import DealOffer
from protocol.deal.workflow import Action, Reason
from protocol.events import Event, Offers
from protocol.records import DealState
from server.database.core.pool import connect_as_owner
from tests.flow.desk import Both
from tests.flow.shop import events_until

pytestmark = pytest.mark.flow


async def test_a_car_of_unknown_cost_is_offered_selected_and_submitted(both: Both) -> None:
    """Its row and its offer have the payment and no NPV; the quote says why."""
    car = both.cars[0]

    def valued_again(event: Event) -> bool:
        return isinstance(event, Offers) and car in event.columns["vehicle_id"]

    async with connect_as_owner(both.settings.database_owner_url) as owner:
        heard = asyncio.gather(
            events_until(both.sales, valued_again), events_until(both.manager, valued_again)
        )
        await owner.execute("UPDATE vehicles SET cost_cents = NULL WHERE vehicle_id = $1", int(car))
        await heard
    for deal in (both.sales, both.manager):
        row = deal.rows[car]
        assert row.offer is not None
        assert row.offer["payment_cents"] > 0
        assert row.offer["npv_cents"] is None
    assert both.manager.rows[car].match["cost_cents"] is None
    quote = await both.manager.quote(car)
    assert quote.eligible
    assert "cost_unknown" in {each.code for each in quote.warnings}

    await both.sales.desk.select(car)
    state = await both.agree(lambda deal: deal.selected is not None)
    offer: DealOffer | None = state.selected
    assert offer is not None
    assert offer.incomplete == "cost_unknown"
    assert not isinstance(offer.npv_cents, int)
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
